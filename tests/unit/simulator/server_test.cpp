// The socket server, against a client of its own kind over loopback.

#include "tests/simulator/server.hpp"

#include "client.hpp"
#include "tests/simulator/wire.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <zlib.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <unistd.h>
#include <utility>

using namespace graphsim;
using namespace graphsim::test;

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using Answer = http::response<http::string_body>;

/// Reads one response; `failure` says how a broken one ended.
template <class Stream>
Answer exchange(Stream& stream, const http::request<http::string_body>& request,
                boost::system::error_code& failure)
{
    beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(64UL * 1024 * 1024);
    http::write(stream, request, failure);
    if (!failure)
        http::read(stream, buffer, parser, failure);
    return parser.release();
}

http::request<http::string_body> get(const std::string& target, const std::string& token = "")
{
    http::request<http::string_body> request{http::verb::get, target, 11};
    request.set(http::field::host, "localhost");
    if (!token.empty())
        request.set(http::field::authorization, "Bearer " + token);
    return request;
}

http::request<http::string_body> post(const std::string& target, std::string body)
{
    http::request<http::string_body> request{http::verb::post, target, 11};
    request.set(http::field::host, "localhost");
    request.body() = std::move(body);
    request.prepare_payload();
    return request;
}

const std::string list = "/beta/deviceManagement/virtualEndpoint/cloudPCs";

std::string token_of(const Answer& answer)
{
    return text(json::parse(answer.body()).at("access_token"));
}

http::request<http::string_body> token_request(const TenantOptions& options)
{
    return post("/" + options.tenant_id + "/oauth2/v2.0/token",
                "grant_type=client_credentials&client_id=" + options.client_id +
                    "&client_secret=" + options.client_secret + "&scope=x%2F.default");
}

