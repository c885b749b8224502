#include "tests/simulator/write_service.hpp"

#include "tests/simulator/write_audit.hpp"
#include "tests/simulator/write_rules.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace graphsim {

namespace {

/// A member function of one of the parts.
template <class Part>
auto by(Part& part, WriteResult (Part::*handle)(const WriteCall&))
{
    return [&part, handle](const WriteCall& call) { return (part.*handle)(call); };
}

}  // namespace

WriteService::WriteService(const Facts& facts, Store& store, const Generator& generator,
                           const WriteOptions& options, std::uint64_t seed)
    : x_context{.facts = facts, .store = store, .options = options, .random = Random{seed}},
      x_machine{x_context},
      x_bulk{x_context, x_machine},
      x_policies{x_context, x_machine},
      x_images{x_context, generator},
      x_connections{x_context},
      x_settings{x_context},
      x_handlers{
          {"provisioningPolicies/create", by(x_policies, &PolicyWrites::create)},
          {"provisioningPolicies/update", by(x_policies, &PolicyWrites::update)},
          {"provisioningPolicies/delete", by(x_policies, &PolicyWrites::remove)},
          {"provisioningPolicies/assign", by(x_policies, &PolicyWrites::assign)},
          {"provisioningPolicies/apply", by(x_policies, &PolicyWrites::apply)},
          {"provisioningPolicies/retry", by(x_policies, &PolicyWrites::retry)},
          {"bulkActions/retry", by(x_bulk, &BulkActions::retry)},
          {"deviceImages/create", by(x_images, &ImageWrites::create)},
          {"deviceImages/delete", by(x_images, &ImageWrites::remove)},
          {"deviceImages/retryUpload", by(x_images, &ImageWrites::retry_upload)},
          {"onPremisesConnections/create", by(x_connections, &ConnectionWrites::create)},
          {"onPremisesConnections/update", by(x_connections, &ConnectionWrites::update)},
          {"onPremisesConnections/delete", by(x_connections, &ConnectionWrites::remove)},
          {"onPremisesConnections/updateAdDomainPassword",
           by(x_connections, &ConnectionWrites::update_password)},
          {"onPremisesConnections/runHealthChecks",
           by(x_connections, &ConnectionWrites::run_checks)},
          {"userSettings/create", by(x_settings, &SettingWrites::create_user_setting)},
          {"userSettings/update", by(x_settings, &SettingWrites::update_user_setting)},
          {"userSettings/delete", by(x_settings, &SettingWrites::delete_user_setting)},
          {"userSettings/assign", by(x_settings, &SettingWrites::assign_user_setting)},
          {"organizationSettings/update", by(x_settings, &SettingWrites::update_organization)},
          {"cloudApps/publish", by(x_settings, &SettingWrites::publish)},
          {"cloudApps/unpublish", by(x_settings, &SettingWrites::unpublish)},
          {"cloudApps/reset", by(x_settings, &SettingWrites::reset)},
          {"externalPartners/create", by(x_settings, &SettingWrites::create_partner)},
          {"externalPartners/update", by(x_settings, &SettingWrites::update_partner)}}
{
    for (const auto& rule : write_rules()) {
        if (rule.verb.starts_with("cloudPCs/"))
            x_handlers.emplace(rule.verb, by(x_machine, &CloudPcMachine::act));
        else if (rule.verb.starts_with("bulkActions/cloudPcBulk"))
            x_handlers.emplace(rule.verb, by(x_bulk, &BulkActions::create));
        if (!x_handlers.contains(rule.verb))
            throw std::logic_error{fmt::format("nothing carries out {}", rule.verb)};
    }
}

void WriteService::record(Execution execution, const Caller& caller, const std::string& name)
{
    const auto& logged = x_context.log.add(std::move(execution));
    record_audit(x_context, logged, caller, name);
}

}  // namespace graphsim
