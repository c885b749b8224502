#include "tests/simulator/write_rules.hpp"

#include <algorithm>

namespace graphsim {

namespace {

using Names = std::vector<std::string_view>;

// "Read-only" in the descriptions of the properties, what the service computes, and navigations,
// which have actions of their own.

const Names of_policy{"id",
                      "alternateResourceUrl",
                      "assignments",
                      "cloudPcGroupDisplayName",
                      "createdBy",
                      "createdDateTime",
                      "gracePeriodInHours",
                      "lastModifiedBy",
                      "lastModifiedDateTime",
                      "managedBy"};

const Names of_image{"id",
                     "errorCode",
                     "expirationDate",
                     "lastModifiedDateTime",
                     "operatingSystem",
                     "osBuildNumber",
                     "osStatus",
                     "osVersionNumber",
                     "scopeIds",
                     "sizeInGB",
                     "status",
                     "statusDetails"};

/// `type` is the old name of connectionType, which stopped returning data.
const Names of_connection{"id",
                          "alternateResourceUrl",
                          "healthCheckPaused",
                          "healthCheckStatus",
                          "healthCheckStatusDetail",
                          "healthCheckStatusDetails",
                          "inUse",
                          "inUseByCloudPc",
                          "managedBy",
                          "subnetPrivateIpDetail",
                          "subscriptionName",
                          "type",
                          "virtualNetworkLocation"};

const Names of_setting{"id", "assignments", "createdDateTime", "lastModifiedDateTime"};
const Names of_partner{"id", "connectionStatus", "lastSyncDateTime", "statusDetails"};
const Names of_bulk{"id", "createdDateTime", "initiatedByUserPrincipalName", "status"};
const Names password{"adDomainPassword"};

WriteRule bulk(std::string_view verb, Names required = {})
{
    required.insert(required.begin(), "cloudPcIds");
    return {.verb = verb, .required = std::move(required), .read_only = of_bulk};
}

std::vector<WriteRule> make_rules()
{
    return {
        {.verb = "provisioningPolicies/create",
         .required = {"displayName", "imageId", "imageDisplayName", "imageType"},
         .read_only = of_policy},
        {.verb = "provisioningPolicies/update",
         .read_only = of_policy,
         .immutable = {"provisioningType", "userExperienceType"}},
        {.verb = "provisioningPolicies/delete"},
        {.verb = "provisioningPolicies/assign", .required = {"assignments"}},
        {.verb = "provisioningPolicies/apply"},
        {.verb = "provisioningPolicies/retry"},

        {.verb = "cloudPCs/reprovision"},
        {.verb = "cloudPCs/endGracePeriod"},
        {.verb = "cloudPCs/resize", .required = {"targetServicePlanId"}},
        {.verb = "cloudPCs/restore", .required = {"cloudPcSnapshotId"}},
        {.verb = "cloudPCs/reboot"},
        {.verb = "cloudPCs/rename", .required = {"displayName"}},
        {.verb = "cloudPCs/troubleshoot"},
        {.verb = "cloudPCs/start"},
        {.verb = "cloudPCs/stop"},
        {.verb = "cloudPCs/powerOn"},
        {.verb = "cloudPCs/powerOff"},
        {.verb = "cloudPCs/changeUserAccountType", .required = {"userAccountType"}},
        {.verb = "cloudPCs/createSnapshot"},
        {.verb = "cloudPCs/setReviewStatus", .required = {"reviewStatus"}},
        {.verb = "cloudPCs/retryPartnerAgentInstallation"},

        bulk("bulkActions/cloudPcBulkCreateSnapshot"),
        bulk("bulkActions/cloudPcBulkDisasterRecovery", {"capabilityType", "licenseType"}),
        bulk("bulkActions/cloudPcBulkDisasterRecoveryFailback"),
        bulk("bulkActions/cloudPcBulkDisasterRecoveryFailover"),
        bulk("bulkActions/cloudPcBulkModifyDiskEncryptionType", {"diskEncryptionType"}),
        bulk("bulkActions/cloudPcBulkMove"),
        bulk("bulkActions/cloudPcBulkPowerOff"),
        bulk("bulkActions/cloudPcBulkPowerOn"),
        bulk("bulkActions/cloudPcBulkReinstallAgent"),
        bulk("bulkActions/cloudPcBulkReprovision"),
        bulk("bulkActions/cloudPcBulkResize", {"targetServicePlanId"}),
        bulk("bulkActions/cloudPcBulkRestart"),
        bulk("bulkActions/cloudPcBulkRestore", {"restorePointDateTime"}),
        bulk("bulkActions/cloudPcBulkSetReviewStatus", {"reviewStatus"}),
        bulk("bulkActions/cloudPcBulkTroubleshoot"),
        {.verb = "bulkActions/retry"},

        {.verb = "deviceImages/create",
         .required = {"displayName", "version", "sourceImageResourceId"},
         .read_only = of_image},
        {.verb = "deviceImages/delete"},
        {.verb = "deviceImages/retryUpload"},

        {.verb = "onPremisesConnections/create",
         .required = {"displayName", "subscriptionId", "resourceGroupId", "virtualNetworkId",
                      "subnetId"},
         .read_only = of_connection,
         .secrets = password},
        {.verb = "onPremisesConnections/update",
         .read_only = of_connection,
         .secrets = password,
         .update_status = 200},
        {.verb = "onPremisesConnections/delete"},
        {.verb = "onPremisesConnections/updateAdDomainPassword",
         .required = password,
         .secrets = password},
        {.verb = "onPremisesConnections/runHealthChecks"},

        {.verb = "userSettings/create", .required = {"displayName"}, .read_only = of_setting},
        {.verb = "userSettings/update", .read_only = of_setting, .update_status = 200},
        {.verb = "userSettings/delete"},
        {.verb = "userSettings/assign", .required = {"assignments"}},

        {.verb = "organizationSettings/update", .read_only = {"id"}, .update_status = 200},

        {.verb = "cloudApps/publish", .required = {"cloudAppIds"}},
        {.verb = "cloudApps/unpublish", .required = {"cloudAppIds"}},
        {.verb = "cloudApps/reset", .required = {"cloudAppIds"}},

        {.verb = "externalPartners/create",
         .required = {"enableConnection"},
         .read_only = of_partner},
        {.verb = "externalPartners/update",
         .read_only = of_partner,
         .immutable = {"partnerId"},
         .update_status = 200},
    };
}

}  // namespace

const std::vector<WriteRule>& write_rules()
{
    static const auto rules = make_rules();
    return rules;
}

const WriteRule* write_rule(std::string_view verb)
{
    const auto& rules = write_rules();
    const auto found = std::ranges::find(rules, verb, &WriteRule::verb);
    return found == rules.end() ? nullptr : &*found;
}

}  // namespace graphsim
