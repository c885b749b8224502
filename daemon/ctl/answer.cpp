#include "daemon/ctl/answer.hpp"

#include "daemon/ctl/failure.hpp"
#include "daemon/ctl/text.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <utility>

namespace cloudpcd::ctl {

namespace json = boost::json;

namespace {

[[noreturn]] void throw_not_understood()
{
    throw Failure{ExitStatus::failed,
                  "the daemon's answer is not understood; is it of another version?"};
}

}  // namespace

json::object object_of(const std::string& answer)
{
    boost::system::error_code failure;
    auto value = json::parse(answer, failure);
    if (failure || !value.is_object())
        throw_not_understood();
    return std::move(value.get_object());
}

json::array array_of(const std::string& answer, std::string_view name)
{
    auto object = object_of(answer);
    auto* const member = object.if_contains(name);
    if (member == nullptr || !member->is_array())
        throw_not_understood();
    return std::move(member->get_array());
}

std::string text_of(const json::object& object, std::string_view name)
{
    const auto* member = object.if_contains(name);
    const bool text = member != nullptr && member->is_string();
    return text ? printable(member->get_string()) : std::string{};
}

std::optional<std::int64_t> optional_number_of(const json::object& object, std::string_view name)
{
    const auto* member = object.if_contains(name);
    const bool number = member != nullptr && member->is_int64();
    return number ? std::optional{member->get_int64()} : std::nullopt;
}

std::int64_t number_of(const json::object& object, std::string_view name)
{
    return optional_number_of(object, name).value_or(0);
}

bool flag_of(const json::object& object, std::string_view name)
{
    const auto* member = object.if_contains(name);
    return member != nullptr && member->is_bool() && member->get_bool();
}

const json::array* array_of(const json::object& object, std::string_view name)
{
    const auto* member = object.if_contains(name);
    return member == nullptr ? nullptr : member->if_array();
}

}  // namespace cloudpcd::ctl
