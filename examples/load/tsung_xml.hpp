#pragma once

#include "examples/load/plan.hpp"
#include "examples/load/world.hpp"

#include <stdexcept>
#include <string>

namespace load {

/// What a file asks for that we do not know, or that makes no sense:
/// `FILE:LINE: what is wrong`.
class tsung_error : public std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// What a Tsung file says. Value.
struct tsung_load {
  plan what;

  /// ports_range, and the addresses of `<ip>`.
  generator_options how;

  /// `<load duration>`; 0: until all users are done.
  duration length{0};
};

/// Largest file; Tsung's own are a few kB.
inline constexpr std::size_t tsung_file_max = 1024 * 1024;

/// Understands Tsung's XML as far as it drives websockets:
///
///     clients/client/ip, servers/server, load/arrivalphase/users,
///     options/option ports_range, sessions/session of type ts_websocket with
///     request/match/websocket, for, thinktime, transaction
///
/// An element or attribute beside that is an error, not ignored. Differs from
/// Tsung: users come at an even rate, and one process of ours is all clients.
/// `file` is for messages. Throws tsung_error.
tsung_load parse_tsung(const std::string& xml, const std::string& file,
                       bool allow_remote);

} // namespace load
