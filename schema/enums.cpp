#include "schema/enums.hpp"

namespace cloudpcd::schema::enums {

namespace {

constexpr std::string_view action_state_members[] = {"none", "pending", "canceled",    "active",
                                                     "done", "failed",  "notSupported"};
constexpr std::string_view cloud_pc_agent_pool_billing_type_members[] = {"payAsYouGo",
                                                                         "unknownFutureValue"};
constexpr std::string_view cloud_pc_audit_activity_operation_type_members[] = {
    "create", "delete", "patch", "unknownFutureValue"};
constexpr std::string_view cloud_pc_audit_activity_result_members[] = {
    "success", "clientError", "failure", "timeout", "unknownFutureValue"};
constexpr std::string_view cloud_pc_audit_actor_type_members[] = {"itPro", "application", "partner",
                                                                  "unknownFutureValue"};
constexpr std::string_view cloud_pc_audit_category_members[] = {"cloudPC", "unknownFutureValue"};
constexpr std::string_view cloud_pc_blob_access_tier_members[] = {"hot", "cool", "cold", "archive",
                                                                  "unknownFutureValue"};
constexpr std::string_view cloud_pc_bulk_action_status_members[] = {"pending", "succeeded",
                                                                    "failed", "unknownFutureValue"};
constexpr std::string_view cloud_pc_cloud_app_action_failed_error_code_members[] = {
    "cloudAppQuotaExceeded", "cloudPcLicenseNotFound", "internalServerError", "appDiscoveryFailed",
    "unknownFutureValue",    "iconPathInvalid",        "filePathInvalid"};
constexpr std::string_view cloud_pc_cloud_app_status_members[] = {
    "preparing",    "ready",  "publishing",        "published",
    "unpublishing", "failed", "unknownFutureValue"};
constexpr std::string_view cloud_pc_connectivity_status_members[] = {
    "unknown",     "available",          "availableWithWarning",
    "unavailable", "unknownFutureValue", "underServiceMaintenance",
    "inUse"};
constexpr std::string_view cloud_pc_device_image_error_code_members[] = {
    "internalServerError",
    "sourceImageNotFound",
    "osVersionNotSupported",
    "sourceImageInvalid",
    "sourceImageNotGeneralized",
    "unknownFutureValue",
    "vmAlreadyAzureAdjoined",
    "paidSourceImageNotSupport",
    "sourceImageNotSupportCustomizeVMName",
    "sourceImageSizeExceedsLimitation",
    "sourceImageWithDataDiskNotSupported",
    "sourceImageWithDiskEncryptionSetNotSupported",
    "sourceImageWithAzureDiskEncryptionNotSupported",
    "fSLogixInstalledSourceImageNotSupported",
    "startMenuAppLimitExceeded"};
constexpr std::string_view cloud_pc_device_image_os_status_members[] = {
    "supported", "supportedWithWarning", "unknown", "unknownFutureValue"};
constexpr std::string_view cloud_pc_device_image_status_members[] = {
    "pending", "ready", "failed", "unknownFutureValue", "warning"};
constexpr std::string_view cloud_pc_device_image_status_details_members[] = {
    "internalServerError",
    "sourceImageNotFound",
    "osVersionNotSupported",
    "sourceImageInvalid",
    "sourceImageNotGeneralized",
    "unknownFutureValue",
    "vmAlreadyAzureAdjoined",
    "paidSourceImageNotSupport",
    "sourceImageNotSupportCustomizeVMName",
    "sourceImageSizeExceedsLimitation"};
constexpr std::string_view cloud_pc_disaster_recovery_capability_type_members[] = {
    "none", "failover", "failback", "unknownFutureValue"};
constexpr std::string_view cloud_pc_disaster_recovery_license_type_members[] = {
    "none", "standard", "unknownFutureValue", "plus"};
constexpr std::string_view cloud_pc_disaster_recovery_type_members[] = {
    "notConfigured", "crossRegion", "premium", "unknownFutureValue"};
constexpr std::string_view cloud_pc_disk_encryption_state_members[] = {
    "notAvailable", "notEncrypted", "encryptedUsingPlatformManagedKey",
    "encryptedUsingCustomerManagedKey", "unknownFutureValue"};
constexpr std::string_view cloud_pc_disk_encryption_type_members[] = {
    "platformManagedKey", "customerManagedKey", "unknownFutureValue"};
constexpr std::string_view cloud_pc_domain_join_type_members[] = {
    "azureADJoin", "hybridAzureADJoin", "unknownFutureValue"};
constexpr std::string_view cloud_pc_external_partner_status_members[] = {
    "notAvailable", "available", "healthy", "unhealthy", "unknownFutureValue"};
constexpr std::string_view cloud_pc_gallery_image_status_members[] = {
    "supported", "supportedWithWarning", "notSupported", "unknownFutureValue"};
constexpr std::string_view cloud_pc_geographic_location_type_members[] = {"default",
                                                                          "asia",
                                                                          "australasia",
                                                                          "canada",
                                                                          "europe",
                                                                          "india",
                                                                          "africa",
                                                                          "usCentral",
                                                                          "usEast",
                                                                          "usWest",
                                                                          "southAmerica",
                                                                          "middleEast",
                                                                          "centralAmerica",
                                                                          "usGovernment",
                                                                          "unknownFutureValue",
                                                                          "mexico",
                                                                          "australiaNewZealand"};
constexpr std::string_view cloud_pc_managed_license_status_members[] = {
    "enabled", "expired", "blocked", "deleted", "unknown", "unknownFutureValue"};
constexpr std::string_view cloud_pc_managed_license_type_members[] = {"frontline", "reserve",
                                                                      "unknownFutureValue"};
constexpr std::string_view cloud_pc_management_service_members[] = {
    "windows365", "devBox",           "unknownFutureValue",
    "rpaBox",     "microsoft365Opal", "microsoft365BizChat"};
constexpr std::string_view cloud_pc_on_premises_connection_health_check_error_type_members[] = {
    "dnsCheckFqdnNotFound",
    "dnsCheckNameWithInvalidCharacter",
    "dnsCheckUnknownError",
    "adJoinCheckFqdnNotFound",
    "adJoinCheckIncorrectCredentials",
    "adJoinCheckOrganizationalUnitNotFound",
    "adJoinCheckOrganizationalUnitIncorrectFormat",
    "adJoinCheckComputerObjectAlreadyExists",
    "adJoinCheckAccessDenied",
    "adJoinCheckCredentialsExpired",
    "adJoinCheckAccountLockedOrDisabled",
    "adJoinCheckAccountQuotaExceeded",
    "adJoinCheckServerNotOperational",
    "adJoinCheckUnknownError",
    "endpointConnectivityCheckCloudPcUrlNotAllowListed",
    "endpointConnectivityCheckWVDUrlNotAllowListed",
    "endpointConnectivityCheckIntuneUrlNotAllowListed",
    "endpointConnectivityCheckAzureADUrlNotAllowListed",
    "endpointConnectivityCheckLocaleUrlNotAllowListed",
    "endpointConnectivityCheckVMAgentEndPointCommunicationError",
    "endpointConnectivityCheckUnknownError",
    "azureAdDeviceSyncCheckDeviceNotFound",
    "azureAdDeviceSyncCheckLongSyncCircle",
    "azureAdDeviceSyncCheckConnectDisabled",
    "azureAdDeviceSyncCheckDurationExceeded",
    "azureAdDeviceSyncCheckScpNotConfigured",
    "azureAdDeviceSyncCheckTransientServiceError",
    "azureAdDeviceSyncCheckUnknownError",
    "resourceAvailabilityCheckNoSubnetIP",
    "resourceAvailabilityCheckSubscriptionDisabled",
    "resourceAvailabilityCheckAzurePolicyViolation",
    "resourceAvailabilityCheckSubscriptionNotFound",
    "resourceAvailabilityCheckSubscriptionTransferred",
    "resourceAvailabilityCheckGeneralSubscriptionError",
    "resourceAvailabilityCheckUnsupportedVNetRegion",
    "resourceAvailabilityCheckResourceGroupInvalid",
    "resourceAvailabilityCheckVNetInvalid",
    "resourceAvailabilityCheckSubnetInvalid",
    "resourceAvailabilityCheckResourceGroupBeingDeleted",
    "resourceAvailabilityCheckVNetBeingMoved",
    "resourceAvailabilityCheckSubnetDelegationFailed",
    "resourceAvailabilityCheckSubnetWithExternalResources",
    "resourceAvailabilityCheckResourceGroupLockedForReadonly",
    "resourceAvailabilityCheckResourceGroupLockedForDelete",
    "resourceAvailabilityCheckNoIntuneReaderRoleError",
    "resourceAvailabilityCheckIntuneDefaultWindowsRestrictionViolation",
    "resourceAvailabilityCheckIntuneCustomWindowsRestrictionViolation",
    "resourceAvailabilityCheckDeploymentQuotaLimitReached",
    "resourceAvailabilityCheckMissingRegistrationForLocation",
    "resourceAvailabilityCheckTransientServiceError",
    "resourceAvailabilityCheckUnknownError",
    "permissionCheckNoSubscriptionReaderRole",
    "permissionCheckNoResourceGroupOwnerRole",
    "permissionCheckNoVNetContributorRole",
    "permissionCheckNoResourceGroupNetworkContributorRole",
    "permissionCheckNoWindows365NetworkUserRole",
    "permissionCheckNoWindows365NetworkInterfaceContributorRole",
    "permissionCheckTransientServiceError",
    "permissionCheckUnknownError",
    "udpConnectivityCheckStunUrlNotAllowListed",
    "udpConnectivityCheckTurnUrlNotAllowListed",
    "udpConnectivityCheckUrlsNotAllowListed",
    "udpConnectivityCheckUnknownError",
    "internalServerErrorDeploymentCanceled",
    "internalServerErrorAllocateResourceFailed",
    "internalServerErrorVMDeploymentTimeout",
    "internalServerErrorUnableToRunDscScript",
    "ssoCheckKerberosConfigurationError",
    "internalServerUnknownError",
    "unknownFutureValue"};
constexpr std::string_view cloud_pc_on_premises_connection_status_members[] = {
    "pending", "running", "passed", "failed", "warning", "informational", "unknownFutureValue"};
constexpr std::string_view cloud_pc_on_premises_connection_type_members[] = {
    "hybridAzureADJoin", "azureADJoin", "unknownFutureValue"};
constexpr std::string_view cloud_pc_operating_system_members[] = {"windows10", "windows11",
                                                                  "unknownFutureValue"};
constexpr std::string_view cloud_pc_policy_setting_type_members[] = {"region", "singleSignOn",
                                                                     "unknownFutureValue"};
constexpr std::string_view cloud_pc_power_state_members[] = {"running", "poweredOff",
                                                             "unknownFutureValue"};
constexpr std::string_view cloud_pc_product_type_members[] = {
    "enterprise", "frontline", "devBox", "powerAutomate", "business", "unknownFutureValue"};
constexpr std::string_view cloud_pc_provisioning_policy_image_type_members[] = {
    "gallery", "custom", "unknownFutureValue"};
constexpr std::string_view cloud_pc_provisioning_source_type_members[] = {"image", "snapshot",
                                                                          "unknownFutureValue"};
constexpr std::string_view cloud_pc_provisioning_type_members[] = {
    "dedicated", "shared", "unknownFutureValue", "sharedByUser", "sharedByEntraGroup", "reserve"};
constexpr std::string_view cloud_pc_region_group_members[] = {"default",
                                                              "australia",
                                                              "canada",
                                                              "usCentral",
                                                              "usEast",
                                                              "usWest",
                                                              "france",
                                                              "germany",
                                                              "europeUnion",
                                                              "unitedKingdom",
                                                              "japan",
                                                              "asia",
                                                              "india",
                                                              "southAmerica",
                                                              "euap",
                                                              "usGovernment",
                                                              "usGovernmentDOD",
                                                              "unknownFutureValue",
                                                              "norway",
                                                              "switzerland",
                                                              "southKorea",
                                                              "middleEast",
                                                              "mexico",
                                                              "australasia",
                                                              "europe",
                                                              "singapore",
                                                              "hongKong",
                                                              "ireland",
                                                              "sweden",
                                                              "poland",
                                                              "italy",
                                                              "spain",
                                                              "netherlands",
                                                              "brazil",
                                                              "israel",
                                                              "automatic",
                                                              "indonesia",
                                                              "taiwan",
                                                              "malaysia",
                                                              "newZealand",
                                                              "austria",
                                                              "denmark",
                                                              "belgium",
                                                              "kenya"};
constexpr std::string_view cloud_pc_restore_point_frequency_type_members[] = {
    "default",      "fourHours",       "sixHours",          "twelveHours",
    "sixteenHours", "twentyFourHours", "unknownFutureValue"};
constexpr std::string_view cloud_pc_service_plan_type_members[] = {"enterprise", "business",
                                                                   "unknownFutureValue"};
constexpr std::string_view cloud_pc_snapshot_health_check_status_members[] = {
    "unknown", "healthy", "unhealthy", "unknownFutureValue"};
constexpr std::string_view cloud_pc_snapshot_reset_mode_members[] = {
    "notApplicable", "enabled", "disabled", "unknownFutureValue"};
constexpr std::string_view cloud_pc_snapshot_status_members[] = {"ready", "unknownFutureValue"};
constexpr std::string_view cloud_pc_snapshot_type_members[] = {"automatic", "manual",
                                                               "unknownFutureValue", "retention"};
constexpr std::string_view cloud_pc_source_image_category_members[] = {
    "managedImage", "azureComputeGallery", "unknownFutureValue"};
constexpr std::string_view cloud_pc_status_members[] = {"notProvisioned",
                                                        "provisioning",
                                                        "provisioned",
                                                        "inGracePeriod",
                                                        "deprovisioning",
                                                        "failed",
                                                        "provisionedWithWarnings",
                                                        "resizing",
                                                        "restoring",
                                                        "pendingProvision",
                                                        "unknownFutureValue",
                                                        "movingRegion",
                                                        "resizePendingLicense",
                                                        "updatingSingleSignOn",
                                                        "modifyingSingleSignOn",
                                                        "refreshPolicyConfiguration",
                                                        "preparing",
                                                        "failoverInProgress",
                                                        "failbackInProgress"};
constexpr std::string_view cloud_pc_supported_region_status_members[] = {
    "available", "restricted", "unavailable", "unknownFutureValue"};
constexpr std::string_view cloud_pc_user_access_level_members[] = {"unrestricted", "restricted",
                                                                   "unknownFutureValue"};
constexpr std::string_view cloud_pc_user_account_type_members[] = {"standardUser", "administrator",
                                                                   "unknownFutureValue"};
constexpr std::string_view cloud_pc_user_experience_type_members[] = {"cloudPc", "cloudApp",
                                                                      "unknownFutureValue"};
constexpr std::string_view cloud_pc_user_settings_persistence_storage_size_category_members[] = {
    "fourGB", "eightGB", "sixteenGB", "thirtyTwoGB", "sixtyFourGB", "unknownFutureValue"};
constexpr std::string_view frontline_cloud_pc_availability_members[] = {
    "notApplicable", "available", "notAvailable", "unknownFutureValue"};
constexpr std::string_view microsoft_managed_desktop_type_members[] = {
    "notManaged", "premiumManaged", "standardManaged", "starterManaged", "unknownFutureValue"};
constexpr std::string_view restore_time_range_members[] = {"before", "after", "beforeOrAfter",
                                                           "unknownFutureValue"};

}  // namespace

constinit const Enumeration action_state{"actionState", action_state_members};
constinit const Enumeration cloud_pc_agent_pool_billing_type{
    "cloudPcAgentPoolBillingType", cloud_pc_agent_pool_billing_type_members};
constinit const Enumeration cloud_pc_audit_activity_operation_type{
    "cloudPcAuditActivityOperationType", cloud_pc_audit_activity_operation_type_members};
constinit const Enumeration cloud_pc_audit_activity_result{"cloudPcAuditActivityResult",
                                                           cloud_pc_audit_activity_result_members};
constinit const Enumeration cloud_pc_audit_actor_type{"cloudPcAuditActorType",
                                                      cloud_pc_audit_actor_type_members};
constinit const Enumeration cloud_pc_audit_category{"cloudPcAuditCategory",
                                                    cloud_pc_audit_category_members};
constinit const Enumeration cloud_pc_blob_access_tier{"cloudPcBlobAccessTier",
                                                      cloud_pc_blob_access_tier_members};
constinit const Enumeration cloud_pc_bulk_action_status{"cloudPcBulkActionStatus",
                                                        cloud_pc_bulk_action_status_members};
constinit const Enumeration cloud_pc_cloud_app_action_failed_error_code{
    "cloudPcCloudAppActionFailedErrorCode", cloud_pc_cloud_app_action_failed_error_code_members};
constinit const Enumeration cloud_pc_cloud_app_status{"cloudPcCloudAppStatus",
                                                      cloud_pc_cloud_app_status_members};
constinit const Enumeration cloud_pc_connectivity_status{"cloudPcConnectivityStatus",
                                                         cloud_pc_connectivity_status_members};
constinit const Enumeration cloud_pc_device_image_error_code{
    "cloudPcDeviceImageErrorCode", cloud_pc_device_image_error_code_members};
constinit const Enumeration cloud_pc_device_image_os_status{
    "cloudPcDeviceImageOsStatus", cloud_pc_device_image_os_status_members};
constinit const Enumeration cloud_pc_device_image_status{"cloudPcDeviceImageStatus",
                                                         cloud_pc_device_image_status_members};
constinit const Enumeration cloud_pc_device_image_status_details{
    "cloudPcDeviceImageStatusDetails", cloud_pc_device_image_status_details_members};
constinit const Enumeration cloud_pc_disaster_recovery_capability_type{
    "cloudPcDisasterRecoveryCapabilityType", cloud_pc_disaster_recovery_capability_type_members};
constinit const Enumeration cloud_pc_disaster_recovery_license_type{
    "cloudPcDisasterRecoveryLicenseType", cloud_pc_disaster_recovery_license_type_members};
constinit const Enumeration cloud_pc_disaster_recovery_type{
    "cloudPcDisasterRecoveryType", cloud_pc_disaster_recovery_type_members};
constinit const Enumeration cloud_pc_disk_encryption_state{"cloudPcDiskEncryptionState",
                                                           cloud_pc_disk_encryption_state_members};
constinit const Enumeration cloud_pc_disk_encryption_type{"cloudPcDiskEncryptionType",
                                                          cloud_pc_disk_encryption_type_members};
constinit const Enumeration cloud_pc_domain_join_type{"cloudPcDomainJoinType",
                                                      cloud_pc_domain_join_type_members};
constinit const Enumeration cloud_pc_external_partner_status{
    "cloudPcExternalPartnerStatus", cloud_pc_external_partner_status_members};
constinit const Enumeration cloud_pc_gallery_image_status{"cloudPcGalleryImageStatus",
                                                          cloud_pc_gallery_image_status_members};
constinit const Enumeration cloud_pc_geographic_location_type{
    "cloudPcGeographicLocationType", cloud_pc_geographic_location_type_members};
constinit const Enumeration cloud_pc_managed_license_status{
    "cloudPcManagedLicenseStatus", cloud_pc_managed_license_status_members};
constinit const Enumeration cloud_pc_managed_license_type{"cloudPcManagedLicenseType",
                                                          cloud_pc_managed_license_type_members};
constinit const Enumeration cloud_pc_management_service{"cloudPcManagementService",
                                                        cloud_pc_management_service_members, true};
constinit const Enumeration cloud_pc_on_premises_connection_health_check_error_type{
    "cloudPcOnPremisesConnectionHealthCheckErrorType",
    cloud_pc_on_premises_connection_health_check_error_type_members};
constinit const Enumeration cloud_pc_on_premises_connection_status{
    "cloudPcOnPremisesConnectionStatus", cloud_pc_on_premises_connection_status_members};
constinit const Enumeration cloud_pc_on_premises_connection_type{
    "cloudPcOnPremisesConnectionType", cloud_pc_on_premises_connection_type_members};
constinit const Enumeration cloud_pc_operating_system{"cloudPcOperatingSystem",
                                                      cloud_pc_operating_system_members};
constinit const Enumeration cloud_pc_policy_setting_type{
    "cloudPcPolicySettingType", cloud_pc_policy_setting_type_members, true};
constinit const Enumeration cloud_pc_power_state{"cloudPcPowerState", cloud_pc_power_state_members};
constinit const Enumeration cloud_pc_product_type{"cloudPcProductType",
                                                  cloud_pc_product_type_members};
constinit const Enumeration cloud_pc_provisioning_policy_image_type{
    "cloudPcProvisioningPolicyImageType", cloud_pc_provisioning_policy_image_type_members};
constinit const Enumeration cloud_pc_provisioning_source_type{
    "cloudPcProvisioningSourceType", cloud_pc_provisioning_source_type_members};
constinit const Enumeration cloud_pc_provisioning_type{"cloudPcProvisioningType",
                                                       cloud_pc_provisioning_type_members};
constinit const Enumeration cloud_pc_region_group{"cloudPcRegionGroup",
                                                  cloud_pc_region_group_members};
constinit const Enumeration cloud_pc_restore_point_frequency_type{
    "cloudPcRestorePointFrequencyType", cloud_pc_restore_point_frequency_type_members};
constinit const Enumeration cloud_pc_service_plan_type{"cloudPcServicePlanType",
                                                       cloud_pc_service_plan_type_members};
constinit const Enumeration cloud_pc_snapshot_health_check_status{
    "cloudPcSnapshotHealthCheckStatus", cloud_pc_snapshot_health_check_status_members};
constinit const Enumeration cloud_pc_snapshot_reset_mode{"cloudPcSnapshotResetMode",
                                                         cloud_pc_snapshot_reset_mode_members};
constinit const Enumeration cloud_pc_snapshot_status{"cloudPcSnapshotStatus",
                                                     cloud_pc_snapshot_status_members};
constinit const Enumeration cloud_pc_snapshot_type{"cloudPcSnapshotType",
                                                   cloud_pc_snapshot_type_members};
constinit const Enumeration cloud_pc_source_image_category{"cloudPcSourceImageCategory",
                                                           cloud_pc_source_image_category_members};
constinit const Enumeration cloud_pc_status{"cloudPcStatus", cloud_pc_status_members};
constinit const Enumeration cloud_pc_supported_region_status{
    "cloudPcSupportedRegionStatus", cloud_pc_supported_region_status_members};
constinit const Enumeration cloud_pc_user_access_level{"cloudPcUserAccessLevel",
                                                       cloud_pc_user_access_level_members};
constinit const Enumeration cloud_pc_user_account_type{"cloudPcUserAccountType",
                                                       cloud_pc_user_account_type_members};
constinit const Enumeration cloud_pc_user_experience_type{"cloudPcUserExperienceType",
                                                          cloud_pc_user_experience_type_members};
constinit const Enumeration cloud_pc_user_settings_persistence_storage_size_category{
    "cloudPcUserSettingsPersistenceStorageSizeCategory",
    cloud_pc_user_settings_persistence_storage_size_category_members};
constinit const Enumeration frontline_cloud_pc_availability{
    "frontlineCloudPcAvailability", frontline_cloud_pc_availability_members};
constinit const Enumeration microsoft_managed_desktop_type{"microsoftManagedDesktopType",
                                                           microsoft_managed_desktop_type_members};
constinit const Enumeration restore_time_range{"restoreTimeRange", restore_time_range_members};

}  // namespace cloudpcd::schema::enums
