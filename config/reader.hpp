#pragma once
// Typed access to a TOML document. Each key that is asked for becomes a known key of its section,
// so the same code that reads a key also accepts it, and finish() finds the ones nobody asked for.

#include "config/config.hpp"

#include <toml++/toml.h>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudpcd::config {

/// Everything that was found wrong, and where each key stands.
class Findings {
public:
    explicit Findings(std::string file) : x_file{std::move(file)} {}

    /// A complaint about the file as a whole, or its syntax.
    void syntax(int line, std::string_view what);
    /// `wrong, accepted: accepted`, at the key's line, else its section's, else 1.
    void complain(std::string_view section, std::string_view key, std::string_view wrong,
                  std::string_view accepted);

    void place(std::string_view section, std::string_view key, int line);
    void know(std::string_view section, std::string_view key);
    int line_of(std::string_view section, std::string_view key) const;

    bool clean() const noexcept { return x_errors.empty(); }
    std::vector<std::string> take_errors();
    std::map<std::string, int, std::less<>> take_lines() { return std::move(x_lines); }
    const std::vector<std::string>& known() const noexcept { return x_known; }

private:
    std::string x_file;
    std::multimap<int, std::string> x_errors;  // by line; equal lines in order of discovery
    std::map<std::string, int, std::less<>> x_lines;
    std::vector<std::string> x_known;
};

template <class E>
struct Choice {
    std::string_view word;
    E value;
};

class Section {
public:
    /// `table` may be null: then every key is absent, and asking still makes it known.
    Section(Findings& findings, const toml::table* table, std::string name);

    const std::string& name() const noexcept { return x_name; }
    bool has(std::string_view key) const;

    /// The subsection [name.key].
    Section child(std::string_view key);
    /// All subsections, for sections whose keys are free names.
    std::vector<std::pair<std::string, Section>> children();
    /// All keys, likewise.
    std::vector<std::string> keys() const;

    std::optional<std::string> text(std::string_view key, std::string_view accepted);
    std::optional<bool> boolean(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
    std::optional<double> number(std::string_view key, double min, double max);
    std::optional<Duration> duration(std::string_view key, Duration min, Duration max);
    /// A duration or "forever"; the outer optional is "the key is there and valid".
    std::optional<std::optional<Duration>> retention(std::string_view key, Duration min,
                                                     Duration max);
    std::optional<std::vector<std::string>> texts(std::string_view key, std::string_view accepted);
    /// `true`, `false` or a text, as the key of a managed identity is.
    std::optional<std::pair<bool, std::string>> boolean_or_text(std::string_view key,
                                                                std::string_view accepted);

    template <class E, std::size_t N>
    std::optional<E> choice(std::string_view key, const std::array<Choice<E>, N>& choices)
    {
        std::string words;
        for (const auto& choice : choices) {
            words += words.empty() ? "" : ", ";
            words += choice.word;
        }
        const auto word = text(key, words);
        if (!word)
            return std::nullopt;
        for (const auto& choice : choices) {
            if (choice.word == *word)
                return choice.value;
        }
        complain_value(key, *word, words);
        return std::nullopt;
    }

    void complain(std::string_view key, std::string_view wrong, std::string_view accepted)
    {
        x_findings->complain(x_name, key, wrong, accepted);
    }

    /// Complains about keys nobody asked for. Call it once, last.
    void finish();

private:
    const toml::node* find(std::string_view key);
    void complain_type(std::string_view key, const toml::node& node, std::string_view accepted);
    void complain_value(std::string_view key, std::string_view value, std::string_view accepted);

    Findings* x_findings;
    const toml::table* x_table;
    std::string x_name;
    std::set<std::string, std::less<>> x_known;
};

}  // namespace cloudpcd::config
