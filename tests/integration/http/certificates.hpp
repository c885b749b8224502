#pragma once
// A certificate authority for one test, made by OpenSSL in memory.

#include <filesystem>
#include <memory>
#include <string>

namespace cloudpcd::test {

struct Identity {
    std::string certificate;  ///< PEM
    std::string key;          ///< PEM
};

struct Subject {
    std::string alternative_names;  ///< as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1"
    std::string common_name = "test";
    int starts_in_days = -1;
    int ends_in_days = 1;
};

class Authority {
public:
    Authority();
    ~Authority();

    Identity issue(const Subject& subject) const;
    /// A certificate that vouches for itself.
    static Identity self_signed(const Subject& subject);
    /// The authority's own certificate, in a file that lives as long as this object.
    const std::filesystem::path& file() const noexcept { return x_file; }

private:
    struct Keys;
    std::unique_ptr<Keys> x_keys;
    std::filesystem::path x_file;
};

}  // namespace cloudpcd::test
