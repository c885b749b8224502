-- The fleet in numbers: how many Cloud PCs there are of each status, product and plan.
--
-- status TEXT: Where the machines are in their life.
-- product_type TEXT: Windows 365 product of the machines.
-- provisioning_type TEXT: Whether the machines are dedicated or shared.
-- service_plan_id TEXT: Service plan: `id` in `service_plans` or `front_line_service_plans`.
-- service_plan_name TEXT: Name of the plan, with vCPU, memory and disk size.
-- cloud_pcs INTEGER: Number of Cloud PCs.
-- unavailable INTEGER: How many of them cannot be connected to.
-- in_use INTEGER: How many of them are in use now.
CREATE VIEW v_fleet AS
SELECT c.status,
       c.product_type,
       c.provisioning_type,
       c.service_plan_id,
       CAST(max(c.service_plan_name) AS TEXT) AS service_plan_name,
       CAST(count(*) AS INTEGER) AS cloud_pcs,
       CAST(total(c.connectivity_result_status = 'unavailable') AS INTEGER) AS unavailable,
       CAST(total(c.connectivity_result_status = 'inUse') AS INTEGER) AS in_use
  FROM cloud_pcs c
 GROUP BY c.status, c.product_type, c.provisioning_type, c.service_plan_id;
