#include "daemon/ctl/submission.hpp"

#include "config/values.hpp"
#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/text.hpp"
#include "schema/catalog.hpp"
#include "sync/jobs/parameters.hpp"
#include "sync/jobs/params_text.hpp"
#include "sync/jobs/setting.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace cloudpcd::ctl {

namespace json = boost::json;

namespace {

[[noreturn]] void throw_usage(const std::string& message)
{
    throw Failure{ExitStatus::usage, printable(message)};
}

json::object params_of(const schema::Action& action, const SubmitOptions& options)
{
    json::object params;
    if (options.params) {
        auto read = jobs::parse_params(action, *options.params);
        if (read.problem)
            throw_usage(read.problem->describe());
        params = std::move(read.object);
    }
    for (const auto& setting : options.settings) {
        if (const auto problem = jobs::apply_setting(action, setting, params))
            throw_usage("--set " + problem->describe());
    }
    // The daemon judges the same; here nothing has been sent yet.
    const auto read = jobs::read_parameters(action, json::serialize(params));
    if (!read.valid())
        throw_usage(read.describe());
    return params;
}

/// The column of the objects whose properties a job of this kind expects.
const schema::Column* expected_column(const schema::Action& action, std::string_view property)
{
    const auto table = action.target.empty() ? action.listed : action.target;
    const auto* collection = schema::find_collection(table);
    if (collection == nullptr)
        return nullptr;
    const auto found = std::ranges::find(collection->columns, property, &schema::Column::property);
    return found == collection->columns.end() ? nullptr : &*found;
}

bool is_text(schema::ColumnType type) noexcept
{
    switch (type) {
        case schema::ColumnType::boolean:
        case schema::ColumnType::integer:
        case schema::ColumnType::real:
            return false;
        case schema::ColumnType::text:
        case schema::ColumnType::text_nocase:
        case schema::ColumnType::timestamp:
        case schema::ColumnType::date:
        case schema::ColumnType::json:
            break;
    }
    return true;
}

/// true, false, null and numbers where the column is of such a type; else a string.
json::value expected_value(const schema::Column* column, std::string_view text)
{
    if (column != nullptr && !is_text(column->type)) {
        boost::system::error_code failure;
        auto value = json::parse(text, failure);
        if (!failure && (value.is_null() || value.is_bool() || value.is_number()))
            return value;
    }
    return json::value(text);
}

json::object expect_of(const schema::Action& action, const std::vector<std::string>& expectations)
{
    json::object expect;
    for (const std::string_view expectation : expectations) {
        const auto equals = expectation.find('=');
        if (equals == std::string_view::npos || equals == 0)
            throw_usage(fmt::format("--expect {}: accepted: NAME=VALUE", expectation));
        const auto property = expectation.substr(0, equals);
        if (expect.contains(property))
            throw_usage(fmt::format("--expect {}: is given twice", property));
        expect[property] =
            expected_value(expected_column(action, property), expectation.substr(equals + 1));
    }
    return expect;
}

}  // namespace

const schema::Action& action_of(std::string_view kind)
{
    if (const auto* action = schema::find_action(kind))
        return *action;
    std::vector<std::string_view> kinds;
    for (const auto& action : schema::actions())
        kinds.push_back(action.kind);
    const auto meant = config::nearest(kind, kinds);
    throw Failure{ExitStatus::not_found,
                  fmt::format("there is no kind {}{}", printable(kind),
                              meant.empty() ? "; cloudpcctl jobs kinds lists them"
                                            : fmt::format(", did you mean {}?", meant))};
}

json::object submission_body(const schema::Action& action, const SubmitOptions& options)
{
    // As it was typed: the kind may be another name of the entry.
    json::object body{{"kind", options.kind}, {"reason", options.reason}};
    if (auto params = params_of(action, options); !params.empty())
        body["params"] = std::move(params);
    if (auto expect = expect_of(action, options.expectations); !expect.empty())
        body["expect"] = std::move(expect);
    const auto add = [&](std::string_view name, const auto& value) {
        if (value)
            body[name] = *value;
    };
    add("not_before", options.not_before);
    add("expires_at", options.expires_at);
    add("batch_id", options.batch);
    add("priority", options.priority);
    add("request_id", options.request_id);
    if (options.allow_duplicate)
        body["allow_duplicate"] = true;
    if (options.dry_run)
        body["dry_run"] = true;
    return body;
}

}  // namespace cloudpcd::ctl
