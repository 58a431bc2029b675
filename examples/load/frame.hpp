#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace load {

/// RFC 6455's opcodes, as far as they matter here.
enum class opcode : std::uint8_t {
  text = 1,
  binary = 2,
  close = 8,
  ping,
  pong
};

/// Appends a client's frame. Its masking key is zero: masked as the RFC asks,
/// and a server's work is the same, yet a frame can be built once and sent by
/// millions. Browsers' random keys protect proxies, of which there are none on
/// loopback.
void append_frame(std::string& to, opcode what, std::string_view payload);

/// One frame of a server.
struct server_frame {
  opcode what = opcode::text;
  bool last = true;
  std::string_view payload;
};

/// What take_frame found.
enum class taken : std::uint8_t { frame, more, bad };

/// Longest payload of a server; past it the frame is bad. A presence list of a
/// room of ten thousand is one megabyte.
inline constexpr std::size_t frame_max = 16 * 1024 * 1024;

/// Takes the first frame off `bytes`. `more`: it is not whole yet. `bad`: a
/// server may not send that (masked, a reserved bit, an unknown opcode, too
/// long).
taken take_frame(std::string_view& bytes, server_frame& to);

/// The code of a close frame's payload; 1005 when it has none.
unsigned close_code(std::string_view payload);

} // namespace load
