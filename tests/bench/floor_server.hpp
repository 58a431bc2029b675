#pragma once

#include <cstddef>
#include <cstdint>

namespace bennu::bench {

/// The floor: the leanest program that does a chat node's socket work. It
/// answers the first bytes of a connection with a fixed 101, and then each
/// frame with a fixed frame of the size the node would send; a frame that holds
/// "new_msg" goes to every connection by a loop of send(). No protocol, no
/// processes. Runs until its process is killed.
///
/// `threads` of them share the port, each with its own file table.
[[noreturn]] void run_floor_server(std::uint16_t port, std::size_t threads);

} // namespace bennu::bench
