#pragma once

#include "channels/json.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace observer_cli {

using bennu::channels::json;

// Sheets as people and scripts read them.

/// A cell by its column's kind: 1536 bytes are "1.5 kB", 61000 ms "1m01s".
std::string shown(const json& cell, std::string_view kind);

/// "2026-11-24 18:05:03", of seconds since 1970, where the program runs.
std::string date_shown(std::int64_t seconds);

/// Whether cells of this kind stand to the right.
bool is_number(std::string_view kind);

/// How many columns of a terminal it takes: characters, as far as they are of
/// one column each.
std::size_t width(std::string_view text);

/// Cut or filled to exactly `columns`; control characters become dots, since
/// what a node shows may come from anybody.
std::string fitted(std::string_view text, std::size_t columns, bool right);

/// An aligned table with a head, and below it what is missing.
std::string as_table(const json& page);

/// Rows as objects: {"sheet": …, "rows": [{"pid": …}], …}.
json as_objects(const json& page);

/// A sheet of keys and values as one object; keys that come more than once
/// become arrays.
json as_object(const json& page);

} // namespace observer_cli
