#include "daemon/ctl/job_text.hpp"

#include <boost/json/parse.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace cloudpcd::ctl;

namespace {

boost::json::object job_of(std::string_view text)
{
    return boost::json::parse(text).as_object();
}

}  // namespace

TEST_CASE("job text: a dry run shows the request, and what each guard says")
{
    TextOutput output;
    write_check(job_of(R"({"job_id": 7, "kind": "cloud_pc.reprovision", "target_name": "CPC-1",
                           "state": "checked", "state_reason": "it would be held",
                           "result": {"request": {"method": "POST", "url": "https://g/x\u001b",
                                                  "body": {"osVersion": "windows11"}},
                                      "touches": 1, "earliest": "2026-01-02T00:00:00.000Z",
                                      "guards": [{"name": "target", "passes": true, "why": ""},
                                                 {"name": "budget", "passes": false,
                                                  "why": "3 of 3"}]}})"),
                output);
    CHECK(output.text() ==
          "job 7 cloud_pc.reprovision CPC-1: checked: it would be held\n"
          "POST https://g/x\\x1b\n"
          "{\"osVersion\":\"windows11\"}\n"
          "touches 1 Cloud PC\n"
          "fits the budgets at 2026-01-02T00:00:00.000Z\n"
          "\n"
          "guards\n"
          "  target        passes\n"
          "  budget        does not pass: 3 of 3\n");
}

TEST_CASE("job text: one that was rejected has no request to show")
{
    TextOutput output;
    write_check(job_of(R"({"job_id": 7, "kind": "k", "state": "rejected", "state_reason": "no",
                           "result": null})"),
                output);
    CHECK(output.text() == "job 7 k: rejected: no\n");
}

TEST_CASE("job text: a summary names those that need a person, and says each reason once")
{
    Seen seen;
    const auto add = [&](int id, std::string_view state, std::string_view reason) {
        seen[id] = job_of(fmt::format(
            R"({{"job_id": {}, "kind": "k", "target_name": "T{}", "state": "{}",
                 "state_reason": {}}})",
            id, id, state, reason));
    };
    for (int id = 1; id <= 12; ++id)
        add(id, "held", "\"no room\"");
    add(13, "succeeded", "null");
    add(14, "accepted", "\"pending\"");
    add(15, "failed", "\"HTTP 409\"");
    add(16, "in_doubt", "null");
    add(17, "of a newer version", "null");
    TextOutput output;
    write_summary(seen, output);
    CHECK(output.text().starts_with("12 held: no room\n  job 1 k T1\n"));
    CHECK(
        output.text().ends_with("  job 10 k T10\n"
                                "  and 2 more\n"
                                "1 accepted: pending\n"
                                "1 in_doubt\n  job 16 k T16\n"
                                "1 succeeded\n"
                                "1 failed: HTTP 409\n  job 15 k T15\n"
                                "1 of a newer version\n"));
}
