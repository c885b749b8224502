#include "config/sections.hpp"
#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <system_error>

namespace cloudpcd::config {

namespace {

constexpr std::string_view guid_accepted = "a GUID such as 11111111-2222-3333-4444-555555555555";
constexpr std::string_view file_accepted = "the name of a file";

std::optional<std::string> client_id(Section& section, std::string_view key)
{
    constexpr std::string_view accepted = "the client id of an app registration";
    auto id = section.text(key, accepted);
    if (id && id->find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "-_.:/") != std::string::npos) {
        section.complain(key, fmt::format("{} is no client id", show_value(*id)), accepted);
        return std::nullopt;
    }
    return id;
}

/// The credential that the environment gives when the file names none; the first that is set
/// counts.
std::optional<Credential> credential_of_environment(const Environment& environment)
{
    if (environment.find("AZURE_CLIENT_SECRET"))
        return Credential{.kind = CredentialKind::client_secret, .from_environment = true};
    if (const auto file = environment.find("AZURE_CLIENT_CERTIFICATE_PATH"))
        return Credential{
            .kind = CredentialKind::certificate, .file = *file, .from_environment = true};
    if (const auto file = environment.find("AZURE_FEDERATED_TOKEN_FILE"))
        return Credential{
            .kind = CredentialKind::federated_token, .file = *file, .from_environment = true};
    return std::nullopt;
}

/// The variable that Azure's SDKs have for the address, so that a machine can offer a stand-in.
void read_identity_service(Section& section, const Context& context, Credential& credential)
{
    constexpr std::string_view accepted =
        "https://HOST[:PORT], or http:// on 169.254.169.254 or a loopback host";
    const auto value = context.environment.find("AZURE_POD_IDENTITY_AUTHORITY_HOST");
    if (!value)
        return;
    const auto origin = parse_origin(*value);
    if (!origin)
        section.complain("managed_identity", "AZURE_POD_IDENTITY_AUTHORITY_HOST: is not an origin",
                         accepted);
    else if (!origin->tls && !is_loopback(origin->host) && origin->host != "169.254.169.254")
        section.complain("managed_identity",
                         fmt::format("AZURE_POD_IDENTITY_AUTHORITY_HOST: {} is not encrypted",
                                     show_value(origin->text)),
                         accepted);
    else
        credential.identity_service = origin->text;
}

void read_credential(Section& section, const Context& context, Credential& credential)
{
    constexpr std::string_view accepted =
        "exactly one of client_secret_file, certificate_file, federated_token_file, "
        "managed_identity";
    constexpr std::array<std::pair<std::string_view, CredentialKind>, 3> files{{
        {"client_secret_file", CredentialKind::client_secret},
        {"certificate_file", CredentialKind::certificate},
        {"federated_token_file", CredentialKind::federated_token},
    }};
    std::vector<std::string_view> named;
    for (const auto& [key, kind] : files) {
        const auto name = file_name(section, key);
        if (section.has(key))
            named.push_back(key);
        if (name)
            credential = Credential{.kind = kind, .file = credential_path(*name, context)};
    }
    const auto identity = section.boolean_or_text(
        "managed_identity", "true, or the client id of a user-assigned identity");
    if (section.has("managed_identity") && !(identity && !identity->first)) {
        named.emplace_back("managed_identity");
        if (identity) {
            credential = Credential{.kind = CredentialKind::managed_identity,
                                    .identity_client_id = identity->second};
            if (!identity->second.empty() && !parse_guid(identity->second))
                section.complain("managed_identity",
                                 fmt::format("{} is not a GUID", show_value(identity->second)),
                                 "true, or the client id of a user-assigned identity");
            read_identity_service(section, context, credential);
        }
    }
    constexpr std::array<Choice<CertificateAlgorithm>, 2> algorithms{
        {{"PS256", CertificateAlgorithm::ps256}, {"RS256", CertificateAlgorithm::rs256}}};
    const auto algorithm = section.choice("certificate_algorithm", algorithms);
    if (named.size() > 1) {
        section.complain(named.back(),
                         fmt::format("is a second credential beside {}", named.front()), accepted);
    } else if (named.empty()) {
        if (auto found = credential_of_environment(context.environment))
            credential = *found;
        else if (context.options.needs_identity)
            section.complain("client_secret_file", "no credential is named", accepted);
    }
    set(credential.certificate_algorithm, algorithm);
}

}  // namespace

std::optional<Path> file_name(Section& section, std::string_view key)
{
    auto name = section.text(key, file_accepted);
    if (!name)
        return std::nullopt;
    if (name->empty() || name->ends_with('/') || name->find('\0') != std::string::npos) {
        section.complain(key, "is no file name", file_accepted);
        return std::nullopt;
    }
    return Path{*name};
}

Path credential_path(const Path& name, const Context& context)
{
    if (name.is_absolute())
        return name;
    if (const auto directory = context.environment.find("CREDENTIALS_DIRECTORY")) {
        const Path candidate = Path{*directory} / name;
        std::error_code ignored;  // what cannot be looked at is not there
        if (std::filesystem::exists(std::filesystem::symlink_status(candidate, ignored)))
            return candidate;
    }
    return context.file_directory / name;
}

void read_tenant(Section section, const Context& context, Tenant& tenant)
{
    constexpr std::array<Choice<Cloud>, 2> clouds{
        {{"global", Cloud::global}, {"usgov", Cloud::usgov}}};
    constexpr std::array<std::string_view, 4> without_cloud_pcs{"china", "dod", "usgov_dod",
                                                                "germany"};
    std::string_view source;
    auto id = section.text("id", guid_accepted);
    if (!section.has("id")) {
        id = context.environment.find("AZURE_TENANT_ID");
        source = "AZURE_TENANT_ID: ";
    }
    if (id) {
        if (auto guid = parse_guid(*id))
            tenant.id = *guid;
        else
            section.complain("id", fmt::format("{}{} is not a GUID", source, show_value(*id)),
                             guid_accepted);
    } else if (!section.has("id") && context.options.needs_identity) {
        section.complain("id", "missing, and AZURE_TENANT_ID is not set", guid_accepted);
    }
    const auto word = section.has("cloud") ? section.text("cloud", "global, usgov") : std::nullopt;
    if (word && std::ranges::find(without_cloud_pcs, *word) != without_cloud_pcs.end()) {
        section.complain("cloud",
                         fmt::format("{} has no Windows 365 API in Graph", show_value(*word)),
                         "global, usgov");
    } else {
        // A wrong type was complained about above.
        if (word || !section.has("cloud"))
            set(tenant.cloud, section.choice("cloud", clouds));
    }
    section.finish();
}

void read_auth(Section section, const Context& context, Auth& auth)
{
    read_credential(section, context, auth.credential);
    std::optional<std::string> id = client_id(section, "client_id");
    if (!section.has("client_id"))
        id = context.environment.find("AZURE_CLIENT_ID");
    if (auth.credential.kind == CredentialKind::managed_identity)
        id.reset();
    else if (context.options.needs_identity && (id ? id->empty() : !section.has("client_id")))
        section.complain("client_id", "missing, and AZURE_CLIENT_ID is not set",
                         "the client id of an app registration");
    auth.client_id = id.value_or("");

    Section delegated = section.child("delegated");
    auth.delegated_client_id = client_id(delegated, "client_id").value_or("");
    if (auth.delegated_client_id.empty())
        auth.delegated_client_id = auth.client_id;
    delegated.finish();
    section.finish();
}

}  // namespace cloudpcd::config