std::string gunzip(const std::string& bytes)
{
    z_stream stream{};
    REQUIRE(inflateInit2(&stream, 15 + 16) == Z_OK);
    std::string out(16UL * 1024 * 1024, '\0');
    std::string in = bytes;
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    CHECK(inflate(&stream, Z_FINISH) == Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

struct Plain {
    Plain() : server{{.cloud_pcs = 20}} { connect(); }

    void connect()
    {
        socket = tcp::socket{context};
        socket.connect({asio::ip::address_v4::loopback(), server.port()});
    }

    Answer ask(const http::request<http::string_body>& request)
    {
        return exchange(socket, request, failure);
    }

    std::string sign_in() { return token_of(ask(token_request(TenantOptions{}))); }

    ServerThread server;
    asio::io_context context;
    tcp::socket socket{context};
    boost::system::error_code failure;
};

}  // namespace

TEST_CASE("server: TLS with the authority it wrote, keep-alive, gzip")
{
    const auto ca_file = std::filesystem::temp_directory_path() /
                         fmt::format("graph-sim-test-ca-{}.pem", ::getpid());
    ServerThread server{{.cloud_pcs = 20}, {.tls = true, .ca_file = ca_file}};
    asio::io_context context;
    asio::ssl::context tls{asio::ssl::context::tls_client};
    tls.load_verify_file(ca_file.string());
    std::filesystem::remove(ca_file);
    tls.set_verify_mode(asio::ssl::verify_peer);
    beast::ssl_stream<tcp::socket> stream{context, tls};
    stream.set_verify_callback(asio::ssl::host_name_verification{"localhost"});
    stream.next_layer().connect({asio::ip::address_v4::loopback(), server.port()});
    stream.handshake(asio::ssl::stream_base::client);

    boost::system::error_code failure;
    const auto token = token_of(exchange(stream, token_request(TenantOptions{}), failure));
    auto request = get(list + "?$top=5", token);
    request.set(http::field::accept_encoding, "gzip");
    const auto answer = exchange(stream, request, failure);
    CHECK_FALSE(failure);
    CHECK(answer[http::field::content_encoding] == "gzip");
    CHECK(answer.chunked());
    const auto page = json::parse(gunzip(answer.body())).as_object();
    CHECK(page.at("value").as_array().size() == 5);
    CHECK(text(page.at("@odata.nextLink")).starts_with(server.endpoint() + "/beta/"));
    CHECK(server.connections_accepted() == 1);
    CHECK(server.with_tenant([](Tenant& tenant) { return tenant.requests().total(); }) == 2);
}

TEST_CASE("server: a client without trust is left alone")
{
    ServerThread server{{.cloud_pcs = 1}, {.tls = true}};
    asio::io_context context;
    asio::ssl::context tls{asio::ssl::context::tls_client};
    tls.set_verify_mode(asio::ssl::verify_peer);
    beast::ssl_stream<tcp::socket> stream{context, tls};
    stream.next_layer().connect({asio::ip::address_v4::loopback(), server.port()});
    boost::system::error_code failure;
    stream.handshake(asio::ssl::stream_base::client, failure);
    CHECK(failure);
}

TEST_CASE_FIXTURE(Plain, "server: plain HTTP, one connection after the other")
{
    const auto token = sign_in();
    CHECK(ask(get(list, token)).result_int() == 200);
    auto last = get(list, token);
    last.keep_alive(false);
    const auto answer = ask(last);
    CHECK(answer[http::field::connection] == "close");
    connect();
    CHECK(ask(get(list, token)).result_int() == 200);
    CHECK(server.connections_accepted() == 2);
    const auto ids = server.with_tenant([](Tenant& tenant) {
        std::set<std::string> found;
        for (const auto& entry : tenant.requests().entries())
            found.insert(entry.connection_id);
        return found;
    });
    CHECK(ids.size() == 2);
}

TEST_CASE_FIXTURE(Plain, "server: broken deliveries are broken on the wire")
{
    const auto token = sign_in();
    const auto delivered = [&](Effect effect, std::size_t bytes) {
        server.with_tenant([&](Tenant& tenant) {
            tenant.faults().add(
                {.effect = effect, .bytes = bytes, .delay = std::chrono::milliseconds{1}});
        });
        connect();
        return ask(get(list + "?$top=1", token));
    };
    delivered(Effect::reset_before_response, 0);
    CHECK(failure == asio::error::connection_reset);
    const auto cut = delivered(Effect::truncate_body, 40);
    CHECK(failure == http::error::partial_message);
    CHECK(cut.body().size() == 40);
    delivered(Effect::reset_mid_body, 0);
    CHECK((failure == asio::error::connection_reset || failure == http::error::partial_message));
    const auto unfinished = delivered(Effect::close_without_last_chunk, 0);
    CHECK(failure == http::error::partial_message);
    CHECK(json::parse(unfinished.body()).is_object());
    const auto dripped = delivered(Effect::drip, 0);
    CHECK_FALSE(failure);
    CHECK(json::parse(dripped.body()).is_object());
    CHECK(ask(get(list, token)).result_int() == 200);
}

TEST_CASE("server: a hanging request hangs until the server goes, and alone")
{
    auto server = std::make_unique<ServerThread>(TenantOptions{.cloud_pcs = 1});
    server->with_tenant([](Tenant& tenant) {
        tenant.faults().add({.path_contains = "cloudPCs", .times = 0, .effect = Effect::hang});
    });
    asio::io_context context;
    const tcp::endpoint address{asio::ip::address_v4::loopback(), server->port()};
    tcp::socket hanging{context};
    hanging.connect(address);
    http::write(hanging, get(list));
    tcp::socket other{context};
    other.connect(address);
    boost::system::error_code failure;
    while (server->with_tenant([](Tenant& tenant) { return tenant.requests().total(); }) == 0)
        CHECK(exchange(other, get("/sim/stats"), failure).result_int() == 200);
    CHECK(exchange(other, get("/sim/stats"), failure).result_int() == 200);
    server.reset();
    beast::flat_buffer buffer;
    http::response<http::string_body> nothing;
    http::read(hanging, buffer, nothing, failure);
    CHECK(failure);
    CHECK(buffer.size() == 0);
}

TEST_CASE_FIXTURE(Plain, "server: controls")
{
    const auto token = sign_in();
    const auto state = json::parse(ask(get("/sim/state/cloudPCs?offset=5&limit=10")).body());
    CHECK(state.as_array().size() == 10);
    const auto id = text(state.at(0).at("id"));
    CHECK(ask(post("/sim/objects/cloudPCs",
                   R"({"modify":{"id":")" + id + R"(","patch":{"displayName":"New"}}})"))
              .result_int() == 200);
    CHECK(ask(get(list + "/" + id, token)).body().find(R"("displayName":"New")") !=
          std::string::npos);
    CHECK(ask(post("/sim/objects/cloudPCs", R"({"remove":{"id":")" + id + R"("}})")).result_int() ==
          200);
    CHECK(ask(post("/sim/objects/cloudPCs", R"({"remove":{"id":")" + id + R"("}})")).result_int() ==
          404);
    const auto added = json::parse(ask(post("/sim/objects/cloudPCs", R"({"add":{}})")).body());
    CHECK(ask(post("/sim/objects/cloudPCs",
                   R"({"hide":{"id":")" + text(added.at("id")) + R"(","times":3}})"))
              .result_int() == 200);
    CHECK(ask(post("/sim/churn", R"({"modified":0.5,"sets":["cloudPCs"]})")).result_int() == 200);
    CHECK(ask(post("/sim/churn", R"({"modified":2})")).result_int() == 400);
    CHECK(ask(post("/sim/churn", "[]")).result_int() == 400);
    CHECK(ask(post("/sim/faults", R"({"path_contains":"cloudPCs","status":503})")).result_int() ==
          200);
    CHECK(ask(get(list, token)).result_int() == 503);
    CHECK(ask(post("/sim/faults", R"({"effect":"none"})")).result_int() == 400);
    auto clear = get("/sim/faults");
    clear.method(http::verb::delete_);
    CHECK(ask(clear).result_int() == 200);
    const auto stats = json::parse(ask(get("/sim/stats")).body());
    CHECK(stats.at("requests_hit_by_faults") == 1);
    CHECK(stats.at("connections") == 1);
    const auto requests = ask(get("/sim/requests?limit=2")).body();
    CHECK(json::parse(requests).as_array().size() == 2);
    CHECK(requests.find(token) == std::string::npos);
    CHECK(ask(get("/sim/nothing")).result_int() == 404);
    CHECK(ask(get("/sim/state/nothing")).result_int() == 400);
}

TEST_CASE_FIXTURE(Plain, "server: a write is carried out, and the warm connection closed")
{
    const auto token = sign_in();
    REQUIRE(ask(get(list + "?$top=1", token)).result_int() == 200);
    const auto id = server.with_tenant([](Tenant& tenant) {
        auto first = tenant.objects("cloudPCs").front().id;
        tenant.modify("cloudPCs", first, R"({"status":"provisioned"})");
        return first;
    });
    auto reboot = post(list + "/" + id + "/reboot", "");
    reboot.set(http::field::authorization, "Bearer " + token);
    std::size_t carried_out = 0;
    for (const auto effect : {Effect::close_before_response, Effect::reset_before_response,
                              Effect::reset_mid_body, Effect::truncate_body}) {
        CAPTURE(to_string(effect));
        server.with_tenant(
            [&](Tenant& tenant) { tenant.faults().add(faults::executed("/reboot", effect)); });
        const auto answer = ask(reboot);
        CHECK(failure);
        ++carried_out;
        CHECK(server.with_tenant([&](Tenant& tenant) {
            return tenant.executions().count("cloudPCs/reboot", id);
        }) == carried_out);
        failure = {};
        connect();
    }
    CHECK(ask(reboot).result_int() == 204);
    CHECK(server.with_tenant(
        [](Tenant& tenant) { return tenant.executions().entries().back().answered(); }));
}
