#include "sync/graph/authenticate.hpp"

#include "sync/core/json_scan.hpp"
#include "sync/graph/ascii.hpp"
#include "sync/graph/base64.hpp"

#include <algorithm>
#include <optional>

namespace cloudpcd::graph {

namespace {

constexpr std::string_view blanks = " \t";

/// Reads one header from left to right: schemes, and name=value pairs behind them.
class Reader {
public:
    explicit Reader(std::string_view text) : x_text{text} {}

    struct Item {
        std::string name;                  ///< of a scheme or parameter
        std::optional<std::string> value;  ///< of a parameter
    };

    std::optional<Item> next()
    {
        x_at = x_text.find_first_not_of(" \t,", x_at);
        if (x_at == std::string_view::npos)
            return std::nullopt;
        Item item{.name = std::string{word(" \t,=\"")}, .value = std::nullopt};
        const auto equals = x_text.find_first_not_of(blanks, x_at);
        if (equals == std::string_view::npos || x_text[equals] != '=') {
            if (item.name.empty())
                ++x_at;  // a stray quote
            return item;
        }
        x_at = std::min(x_text.find_first_not_of(blanks, equals + 1), x_text.size());
        const bool quoted = x_at < x_text.size() && x_text[x_at] == '"';
        item.value = quoted ? quoted_string() : std::string{word(" \t,")};
        return item;
    }

private:
    std::string_view word(std::string_view ends)
    {
        const auto from = x_at;
        x_at = std::min(x_text.find_first_of(ends, x_at), x_text.size());
        return x_text.substr(from, x_at - from);
    }

    std::string quoted_string()
    {
        std::string out;
        for (++x_at; x_at < x_text.size() && x_text[x_at] != '"'; ++x_at) {
            if (x_text[x_at] == '\\' && x_at + 1 < x_text.size())
                ++x_at;
            out += x_text[x_at];
        }
        x_at = std::min(x_at + 1, x_text.size());
        return out;
    }

    std::string_view x_text;
    std::size_t x_at = 0;
};

/// Text of the JSON object, base64 as documented or plain as some gateways send it.
std::string decode_claims(const std::string& value)
{
    auto text = value.starts_with('{') ? std::optional{value} : base64_decode(value);
    if (!text || text->size() > challenge_claims_bytes_max || !json::valid_utf8(*text) ||
        !json::object_members(json::trim(*text)))
        return {};
    return std::move(*text);
}

}  // namespace

Challenge find_challenge(const std::vector<std::string_view>& www_authenticate)
{
    Challenge found;
    for (const auto header : www_authenticate) {
        if (header.size() > authenticate_bytes_max)
            continue;
        Reader reader{header};
        bool bearer = false;
        while (const auto item = reader.next()) {
            if (!item->value)
                bearer = ascii_iequals(item->name, "Bearer");
            else if (!bearer)
                continue;
            else if (ascii_iequals(item->name, "error"))
                found.insufficient_claims |= ascii_iequals(*item->value, "insufficient_claims");
            else if (ascii_iequals(item->name, "claims") && found.claims.empty())
                found.claims = decode_claims(*item->value);
        }
    }
    return found;
}

}  // namespace cloudpcd::graph
