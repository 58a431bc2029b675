#pragma once

#include "channels/frame.hpp"
#include "channels/testing/test_endpoint.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace bennu::channels::testing {

/// The client's side of the wire, written from the formats' description and
/// sharing nothing with the serializers it checks.

/// Decodes what a server sent, by its shape. Throws std::runtime_error for
/// what no server sends.
received read_frame(opcode op, std::string_view data);

/// Encodes what a client says.
std::pair<opcode, std::string> write_frame(std::string_view vsn,
                                           const received& x);

} // namespace bennu::channels::testing
