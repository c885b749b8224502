#include "tests/simulator/filter_node.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

namespace graphsim {

namespace {

using Node = Filter::Node;
using NodePointer = std::shared_ptr<const Node>;

/// Deeper than any client's filter, and far from the end of the stack.
constexpr int depth_max = 100;

struct SyntaxError {
    QueryError error;
};

[[noreturn]] void fail(std::string message, std::string code = "BadRequest")
{
    throw SyntaxError{{.code = std::move(code), .message = std::move(message)}};
}

bool is_word(char c) noexcept
{
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '@' || c == '.';
}

class Parser {
public:
    Parser(std::string_view text, const Type& type, Version version)
        : x_text{text}, x_type{&type}, x_version{version}
    {}

    NodePointer whole()
    {
        auto node = disjunction();
        skip_blanks();
        if (!x_text.empty())
            fail(fmt::format("Invalid filter clause: Syntax error at '{}'.", x_text));
        return node;
    }

private:
    NodePointer disjunction()
    {
        if (++x_depth > depth_max)
            fail("Invalid filter clause: The recursion limit was exceeded.");
        auto node = list_of("or", Node::Kind::either, [this] { return conjunction(); });
        --x_depth;
        return node;
    }

    NodePointer conjunction()
    {
        return list_of("and", Node::Kind::both, [this] { return negation(); });
    }

    template <class Operand>
    NodePointer list_of(std::string_view word, Node::Kind kind, const Operand& operand)
    {
        auto first = operand();
        if (!take_word(word))
            return first;
        Node node{.kind = kind};
        node.parts.push_back(std::move(first));
        do
            node.parts.push_back(operand());
        while (take_word(word));
        return std::make_shared<const Node>(std::move(node));
    }

    NodePointer negation()
    {
        int count = 0;
        while (take_word("not"))
            ++count;
        auto node = primary();
        if (count % 2 == 0)
            return node;
        Node negated{.kind = Node::Kind::negation};
        negated.parts.push_back(std::move(node));
        return std::make_shared<const Node>(std::move(negated));
    }

    NodePointer primary()
    {
        if (take('(')) {
            auto node = disjunction();
            if (!take(')'))
                fail("Invalid filter clause: ')' is missing.");
            return node;
        }
        return comparison();
    }

    NodePointer comparison()
    {
        Node node;
        const std::string type = path(node.path);
        const auto operation = word();
        constexpr std::array<std::pair<std::string_view, Comparison>, 6> operations{
            {{"eq", Comparison::eq},
             {"ne", Comparison::ne},
             {"gt", Comparison::gt},
             {"ge", Comparison::ge},
             {"lt", Comparison::lt},
             {"le", Comparison::le}}};
        for (const auto& [name, value] : operations) {
            if (operation == name) {
                node.comparison = value;
                node.values.push_back(literal(type));
                return std::make_shared<const Node>(std::move(node));
            }
        }
        if (operation.empty())
            fail("Invalid filter clause: A comparison is missing.");
        if (operation != "in")
            fail(fmt::format("Invalid filter clause: The operator '{}' is not supported.",
                             operation),
                 "Request_UnsupportedQuery");
        node.kind = Node::Kind::membership;
        if (!take('('))
            fail("Invalid filter clause: '(' is missing.");
        do
            node.values.push_back(literal(type));
        while (take(','));
        if (!take(')'))
            fail("Invalid filter clause: ')' is missing.");
        return std::make_shared<const Node>(std::move(node));
    }

    /// Gives the type of what the path names.
    std::string path(PropertyPath& path)
    {
        const Type* type = x_type;
        auto name = word();
        if (name.empty())
            fail(fmt::format("Invalid filter clause: An expression is missing at '{}'.", x_text));
        if (name == "id") {
            return "String";
        }
        while (true) {
            if (x_text.starts_with('('))
                fail(
                    fmt::format("Invalid filter clause: The function '{}' is not supported.", name),
                    "Request_UnsupportedQuery");
            const Property* property = type == nullptr ? nullptr : type->find(name);
            if (property == nullptr || !property->versions.has(x_version))
                fail(
                    fmt::format("Invalid filter clause: Could not find a property named '{}' on "
                                "type 'microsoft.graph.{}'.",
                                name, type == nullptr ? "Edm.String" : type->name));
            if (property->collection)
                fail("Invalid filter clause: A collection cannot be compared.",
                     "Request_UnsupportedQuery");
            path.push_back(property);
            type = property->complex;
            if (!x_text.starts_with('/'))
                return property->type;
            x_text.remove_prefix(1);
            name = word();
        }
    }

    FilterValue literal(const std::string& type)
    {
        skip_blanks();
        if (x_text.starts_with('\'')) {
            auto text = quoted();
            if (type == "DateTimeOffset" || type == "Date" || type == "Boolean" || type == "Int32")
                mismatch("Edm.String", type);
            return text;
        }
        const auto length = x_text.find_first_of(" ,)");
        const auto text = x_text.substr(0, length);
        x_text.remove_prefix(text.size());
        if (text == "null")
            return std::monostate{};
        const bool time = type == "DateTimeOffset" || type == "Date";
        if (text == "true" || text == "false") {
            if (type != "Boolean")
                mismatch("Edm.Boolean", type);
            return text == "true";
        }
        if (const auto ticks = parse_ticks(text)) {
            if (!time)
                mismatch("Edm.DateTimeOffset", type);
            return Instant{*ticks};
        }
        double number = 0;
        const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (text.empty() || failure != std::errc{} || end != text.data() + text.size())
            fail(fmt::format("Invalid filter clause: Unrecognized literal '{}'.", text));
        if (type != "Int32")
            mismatch("Edm.Int32", type);
        return number;
    }

    [[noreturn]] static void mismatch(std::string_view literal_type, std::string_view type)
    {
        fail(
            fmt::format("Invalid filter clause: A binary operator with incompatible types was "
                        "detected. Found operand types '{}' and '{}'.",
                        type, literal_type));
    }

    std::string quoted()
    {
        std::string text;
        x_text.remove_prefix(1);
        while (true) {
            const auto end = x_text.find('\'');
            if (end == std::string_view::npos)
                fail("Invalid filter clause: There is an unterminated string literal.");
            text += x_text.substr(0, end);
            x_text.remove_prefix(end + 1);
            if (!x_text.starts_with('\''))
                return text;
            text += '\'';
            x_text.remove_prefix(1);
        }
    }

    void skip_blanks()
    {
        while (x_text.starts_with(' '))
            x_text.remove_prefix(1);
    }

    std::string_view peek_word()
    {
        skip_blanks();
        std::size_t length = 0;
        while (length < x_text.size() && is_word(x_text[length]))
            ++length;
        return x_text.substr(0, length);
    }

    std::string_view word()
    {
        const auto found = peek_word();
        x_text.remove_prefix(found.size());
        return found;
    }

    bool take_word(std::string_view wanted)
    {
        if (peek_word() != wanted)
            return false;
        x_text.remove_prefix(wanted.size());
        return true;
    }

    bool take(char wanted)
    {
        skip_blanks();
        if (!x_text.starts_with(wanted))
            return false;
        x_text.remove_prefix(1);
        return true;
    }

    std::string_view x_text;
    const Type* x_type;
    Version x_version;
    int x_depth = 0;
};

}  // namespace

boost::system::result<Filter, QueryError> Filter::parse(std::string_view text, const Type& type,
                                                        Version version)
{
    try {
        return Filter{Parser{text, type, version}.whole()};
    } catch (const SyntaxError& problem) {
        return problem.error;
    }
}

}  // namespace graphsim
