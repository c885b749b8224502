#pragma once
// What has no life of its own: user settings, the settings of the organization, external partners,
// cloud apps.

#include "tests/simulator/write_context.hpp"

namespace graphsim {

class SettingWrites {
public:
    explicit SettingWrites(WriteContext& context) : x_context{&context} {}

    WriteResult create_user_setting(const WriteCall& call);
    WriteResult update_user_setting(const WriteCall& call);
    WriteResult delete_user_setting(const WriteCall& call);
    WriteResult assign_user_setting(const WriteCall& call);

    WriteResult update_organization(const WriteCall& call);

    WriteResult create_partner(const WriteCall& call);
    WriteResult update_partner(const WriteCall& call);

    WriteResult publish(const WriteCall& call);
    WriteResult unpublish(const WriteCall& call);
    WriteResult reset(const WriteCall& call);

private:
    struct AppChange {
        std::string_view during{}, after{};  ///< of the app's status; empty: it stays
        std::vector<std::string_view> from{};
    };
    WriteResult change_apps(const WriteCall& call, const AppChange& change);
    WriteResult update(std::string_view set, const WriteCall& call, boost::json::object more);

    WriteContext* x_context;
};

}  // namespace graphsim
