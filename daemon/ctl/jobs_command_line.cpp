#include "daemon/ctl/jobs_command_line.hpp"

#include "config/values.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <utility>

namespace cloudpcd::ctl {

namespace {

/// Adds what is common to the commands of one group, and says which of them was given.
class Verbs {
public:
    Verbs(CLI::App& jobs, JobsOptions& options, std::function<void()> chosen)
        : x_jobs{jobs}, x_options{options}, x_chosen{std::move(chosen)}
    {}

    /// `check` looks at the options together, and throws.
    CLI::App* add(
        JobsVerb verb, const char* name, const char* description,
        std::function<void()> check = [] {})
    {
        auto* const command = x_jobs.add_subcommand(name, description);
        command->fallthrough();
        command->parse_complete_callback(
            [&options = x_options, chosen = x_chosen, check = std::move(check), verb] {
                options.verb = verb;
                check();
                chosen();
            });
        return command;
    }

    /// One about jobs that are there: by their numbers, or all of a batch.
    CLI::App* add_selecting(
        JobsVerb verb, const char* name, const char* description,
        std::function<void()> check = [] {})
    {
        auto* const command =
            add(verb, name, description, [&options = x_options, also = std::move(check)] {
                if (options.ids.empty() == !options.batch.has_value())
                    throw CLI::ValidationError{"ID", "give the numbers of jobs, or --batch"};
                also();
            });
        command->add_option("ID", x_options.ids, "Numbers of jobs")->check(CLI::PositiveNumber);
        command->add_option("--batch", x_options.batch, "All jobs with this batch_id");
        return command;
    }

private:
    CLI::App& x_jobs;
    JobsOptions& x_options;
    std::function<void()> x_chosen;
};

void add_timeout(CLI::App& command, JobsOptions& options, const char* description)
{
    const auto read = [&options](const std::string& text) {
        const auto duration = config::parse_duration(text);
        if (!duration)
            throw CLI::ValidationError{"--timeout", "accepted: 500ms, 30s, 5m, 24h, 2d"};
        options.timeout = *duration;
    };
    command.add_option_function<std::string>("--timeout", read, description)->type_name("DURATION");
}

/// Each occurrence takes one value, so that what follows is not taken for another.
void add_each(CLI::App& command, const char* name, std::vector<std::string>& values,
              const char* description)
{
    command.add_option(name, values, description)
        ->type_name("NAME=VALUE")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
}

void check_submit(const JobsOptions& options)
{
    if (options.timeout && !options.submit.wait && !options.submit.dry_run)
        throw CLI::ValidationError{"--timeout", "goes with --wait or --dry-run"};
}

void add_submit(Verbs& verbs, JobsOptions& options)
{
    auto& submit = options.submit;
    auto& command = *verbs.add(JobsVerb::submit, "submit", "Submit a job, or one for each row",
                               [&options] { check_submit(options); });
    command.add_option("KIND", submit.kind, "What to do; `jobs kinds` lists them")->required();
    auto* const target = command.add_option(
        "--target", submit.target,
        "Object to act on: its id, or a name or user principal name that one object has");
    auto* const targets =
        command
            .add_option("--targets-from", submit.targets_sql,
                        "SELECT on the mirror: one job for each row, its first column the target")
            ->type_name("SQL")
            ->excludes(target);
    auto* const params = command.add_option("--params", submit.params, "Parameters, a JSON object");
    add_each(command, "--set", submit.settings, "One parameter, in Graph's own names");
    command.get_option("--set")->excludes(params);
    add_each(command, "--expect", submit.expectations,
             "A property of the target that must still hold when it is sent");
    command.add_option("--reason", submit.reason, "Why, for those who read it later")->required();
    command.add_option("--not-before", submit.not_before, "2026-05-31 18:00, UTC")
        ->type_name("TIME");
    command.add_option("--expires-at", submit.expires_at, "Not sent from then on")
        ->type_name("TIME");
    command.add_option("--batch", submit.batch, "batch_id: a name for jobs that belong together");
    command.add_option("--priority", submit.priority, "0 to 9, lower first; 5 without")
        ->check(CLI::Range(0, 9));
    command
        .add_option("--request-id", submit.request_id, "A UUID: with the same one it is one job")
        ->type_name("UUID")
        ->excludes(targets);
    command.add_flag("--allow-duplicate", submit.allow_duplicate,
                     "Also when the same was done to it within a day");
    command.add_flag("--dry-run", submit.dry_run,
                     "Send nothing; show the request and what every guard says");
    command.add_flag("--wait", submit.wait, "Wait for the end, or until it is in doubt");
    add_timeout(command, options, "Wait no longer; exits 4 then");
}

void add_list(Verbs& verbs, JobsOptions& options)
{
    auto& filter = options.filter;
    auto& command = *verbs.add(JobsVerb::list, "list", "Jobs, the newest first", [&options] {
        const auto& [states, kind, batch, target, by, before, max] = options.filter;
        const bool filtered =
            !states.empty() || kind || batch || target || by || before != 0 || max != 100;
        if (!options.ids.empty() && filtered)
            throw CLI::ValidationError{"ID", "numbers of jobs go without a filter"};
    });
    command.add_option("ID", options.ids, "These jobs only")->check(CLI::PositiveNumber);
    const auto states = [&filter](const std::string& text) {
        const auto read = jobs::parse_states(text);
        if (!read)
            throw CLI::ValidationError{"--state", fmt::format("accepted: {}", jobs::state_names())};
        filter.states = *read;
    };
    command.add_option_function<std::string>("--state", states, "Those in one of these states")
        ->type_name("STATE[,STATE…]");
    command.add_option("--kind", filter.kind, "Those of this kind");
    command.add_option("--batch", filter.batch_id, "Those with this batch_id");
    command.add_option("--target", filter.target_id, "Those that touch the object with this id")
        ->type_name("ID");
    command.add_option("--by", filter.requested_by, "Those that this user asked for")
        ->type_name("USER");
    command.add_option("--before", filter.before, "Those older than job ID")
        ->type_name("ID")
        ->check(CLI::PositiveNumber);
    command.add_option("--max", filter.max, "At most so many; 100 without")
        ->check(CLI::Range(1, jobs::list_max));
}

void add_resolve(Verbs& verbs, JobsOptions& options)
{
    auto& command = *verbs.add_selecting(
        JobsVerb::resolve, "resolve", "Say what became of a job in doubt, or of a restored one",
        [&options] {
            if (!options.executed)
                throw CLI::ValidationError{"resolve", "give --executed or --not-executed"};
        });
    auto* const executed = command.add_flag_callback(
        "--executed", [&options] { options.executed = true; }, "Graph did it: succeeded");
    command
        .add_flag_callback(
            "--not-executed", [&options] { options.executed = false; },
            "Graph did not do it: failed")
        ->excludes(executed);
    command.add_option("--reason", options.reason, "How you know")->required();
}

}  // namespace

CLI::App* add_jobs_command(CLI::App& app, JobsOptions& options, const std::function<void()>& chosen)
{
    auto& jobs = *app.add_subcommand("jobs", "Submit jobs, look at them, decide about them");
    jobs.require_subcommand(1);
    jobs.fallthrough();
    Verbs verbs{jobs, options, chosen};
    add_submit(verbs, options);
    add_list(verbs, options);
    verbs.add_selecting(JobsVerb::show, "show", "All about jobs: request, attempts, events");
    auto& wait =
        *verbs.add_selecting(JobsVerb::wait, "wait", "Wait until jobs have ended or are in doubt");
    add_timeout(wait, options, "Wait no longer; exits 4 then");
    verbs
        .add_selecting(JobsVerb::cancel, "cancel",
                       "Take back jobs that are not sent yet; your own, or any with operate")
        ->add_option("--reason", options.reason, "Why");
    verbs.add_selecting(JobsVerb::approve, "approve",
                        "Approve those that wait for it, or that a budget holds");
    add_resolve(verbs, options);
    verbs.add(JobsVerb::kinds, "kinds", "What jobs can do");
    verbs.add(JobsVerb::explain, "explain", "One kind: its request, parameters, risk and end")
        ->add_option("KIND", options.kind, "A kind")
        ->required();
    return &jobs;
}

}  // namespace cloudpcd::ctl
