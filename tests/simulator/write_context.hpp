#pragma once
// What every part that carries out writes works with: the objects, the time ahead, chance, and
// what tests have ordered.

#include "tests/simulator/caller.hpp"
#include "tests/simulator/execution_log.hpp"
#include "tests/simulator/facts.hpp"
#include "tests/simulator/random.hpp"
#include "tests/simulator/store.hpp"
#include "tests/simulator/timeline.hpp"
#include "tests/simulator/write_options.hpp"
#include "tests/simulator/write_route.hpp"

#include <boost/json.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace graphsim {

/// One write, found to be allowed and well-formed.
struct WriteCall {
    std::string verb;
    std::string id{};  ///< of the object; empty: the set, or a singleton
    boost::json::object body{};
    Version version = Version::beta;
    TimePoint now{};
    const Caller& caller;
};

/// What was done.
struct Written {
    std::vector<std::string> ids{};        ///< as in Execution
    std::vector<std::string> cloud_pcs{};  ///< as in Execution
    std::string shown{};                   ///< id of the object that the answer shows; empty: none
    std::string name{};                    ///< for people, in the audit event
};

using WriteResult = std::variant<Written, Refusal>;

struct WriteContext {
    const Facts& facts;
    Store& store;
    const WriteOptions& options;
    Timeline timeline{};
    ExecutionLog log{};
    Random random;
    std::map<std::string, Outcome, std::less<>> outcomes{};  ///< ordered, by id of the object

    ObjectSet& set(std::string_view of) { return store.find(of)->second; }
    /// Nothing when there is no such object, or reads do not show it yet.
    std::optional<boost::json::object> find(std::string_view of, std::string_view id,
                                            TimePoint now);
    /// Replaces those members; does nothing when the object has gone.
    void patch(std::string_view of, std::string_view id, const boost::json::object& members);
    /// A new object, which reads show after the lag. Gives its id.
    std::string add(std::string_view to, boost::json::object object, TimePoint now);
    void remove(std::string_view of, std::string_view id);
    /// Calls visit(id, object) for the objects of the set whose text contains `part`; they may
    /// change meanwhile.
    void for_each(std::string_view of, std::string_view part,
                  const std::function<void(const std::string&, const boost::json::object&)>& visit);

    std::chrono::milliseconds pick(Span span);
    /// Of the action `verb`, which takes `usual` unless the options say otherwise.
    std::chrono::milliseconds duration(std::string_view verb, Span usual);
    std::chrono::milliseconds start_delay();
    /// How an action on the object will end.
    Outcome outcome(std::string_view id);
};

std::string text_of(const boost::json::object& object, std::string_view name);
std::vector<std::string> texts_of(const boost::json::object& object, std::string_view name);

Refusal not_found(std::string_view id);
Refusal conflict(std::string message);
Refusal invalid(std::string message);

/// With seven digits, as the service writes what it did.
std::string stamp(TimePoint time);

}  // namespace graphsim
