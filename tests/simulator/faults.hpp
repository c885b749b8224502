#pragma once
// Faults on command: rules that say which requests are hit, and what becomes of their responses.

#include "tests/simulator/http.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace graphsim {

enum class Effect {
    // Instead of the answer
    status,      ///< `status` with an error of `code` and `message`, or `text` as the body
    html_page,   ///< 200 and a web page, as a captive portal answers
    empty_body,  ///< 200 without a body
    no_content,  ///< 204
    redirect,    ///< `status` (302, 307, 308) to the URL `text`
    // The answer, damaged on its way
    malformed_json,         ///< the first half of the body, properly delivered
    truncate_body,          ///< Wire::truncate_body after `bytes`
    reset_before_response,  ///< the request is handled, the connection reset
    close_before_response,  ///< the request is handled, the connection closed in order
    reset_mid_body,         ///< after `bytes`; 0 is half of the body
    hang,
    drip,  ///< one byte every `delay`
    close_without_last_chunk,
    delay,  ///< by `delay`, otherwise unharmed
    // A page of a list, with another content
    empty_value,  ///< `value` is [], without a nextLink
    value_missing,
    value_null,
    value_object,  ///< `value` is {}
    value_string,
    next_link,               ///< nextLink is `text`
    delta_link,              ///< deltaLink is `text`, and there is no nextLink
    next_link_self,          ///< nextLink leads to the page itself
    next_link_loop,          ///< of two hit pages the second leads back to the first
    empty_page,              ///< no items, and a nextLink to the page that was asked for
    duplicate_item,          ///< the first item of the page before is repeated
    duplicate_changed_item,  ///< the same, with another displayName
    drop_item,               ///< item number `number` is left out
    wrong_count,             ///< `@odata.count` is `number`
    wrong_context,           ///< `@odata.context` is `text`
    insert_item              ///< `text`, verbatim, in front of the items
};

struct Fault {
    // Which requests
    std::string path_contains{};  ///< part of the target as sent, query included; empty: any
    std::string method{};         ///< empty: any; `write`: any but GET
    int nth = 1;                  ///< the first of the matching requests that is hit, from 1
    int times = 1;                ///< how many are hit from there on; 0: all, until cleared

    // What happens
    Effect effect = Effect::status;
    int status = 500;
    std::string code{};
    std::string message{};
    Headers headers{};  ///< added to the response
    std::string text{};
    std::size_t bytes = 0;
    std::int64_t number = 0;
    std::chrono::milliseconds delay{0};
    /// For the effects that replace the answer: the request is carried out nevertheless.
    bool execute = false;
    /// For the effects that show the client nothing: the request never reaches the tenant.
    bool lost = false;
    bool bare = false;  ///< of `status`: neither body nor Content-Type
};

/// The faults that tests want most. Each takes its place by `path_contains`, `nth` and `times`.
namespace faults {

/// 429 with that Retry-After; an empty one is left out. `times` > 1 makes a storm.
Fault throttled(std::string path, std::string retry_after, int times = 1);
/// 503 with that Retry-After; an empty one is left out.
Fault unavailable(std::string path, std::string retry_after, int times = 1);
/// A status with a Graph error body.
Fault status(std::string path, int status, std::string code = "", int times = 1);
/// A status with neither body nor Content-Type.
Fault bare_status(std::string path, int status, int times = 1);
/// 401 with `claims` (JSON) in WWW-Authenticate, base64-encoded (learn: claims challenges).
Fault claims_challenge(std::string path, std::string_view claims, int times = 1);
/// 410 with `resyncRequired` or `SyncStateNotFound`.
Fault gone(std::string path, std::string code);
Fault effect(std::string path, Effect effect, std::string text = "");

// For writes. Every one of them hits requests other than GET.

/// Carried out, and answered with that status.
Fault executed(std::string path, int status, int times = 1);
/// Carried out, and answered in that way: reset_before_response, hang...
Fault executed(std::string path, Effect effect);
/// Not carried out, though the client cannot see it: reset_before_response,
/// close_before_response or hang.
Fault lost(std::string path, Effect effect);

}  // namespace faults

/// `duplicate_item` and so on, for the control endpoint.
std::string_view to_string(Effect effect) noexcept;

/// Reads a Fault from JSON: members named as in Fault, `effect` by name, `delay` as `delay_ms`,
/// `headers` an object of strings.
///
/// Errors: throws std::invalid_argument that names the member
Fault parse_fault(std::string_view json);

/// A page of a list before it becomes text: what the faults of pages work on.
struct Page {
    std::string set{};  ///< pages of one set are compared with each other
    std::string context{};
    std::int64_t count = -1;   ///< -1: none
    std::string next_link{};   ///< empty: the last page
    std::string delta_link{};  ///< of the last page of a delta round
    std::vector<std::string> items{};
    std::string value{};  ///< instead of the items when not empty
    bool value_missing = false;
    std::string self_link{};   ///< the URL that was asked for
    std::string again_link{};  ///< another one that leads to the same page

    std::string render() const;
};

class FaultSet {
public:
    /// Gives the number of the rule.
    int add(Fault fault);
    void clear() noexcept;
    bool remove(int number);
    /// Rules that can still hit.
    std::size_t armed() const noexcept;
    /// Requests hit since the start.
    std::size_t hits() const noexcept { return x_hits; }

    struct Rule;
    /// Counts `request` in every rule; gives those that hit it, in order of addition.
    std::vector<Rule*> match(const Request& request);

    /// Applies what concerns pages; others leave the page alone.
    void apply(const std::vector<Rule*>& hit, Page& page);

    /// True when a rule of `hit` keeps the request from being carried out.
    static bool prevents(const std::vector<Rule*>& hit) noexcept;
    using MakeError =
        std::function<Response(int status, std::string_view code, std::string_view message)>;
    /// Turns `response` into what the rules of `hit` make of it.
    static void apply(const std::vector<Rule*>& hit, Response& response,
                      const MakeError& make_error);

    struct Rule {
        Fault fault;
        int number = 0;
        int matched = 0;
        int fired = 0;
        std::string first_page{};  ///< for loops: the link of the first hit page
        bool over() const noexcept { return fault.times != 0 && fired >= fault.times; }
    };

private:
    bool apply(Rule& rule, Page& page);

    std::list<Rule> x_rules;
    std::map<std::string, std::string> x_page_before;  ///< its first item, by set
    int x_numbers = 0;
    std::size_t x_hits = 0;
};

}  // namespace graphsim
