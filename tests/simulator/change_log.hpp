#pragma once
// What a delta function knows of a set: the number of the change by which each object and each
// membership came, changed or went.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace graphsim {

class ChangeLog {
public:
    struct Link {
        std::string type{};  ///< "#microsoft.graph.user"
        std::uint64_t changed = 0;
        bool ended = false;
    };
    struct Entry {
        std::uint64_t created = 0;  ///< when it came, or came back
        std::uint64_t changed = 0;
        std::map<std::string, std::uint64_t, std::less<>> properties{};  ///< since it came
        std::map<std::string, Link> links{};                             ///< of `members`, by id
        bool removed = false;
        bool for_good = false;
        std::string text{};  ///< of a removed object, for who restores it
    };

    void add(const std::string& id, std::string_view text);
    void replace(const std::string& id, std::string_view before, std::string_view after);
    void remove(const std::string& id, std::string_view text, bool for_good);

    /// Number of the last change.
    std::uint64_t last() const noexcept { return x_last; }
    const std::map<std::string, Entry>& entries() const noexcept { return x_entries; }

private:
    void set_links(Entry& entry, std::string_view text) const;

    std::uint64_t x_last = 0;
    std::map<std::string, Entry> x_entries;
};

}  // namespace graphsim
