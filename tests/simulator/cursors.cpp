#include "tests/simulator/cursors.hpp"

namespace graphsim {

std::string Cursors::add(Cursor cursor)
{
    auto token = x_random.guid();
    cursor.served = 0;
    x_cursors.emplace(token, std::move(cursor));
    x_age.push_back(token);
    if (x_age.size() > cursors_max) {
        x_cursors.erase(x_age.front());
        x_age.pop_front();
    }
    return token;
}

Cursor* Cursors::find(const std::string& token, TimePoint now)
{
    const auto found = x_cursors.find(token);
    if (found == x_cursors.end() || now >= found->second.expires)
        return nullptr;
    return &found->second;
}

void Cursors::clear() noexcept
{
    x_cursors.clear();
    x_age.clear();
}

}  // namespace graphsim
