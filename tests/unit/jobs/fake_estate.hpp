#pragma once
// A tenant in memory, as jobs read it: tables of objects and answers of functions, any of which can
// be made to fail; and who asked for what.

#include "sync/jobs/estate.hpp"
#include "tests/simulation/virtual_clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudpcd::jobs::test {

class FakeEstate final : public Estate {
public:
    explicit FakeEstate(Clock& clock) : x_clock{clock} {}

    /// Adds an object, or puts it in the place of the one with its id.
    void put(std::string_view table, std::string_view text)
    {
        auto object = boost::json::parse(text).as_object();
        take(table, id_of(object));
        tables[std::string{table}].push_back(std::move(object));
    }
    void take(std::string_view table, std::string_view id)
    {
        std::erase_if(tables[std::string{table}],
                      [&](const auto& object) { return id_of(object) == id; });
    }
    /// What "retrieve…" of the object answers.
    void answer(std::string_view table, std::string_view id, std::string_view name,
                std::string_view text)
    {
        functions[fmt::format("{}/{}/{}", table, id, name)] = boost::json::parse(text);
    }
    /// Reads of "cloud_pcs" (the list), "cloud_pcs/<id>" or "cloud_pcs/<id>/<function>" fail.
    void fail(std::string what, Error error) { failures[std::move(what)] = std::move(error); }
    static Error no_network() { return {.code = Errc::transient, .message = "no network"}; }
    static Error refused(int status)
    {
        return {.code = status == 403   ? Errc::forbidden
                        : status == 404 ? Errc::not_found
                                        : Errc::rejected,
                .message = "refused",
                .http_status = status,
                .from_graph = true};
    }

    boost::asio::awaitable<Result<std::optional<boost::json::object>>> object(
        std::string_view table, std::string id) override
    {
        const auto what = fmt::format("{}/{}", table, id);
        co_await wait(fmt::format("GET {}", what));
        if (const auto failure = failures.find(what); failure != failures.end())
            co_return failure->second;
        for (const auto& object : tables[std::string{table}]) {
            if (id_of(object) == id)
                co_return std::optional{object};
        }
        co_return std::optional<boost::json::object>{};
    }

    boost::asio::awaitable<Result<std::vector<boost::json::object>>> objects(
        std::string_view table, std::optional<UtcTime> since, Keep keep) override
    {
        const std::string name{table};
        co_await wait(since ? fmt::format("LIST {} since {}", name, format_rfc3339(*since))
                            : fmt::format("LIST {}", name));
        if (const auto failure = failures.find(name); failure != failures.end())
            co_return failure->second;
        std::vector<boost::json::object> kept;
        for (const auto& object : tables[name]) {
            if (hidden.contains(fmt::format("{}/{}", name, id_of(object))))
                continue;
            if (auto some = keep(object))
                kept.push_back(*std::move(some));
        }
        if (after_list)
            after_list();
        co_return kept;
    }

    boost::asio::awaitable<Result<boost::json::value>> function(std::string_view table,
                                                                std::string id,
                                                                std::string name) override
    {
        const auto what = fmt::format("{}/{}/{}", table, id, name);
        co_await wait(fmt::format("GET {}", what));
        if (const auto failure = failures.find(what); failure != failures.end())
            co_return failure->second;
        const auto found = functions.find(what);
        if (found == functions.end())
            co_return refused(404);
        co_return found->second;
    }

    boost::asio::awaitable<void> refresh(std::string_view table,
                                         std::vector<std::string> ids) override
    {
        co_await wait(fmt::format("REFRESH {}", table));
        refreshed.emplace_back(table, std::move(ids));
    }

    std::size_t asked_for(std::string_view part) const
    {
        return static_cast<std::size_t>(std::ranges::count_if(
            asked, [&](const auto& what) { return what.find(part) != std::string::npos; }));
    }

    std::map<std::string, std::vector<boost::json::object>> tables{};
    std::map<std::string, boost::json::value> functions{};
    std::map<std::string, Error> failures{};
    std::function<void()> after_list{};  ///< what happens in the tenant while one is read
    std::set<std::string> hidden{};      ///< "cloud_pcs/<id>": lists leave it out
    /// "GET cloud_pcs/<id>", "GET cloud_pcs/<id>/<function>", "LIST audit_events since …".
    std::vector<std::string> asked{};
    std::vector<std::pair<std::string, std::vector<std::string>>> refreshed{};
    Duration latency = std::chrono::milliseconds{100};  ///< on the virtual clock
    int in_flight_max = 0;

private:
    static std::string id_of(const boost::json::object& object)
    {
        const auto* id = object.if_contains("id");
        return id != nullptr && id->is_string() ? std::string{id->get_string()} : std::string{};
    }
    boost::asio::awaitable<void> wait(std::string what)
    {
        asked.push_back(std::move(what));
        in_flight_max = std::max(in_flight_max, ++x_in_flight);
        const struct Leave {
            int& count;
            ~Leave() { --count; }
        } leave{x_in_flight};
        co_await x_clock.sleep_for(latency);
    }

    Clock& x_clock;
    int x_in_flight = 0;
};

/// A fake tenant and the time that passes there; io_context first, so that it goes away last.
struct Tenancy {
    boost::asio::io_context io{};
    simulation::VirtualClock clock{};
    FakeEstate estate{clock};

    /// Runs `operation` to its end.
    template <class T>
    T await(boost::asio::awaitable<T> operation)
    {
        return clock.await(io, std::move(operation));
    }
};

}  // namespace cloudpcd::jobs::test
