// A password that somebody writes into params must not reach the file.

#include "schema/actions.hpp"
#include "schema/migrations.hpp"
#include "tests/unit/jobs/fixture.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace cloudpcd;
using namespace cloudpcd::jobs;
using namespace cloudpcd::jobs::test;

namespace {

const std::string taking_kind = "on_premises_connection.create";
const std::string canary = "Canary-7f3a";

struct Script : Queue {
    Stranger stranger{path};

    std::string insert(const std::string& kind, const std::string& params)
    {
        std::string quoted;
        for (const char c : params)
            quoted += c == '\'' ? "''" : std::string{c};
        return stranger.try_to(
            fmt::format("INSERT INTO jobs (kind, params) VALUES ('{}', '{}')", kind, quoted));
    }
    bool on_disk(std::string_view text)
    {
        for (const auto* suffix : {"", "-wal"}) {
            const auto bytes = store::test::read_file(store::test::beside(path, suffix));
            if (bytes.find(text) != std::string::npos)
                return true;
        }
        return false;
    }
};

std::string lower(std::string_view text)
{
    std::string result{text};
    std::ranges::transform(result, result.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return result;
}

}  // namespace

TEST_CASE_FIXTURE(Script, "secrets: the trigger knows every secret member of the actions")
{
    CHECK_FALSE(schema::secret_members().empty());
    for (const auto name : schema::secret_members()) {
        CAPTURE(name);
        for (const auto& action : schema::actions()) {
            CAPTURE(action.kind);
            const std::string kind{action.kind};
            CHECK(insert(kind, fmt::format("{{\"{}\":\"{}\"}}", name, canary)) != "");
            if (schema::takes_secret(action))
                CHECK(insert(kind, "{\"displayName\":\"\\u0041\"}") != "");
        }
        CHECK(lower(schema::job_migration_files.front().text).find(lower(name)) !=
              std::string::npos);
    }
    CHECK(value("SELECT count(*) FROM jobs") == "0");
    CHECK_FALSE(on_disk(canary));
}

TEST_CASE_FIXTURE(Script, "secrets: a literal is refused in whatever spelling JSON has for it")
{
    const std::string name = "adDomainPassword";
    const std::string credential = "{\"credential\":\"ad-join-password\"}";
    const std::vector<std::string> literals{
        "{\"adDomainPassword\":\"" + canary + "\"}",
        "{\"adDomainPassword\" : \"" + canary + "\"}",
        "{\"adDomainPassword\"\t:\r\n \"" + canary + "\"}",
        "{ \"x\":1,\n\t\"adDomainPassword\"\n:\n\"" + canary + "\" }",
        "{\"ADDOMAINPASSWORD\":\"" + canary + "\"}",
        "{\"addomainpassword\":\"" + canary + "\"}",
        "{\"adDomainPassword\":[\"" + canary + "\"]}",
        "{\"adDomainPassword\":12345678}",
        "{\"adDomainPassword\":{\"value\":\"" + canary + "\"}}",
        "{\"adDomainPassword\":{\"value\":\"" + canary + "\",\"credential\":\"x\"}}",
        "{\"adDomainPassword\":{\"credential\":\"x\",\"value\":\"" + canary + "\"}}",
        "{\"adDomainPassword\":{\"credential\":\"x\\\",\\\"" + canary + "\"}}",
        "{\"adDomainPassword\":{\"credential\":[\"" + canary + "\"]}}",
        "{\"deep\":{\"adDomainPassword\":\"" + canary + "\"}}",
        "{\"adDomainPassword\":\"" + canary + "\"",
        "\"adDomainPassword\":\"" + canary + "\"",
    };
    for (const auto& params : literals) {
        CAPTURE(params);
        CHECK(insert(taking_kind, params) != "");
        CHECK(insert("cloud_pc.reboot", params) != "");
    }
    const std::vector<std::string> for_kinds_that_take_one{
        "{\"adDomainPassword\":" + credential + ",\"adDomainPassword\":\"" + canary + "\"}",
        "{\"adDomainPassword\":" + credential + ",\"ADDOMAINPASSWORD\":\"" + canary + "\"}",
        "{\"\\u0061dDomainPassword\":\"" + canary + "\"}",
        "{\"adDomainPasswor\\u0064\":\"" + canary + "\"}",
        "{\"x\\\\\\u0061\":1}",
        "{'adDomainPassword':'" + canary + "'}",
        "{adDomainPassword:\"" + canary + "\"}",
        "{\"adDomainPassword\"\f:\"" + canary + "\"}",
        "{\"displayName\":\"adDomainPassword\",\"adDomainPassword\":" + credential + "}",
    };
    for (const auto& params : for_kinds_that_take_one) {
        CAPTURE(params);
        CHECK(insert(taking_kind, params) != "");
        CHECK(insert("On_Premises_Connection.Create", params) != "");
    }
    CHECK(value("SELECT count(*) FROM jobs") == "0");
    CHECK_FALSE(on_disk(canary));
}

TEST_CASE_FIXTURE(Script, "secrets: the name of a credential is accepted, and so is all else")
{
    for (const auto* params :
         {"{\"adDomainPassword\":{\"credential\":\"ad-join-password\"}}",
          "{ \"adDomainPassword\" :\n{ \"credential\" : \"ad-join-password\" } , \"x\" : 1 }",
          "{\"adDomainUsername\":\"CONTOSO\\\\ulrich\",\"adDomainPassword\":{\"credential\":\"a\"}"
          "}",
          "{\"displayName\":\"Caf\u00e9\"}", "{}"}) {
        CAPTURE(params);
        CHECK(insert(taking_kind, params) == "");
    }
    for (const auto* params :
         {"{\"displayName\":\"Caf\\u00e9\"}", "{\"displayName\":\"adDomainPassword\"}",
          "{\"description\":\"say \\\"adDomainPassword\\\": twice\"}"}) {
        CAPTURE(params);
        CHECK(insert("user_setting.create", params) == "");
    }
    CHECK(stranger.try_to("INSERT INTO jobs (kind) VALUES ('on_premises_connection.delete')") ==
          "");
}

TEST_CASE_FIXTURE(Script, "secrets: one that validation found is erased, from the WAL too")
{
    const auto literal = "{\"password\":\"" + canary + "\"}";
    CHECK(insert(taking_kind, literal) == "");
    CHECK(on_disk(canary));
    move(1, State::rejected, {.reason = "a secret", .erase_params = true});
    CHECK(job(1).params == "{\"erased\":true}");
    CHECK(database.checkpoint_truncate());
    CHECK_FALSE(on_disk(canary));
}

TEST_CASE_FIXTURE(Script,
                  "secrets: one found late is erased from a job that has ended, and only so")
{
    const auto open = add({.kind = taking_kind, .params = "{\"password\":\"" + canary + "\"}"});
    CHECK(daemon_tries("UPDATE jobs SET params = '{\"erased\":true}'") == "params do not change");
    move(open, State::rejected);
    CHECK(daemon_tries("UPDATE jobs SET params = '{}'") == "params do not change");
    erase_params(database, open);
    erase_params(database, open);
    CHECK(job(open).params == "{\"erased\":true}");
    CHECK(database.checkpoint_truncate());
    CHECK_FALSE(on_disk(canary));
}
