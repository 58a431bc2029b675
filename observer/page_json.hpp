#pragma once

#include "channels/json.hpp"
#include "runtime/probe.hpp"

#include <string>

namespace bennu::observer {

// Sheets as viewers get them. Both directions, so that the protocol has one
// home.

/// Text that JSON can carry: what is not UTF-8 becomes U+FFFD.
std::string to_utf8(std::string x);

channels::json to_json(const runtime::cell& x);

/// {sheet, columns: [{name, kind}], rows: [[...]], seen, more, missing, error}
channels::json to_json(const std::string& sheet, const runtime::sheet_page& x);
channels::json to_json(const runtime::probe::description& x);

channels::json to_json(const runtime::sheet_query& x);

/// A viewer's question. Throws std::invalid_argument with a text for people
/// when a field is of another type.
runtime::sheet_query query_of(const channels::json& x);

} // namespace bennu::observer
