#include "tests/simulator/control_writes.hpp"

#include "tests/simulator/write_options_json.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace graphsim {

namespace {

namespace json = boost::json;

Response answer(const json::value& value)
{
    return {.status = 200,
            .headers = {{"Content-Type", "application/json"}},
            .body = json::serialize(value)};
}

json::object shown(const Execution& entry)
{
    json::value body;
    if (!entry.body.empty())
        body = json::parse(entry.body);
    return {{"number", entry.number},
            {"time", rfc3339(entry.time, 3)},
            {"verb", entry.verb},
            {"method", entry.method},
            {"target", entry.target},
            {"version", to_string(entry.version)},
            {"client_request_id", entry.client_request_id},
            {"request_id", entry.request_id},
            {"connection_id", entry.connection_id},
            {"actor", entry.actor},
            {"delegated", entry.delegated},
            {"body", std::move(body)},
            {"body_sha256", entry.body_sha256},
            {"ids", json::value_from(entry.ids)},
            {"cloud_pcs", json::value_from(entry.cloud_pcs)},
            {"status", entry.status},
            {"answered_status", entry.answered_status},
            {"answered", entry.answered()}};
}

json::array counts_of(const ExecutionLog::Counts& counts, std::string_view name)
{
    json::array list;
    for (const auto& [key, count] : counts)
        list.push_back(json::object{{name, key.first}, {"id", key.second}, {"count", count}});
    return list;
}

std::size_t limit_of(const Target& target)
{
    constexpr std::size_t usual = 1000;
    const auto text = target.parameter("limit");
    if (!text)
        return usual;
    std::size_t limit = 0;
    const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), limit);
    if (failure != std::errc{} || end != text->data() + text->size())
        throw std::invalid_argument{"'limit' is no number"};
    return limit;
}

}  // namespace

Response control_executions(Tenant& tenant, const Request& request, const Target& target)
{
    if (request.method == "DELETE") {
        tenant.clear_executions();
        return answer(json::object{{"total", 0}});
    }
    const auto& log = tenant.executions();
    if (target.segments.size() == 3)
        return answer(json::object{{"total", log.total()},
                                   {"requests", counts_of(log.counts(), "verb")},
                                   {"starts", counts_of(log.starts(), "action")}});
    json::array list;
    const auto& entries = log.entries();
    for (auto i = entries.size() - std::min(limit_of(target), entries.size()); i < entries.size();
         ++i)
        list.push_back(shown(entries[i]));
    return answer(list);
}

Response control_writes(Tenant& tenant, const Request& request)
{
    auto options = tenant.options().writes;
    read_write_options(options, request.body);
    tenant.set_writes(std::move(options));
    return answer(json::parse(request.body));
}

Response control_outcomes(Tenant& tenant, const Request& request)
{
    const auto value = json::parse(request.body);
    tenant.set_next_outcome(std::string_view{value.at("id").as_string()},
                            parse_outcome(std::string_view{value.at("outcome").as_string()}));
    return answer(value);
}

}  // namespace graphsim
