#pragma once
// A Cloud PC as a machine: which actions its status allows, what they do to it in the course of
// time, and what its remote action results say about them. Single actions, bulk actions and
// policies all act through it.

#include "tests/simulator/write_context.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace graphsim {

struct MachineAction;

class CloudPcMachine {
public:
    explicit CloudPcMachine(WriteContext& context) : x_context{&context} {}

    /// An action of Graph's on one Cloud PC.
    WriteResult act(const WriteCall& call);

    /// Called with the outcome; never when the action never starts.
    using Finished = std::function<void(Outcome, TimePoint)>;
    /// Why the Cloud PC does not take the action now: not found (404), its status (409), or that
    /// it is none for such Cloud PCs (400).
    std::optional<Refusal> refuse(std::string_view action, std::string_view id, TimePoint now);
    /// Accepts the action: pending now, active after the delay. Takes: what refuse() let pass
    void accept(std::string_view action, const std::string& id, boost::json::object parameters,
                TimePoint now, Finished finished = {});

    /// The user has lost the Cloud PC: seven days until it goes.
    void begin_grace(const std::string& id, TimePoint now);

    /// What retrieveCloudPCRemoteActionResults shows, newest first.
    boost::json::array results(std::string_view id) const;
    /// What retrieveReviewStatus shows.
    boost::json::object review(std::string_view id) const;

private:
    struct Record {
        std::uint64_t number;
        const MachineAction* action;
        boost::json::object parameters{};
        std::string state{};
        TimePoint started{};
        TimePoint updated{};
        Outcome outcome = Outcome::done;
        std::string code{};  ///< why it failed
        Finished finished{};
    };
    static constexpr std::size_t records_max = 50;  ///< of one Cloud PC

    Record* find(const std::string& id, std::uint64_t number);
    void begin(const std::string& id, std::uint64_t number, TimePoint now);
    void finish(const std::string& id, std::uint64_t number, TimePoint now);
    void conclude(const std::string& id, Record& record, TimePoint now);
    void show_last(const std::string& id, const Record& record);
    void set_status(const std::string& id, std::string_view status, TimePoint now);
    void deprovision(const std::string& id, TimePoint now);
    boost::json::object result_of(std::string_view id, const Record& record,
                                  std::string_view name) const;

    WriteContext* x_context;
    std::map<std::string, std::deque<Record>, std::less<>> x_records;  ///< newest last
    std::map<std::string, boost::json::object, std::less<>> x_reviews;
    std::map<std::string, std::uint64_t, std::less<>> x_generations;  ///< changes of status
    std::uint64_t x_numbers = 0;
};

}  // namespace graphsim
