-- Images, the tenant's own and those of the gallery: whether they are supported, until when, and
-- what uses them. Cloud PCs name their image and do not refer to it, so images of the same name
-- (versions of a custom one) share the count in `cloud_pcs`.
--
-- kind TEXT: `custom` or `gallery`.
-- image_id TEXT: `id` in `device_images` or `gallery_images`.
-- display_name TEXT: Name of the image.
-- version TEXT: Version that the administrators gave a custom image.
-- os_version_number TEXT: Full version of the operating system.
-- size_in_gb INTEGER: Size of the image in GB.
-- upload_status TEXT: Whether the upload of a custom image is pending, done or failed.
-- upload_error TEXT: Why the upload failed.
-- support_state TEXT: Whether the image or its operating system is supported.
-- support_end_date DATE: Day from which a gallery image is supported with a warning only.
-- expiration_date DATE: Day from which nothing can be provisioned from the image.
-- expiration_epoch INTEGER: The same in seconds since 1970.
-- days_left INTEGER: Days until then, negative when it has passed.
-- policies INTEGER: Number of provisioning policies with the image.
-- policy_names TEXT: Their names, comma-joined.
-- policy_cloud_pcs INTEGER: Number of Cloud PCs of those policies, which a reprovision gives the image.
-- cloud_pcs INTEGER: Number of Cloud PCs that were made from an image of that name.
CREATE VIEW v_images AS
SELECT i.kind,
       i.image_id,
       i.display_name,
       i.version,
       i.os_version_number,
       i.size_in_gb,
       i.upload_status,
       i.upload_error,
       i.support_state,
       i.support_end_date,
       i.expiration_date,
       CAST(strftime('%s', i.expiration_date) AS INTEGER) AS expiration_epoch,
       CAST(julianday(i.expiration_date) - julianday('now', 'start of day') AS INTEGER)
           AS days_left,
       CAST(coalesce(p.policies, 0) AS INTEGER) AS policies,
       CAST(p.policy_names AS TEXT) AS policy_names,
       CAST(coalesce(p.cloud_pcs, 0) AS INTEGER) AS policy_cloud_pcs,
       CAST(coalesce(c.cloud_pcs, 0) AS INTEGER) AS cloud_pcs
  FROM (SELECT CAST('custom' AS TEXT) AS kind,
               d.id AS image_id,
               d.display_name,
               d.version,
               d.os_version_number,
               d.size_in_gb,
               d.status AS upload_status,
               d.error_code AS upload_error,
               d.os_status AS support_state,
               CAST(NULL AS TEXT) AS support_end_date,
               d.expiration_date
          FROM device_images d
        UNION ALL
        -- Last, since the last one's declared types are what drivers see.
        SELECT CAST('gallery' AS TEXT), g.id, g.display_name, CAST(NULL AS TEXT),
               g.os_version_number, g.size_in_gb, CAST(NULL AS TEXT), CAST(NULL AS TEXT), g.status,
               g.end_date, g.expiration_date
          FROM gallery_images g) i
  LEFT JOIN (SELECT q.image_id, count(*) AS policies,
                    group_concat(q.display_name, ', ') AS policy_names,
                    total((SELECT count(*) FROM cloud_pcs m
                            WHERE m.provisioning_policy_id = q.id)) AS cloud_pcs
               FROM provisioning_policies q
              GROUP BY q.image_id) p ON p.image_id = i.image_id
  LEFT JOIN (SELECT m.image_display_name, count(*) AS cloud_pcs
               FROM cloud_pcs m
              GROUP BY m.image_display_name) c ON c.image_display_name = i.display_name;
