#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace bennu::transport::testing {

enum op : int {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// What a frame says besides its payload; the defaults are a whole message.
struct frame_form {
  bool fin = true;
  bool masked = true;
  int reserved_bits = 0;
};

/// A websocket frame as a client sends it (RFC 6455, 5.2), right or wrong.
inline std::string client_frame(int opcode, std::string_view payload,
                                frame_form form = {}) {
  std::string x;
  x +=
    static_cast<char>((form.fin ? 0x80 : 0) | form.reserved_bits << 4 | opcode);
  const int mask_bit = form.masked ? 0x80 : 0;
  const auto n = payload.size();
  if (n < 126) {
    x += static_cast<char>(mask_bit | static_cast<int>(n));
  } else {
    const int extra = n < 65536 ? 2 : 8;
    x += static_cast<char>(mask_bit | (extra == 2 ? 126 : 127));
    for (int i = extra - 1; i >= 0; --i)
      x += static_cast<char>(n >> (8 * i));
  }
  if (!form.masked)
    return x.append(payload);
  constexpr std::string_view mask = "\x12\x34\x56\x78";
  x += mask;
  for (std::size_t i = 0; i < n; ++i)
    x += static_cast<char>(payload[i] ^ mask[i % 4]);
  return x;
}

/// The payload of a close frame.
inline std::string close_payload(std::uint16_t code,
                                 std::string_view reason = {}) {
  std::string x{static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
  return x.append(reason);
}

/// The code of a server's close frame; 0 when it is none.
inline int close_code_of(std::string_view frame) {
  if (frame.size() < 4 || static_cast<unsigned char>(frame[0]) != 0x88)
    return 0;
  return static_cast<unsigned char>(frame[2]) << 8
         | static_cast<unsigned char>(frame[3]);
}

} // namespace bennu::transport::testing
