#include "sync/mirror/verify.hpp"

#include "sync/core/log.hpp"
#include "sync/mirror/requests.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <fmt/format.h>

#include <exception>
#include <utility>

namespace cloudpcd::mirror {

namespace asio = boost::asio;

std::string_view to_string(Difference::Kind kind) noexcept
{
    switch (kind) {
        case Difference::Kind::not_mirrored:
            return "not mirrored";
        case Difference::Kind::not_in_tenant:
            return "not in the tenant";
        case Difference::Kind::differs:
            return "differs";
        case Difference::Kind::unreadable:
            return "cannot be stored";
    }
    return "differs";
}

struct Verification::Staged {
    StageCounts counts{};
    std::exception_ptr failure{};  ///< as a value: two tasks side by side may not both throw
};

Verification::Verification(const Pull::Environment& environment, const Table& table, RunId run)
    : x_environment{environment},
      x_table{table},
      x_collection{table.collection()},
      x_run{run},
      x_report{.resource = std::string{table.collection().table}}
{
    if (const auto* links = schema::links_of(x_collection))
        x_links.emplace(*links);
    if (x_collection.strategy == schema::Strategy::delta)
        x_round.emplace(table, x_links ? &*x_links : nullptr, run);
}

asio::awaitable<VerifyReport> Verification::run()
{
    co_await begin();
    const auto failure = co_await read();
    co_await x_environment.store.run([this, &failure](store::Database& database) {
        if (!failure)
            compare(database);
        if (x_round)
            x_round->clear(database);
        clear_staging(database, x_run);
    });
    if (failure)
        x_report.error = failure->describe();
    x_report.complete = x_report.error.empty();
    co_return std::move(x_report);
}

asio::awaitable<void> Verification::begin()
{
    const auto now = x_environment.clock.utc_now();
    co_await x_environment.store.run([this, now](store::Database& database) {
        x_refusals = read_refusals(database, x_collection.table, now);
        x_seq = Sequence{database}.last();
        if (x_round)
            x_round->begin(database);
    });
}

/// Reads the list to its end; a part of the request that is refused is left out, as in a pull.
asio::awaitable<std::optional<Error>> Verification::read()
{
    while (true) {
        graph::Pager pager{
            x_environment.client,
            list_request(x_collection, x_environment.client.options().origin, x_refusals)};
        auto failure = co_await read_pages(pager);
        x_announced = pager.announced_count();
        if (!failure || pager.pages() > 0 ||
            !learn_refusal(x_collection, *failure, false, x_refusals))
            co_return failure;
    }
}

asio::awaitable<std::optional<Error>> Verification::read_pages(graph::Pager& pager)
{
    using namespace asio::experimental::awaitable_operators;
    EndlessWatch watch;
    auto page = co_await pager.next();
    while (page && *page) {
        // The next page comes while this one is compared.
        auto [next, staged] = co_await (pager.next() && stage(std::move(**page)));
        if (staged.failure)
            std::rethrow_exception(staged.failure);
        x_counts += staged.counts;
        if (watch.is_endless(staged.counts.new_ids, x_environment.clock.steady_now()))
            co_return Error{.code = Errc::malformed,
                            .context = fmt::format("GET {}", set_name(x_collection)),
                            .message = "the list goes on without end: its pages bring nothing new"};
        page = std::move(next);
    }
    if (!page)
        co_return std::move(page).error();
    co_return std::nullopt;
}

asio::awaitable<Verification::Staged> Verification::stage(graph::Page page)
{
    // The permit belongs to this thread; the rest of the page goes to the store's.
    const auto permit = std::exchange(page.permit, std::nullopt);
    co_return co_await x_environment.store.run(
        [this, page = std::move(page)](store::Database& database) {
            Staged staged;
            try {
                staged.counts = x_round ? x_round->stage(database, page, DeltaRound::Past::none)
                                        : x_table.stage(database, x_run, page);
            } catch (...) {
                staged.failure = std::current_exception();
            }
            return staged;
        });
}

// --- comparing -----------------------------------------------------------------------------------

void Verification::compare(store::Database& database)
{
    if (x_round) {
        const auto missing = x_round->missing(database, std::nullopt);
        x_report.objects = missing.met;
        x_round->stage_differences(database);
    } else {
        x_report.objects = x_table.seen(database, x_run);
    }
    if (x_announced && *x_announced != x_report.objects + x_counts.unidentified)
        x_report.error = fmt::format("the list announced {} objects and gave {}", *x_announced,
                                     x_report.objects);
    else if (x_counts.conflicts > 0)
        x_report.error = fmt::format(
            "{} ids came twice with different content; the tenant changed "
            "while it was listed",
            x_counts.conflicts);
    add_staged(database, x_table, x_run);
    if (x_collection.deletes != schema::DeleteRule::never)
        add_missing(database, x_table,
                    x_round ? x_round->missing_objects_sql() : x_table.missing_sql());
    if (x_links) {
        add_staged(database, *x_links, -x_run);
        add_missing(database, *x_links, x_round->missing_links_sql());
    }
    add(database, x_collection.table, Difference::Kind::unreadable, x_run,
        "SELECT id, 0 FROM temp.staged_quarantine WHERE run_id = ?");
}

void Verification::add_staged(store::Database& database, const Table& table, RunId run)
{
    const auto name = table.collection().table;
    add(database, name, Difference::Kind::not_mirrored, run,
        fmt::format("SELECT s.id, 0 FROM temp.staged AS s WHERE s.run_id = ? AND NOT EXISTS "
                    "(SELECT 1 FROM {} AS t WHERE t.id = s.id)",
                    name));
    add(database, name, Difference::Kind::differs, run,
        fmt::format("SELECT s.id, t._seq FROM temp.staged AS s JOIN {} AS t ON t.id = s.id "
                    "WHERE s.run_id = ? AND t._content_hash <> s.content_hash",
                    name));
}

void Verification::add_missing(store::Database& database, const Table& table,
                               const std::string& ids_sql)
{
    const auto name = table.collection().table;
    add(database, name, Difference::Kind::not_in_tenant, x_run,
        fmt::format("SELECT t.id, t._seq FROM ({}) AS m JOIN {} AS t ON t.id = m.id", ids_sql,
                    name));
}

/// `sql` gives ids and the `_seq` of their rows; its parameter is the run. What the mirror has
/// changed since the list began says nothing.
void Verification::add(store::Database& database, std::string_view table, Difference::Kind kind,
                       RunId run, const std::string& sql)
{
    auto row = database.prepared(sql);
    row.bind(1, run);
    while (row.step()) {
        if (row.integer(1) > x_seq)
            continue;
        ++x_report.differences;
        if (x_report.named.size() < differences_named_max)
            x_report.named.push_back(
                {.table = std::string{table}, .id = row.string(0), .kind = kind});
    }
}

}  // namespace cloudpcd::mirror
