#include "examples/load/frame.hpp"

namespace load {

namespace {

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t out = 0;
  for (const auto x : bytes)
    out = (out << 8) | static_cast<unsigned char>(x);
  return out;
}

void append_big_endian(std::string& to, std::uint64_t x, int bytes) {
  for (int i = bytes - 1; i >= 0; --i)
    to += static_cast<char>((x >> (8 * i)) & 0xFF);
}

bool is_known(unsigned code) {
  return code <= 2 || (code >= 8 && code <= 10);
}

} // namespace

void append_frame(std::string& to, opcode what, std::string_view payload) {
  to += static_cast<char>(0x80u | static_cast<unsigned>(what));
  const auto size = payload.size();
  if (size < 126) {
    to += static_cast<char>(0x80u | size);
  } else if (size <= 0xFFFF) {
    to += static_cast<char>(0x80u | 126u);
    append_big_endian(to, size, 2);
  } else {
    to += static_cast<char>(0x80u | 127u);
    append_big_endian(to, size, 8);
  }
  to.append(4, '\0');
  to += payload;
}

taken take_frame(std::string_view& bytes, server_frame& to) {
  if (bytes.size() < 2)
    return taken::more;
  const auto first = static_cast<unsigned char>(bytes[0]);
  const auto second = static_cast<unsigned char>(bytes[1]);
  if ((first & 0x70u) != 0 || (second & 0x80u) != 0 || !is_known(first & 0xFu))
    return taken::bad;
  std::uint64_t size = second & 0x7Fu;
  std::size_t header = 2;
  if (size >= 126) {
    const std::size_t more = size == 126 ? 2 : 8;
    if (bytes.size() < header + more)
      return taken::more;
    size = big_endian(bytes.substr(header, more));
    header += more;
  }
  if (size > frame_max)
    return taken::bad;
  if (bytes.size() < header + size)
    return taken::more;
  to.what = static_cast<opcode>(first & 0xFu);
  to.last = (first & 0x80u) != 0;
  to.payload = bytes.substr(header, size);
  bytes.remove_prefix(header + size);
  return taken::frame;
}

unsigned close_code(std::string_view payload) {
  constexpr unsigned no_status = 1005;
  return payload.size() < 2
           ? no_status
           : static_cast<unsigned>(big_endian(payload.substr(0, 2)));
}

} // namespace load
