#pragma once
// What the user typed behind `jobs`, `freeze` and `thaw`.

#include "sync/jobs/listing.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace cloudpcd::ctl {

enum class JobsVerb { submit, list, show, wait, cancel, approve, resolve, kinds, explain };

struct SubmitOptions {
    std::string kind{};
    std::optional<std::string> target{};       ///< an id, a name or a user principal name
    std::optional<std::string> targets_sql{};  ///< instead: one job per row
    std::vector<std::string> settings{};       ///< NAME=VALUE
    std::optional<std::string> params{};       ///< JSON, instead
    std::vector<std::string> expectations{};   ///< NAME=VALUE
    std::string reason{};
    std::optional<std::string> not_before{};
    std::optional<std::string> expires_at{};
    std::optional<std::string> batch{};
    std::optional<int> priority{};
    std::optional<std::string> request_id{};
    bool allow_duplicate = false;
    bool dry_run = false;
    bool wait = false;
};

struct JobsOptions {
    JobsVerb verb = JobsVerb::list;
    SubmitOptions submit{};
    std::vector<jobs::JobId> ids{};      ///< of list, show, wait, cancel, approve, resolve
    std::optional<std::string> batch{};  ///< instead of ids
    jobs::Filter filter{};               ///< of list
    std::string kind{};                  ///< of explain
    std::string reason{};                ///< of cancel, resolve, freeze
    std::optional<bool> executed{};      ///< of resolve: the verdict
    std::optional<std::chrono::milliseconds> timeout{};  ///< of wait, and submit --wait
};

}  // namespace cloudpcd::ctl
