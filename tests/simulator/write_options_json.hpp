#pragma once
// WriteOptions from JSON.

#include "tests/simulator/write_options.hpp"

#include <string_view>

namespace graphsim {

/// Sets the members that `text`, an object, names. Spans are `{"low_ms":..,"high_ms":..}` or a
/// number of milliseconds, enumerators their names, `durations` an object of spans by verb.
///
/// Errors: throws std::invalid_argument that names the member
void read_write_options(WriteOptions& options, std::string_view text);

/// `done`, `failed`... Errors: throws std::invalid_argument
Outcome parse_outcome(std::string_view name);
/// `documented`, `ok`, `accepted`. Errors: throws std::invalid_argument
Acknowledgement parse_acknowledgement(std::string_view name);

}  // namespace graphsim
