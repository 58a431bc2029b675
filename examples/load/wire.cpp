#include "examples/load/wire.hpp"

#include <charconv>

namespace load {

namespace {

/// A JSON string or null off the front, and the comma behind it.
std::optional<std::string_view> take_string(std::string_view& text) {
  std::string_view out;
  if (text.starts_with("null")) {
    text.remove_prefix(4);
  } else {
    if (!text.starts_with('"'))
      return std::nullopt;
    const auto end = text.find('"', 1);
    if (end == std::string_view::npos)
      return std::nullopt;
    out = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
  }
  if (!text.starts_with(','))
    return std::nullopt;
  text.remove_prefix(1);
  return out;
}

bool has_ok(std::string_view text) {
  return text.find(R"("status":"ok")") != std::string_view::npos;
}

std::optional<server_message> look_into_v2(std::string_view text) {
  text.remove_prefix(1);
  server_message out;
  if (!take_string(text))
    return std::nullopt;
  const auto ref = take_string(text);
  const auto topic = ref ? take_string(text) : std::nullopt;
  const auto event = topic ? take_string(text) : std::nullopt;
  if (!event)
    return std::nullopt;
  out.ref = *ref;
  out.topic = *topic;
  out.event = *event;
  out.rest = text;
  return out;
}

/// The string behind `"key":`, or nothing.
std::string_view value_of(std::string_view text, std::string_view key) {
  const auto at = text.find(key);
  if (at == std::string_view::npos)
    return {};
  const auto begin = at + key.size();
  if (begin >= text.size() || text[begin] != '"')
    return {};
  const auto end = text.find('"', begin + 1);
  return end == std::string_view::npos
           ? std::string_view{}
           : text.substr(begin + 1, end - begin - 1);
}

template <class T>
void append_hex(std::string& to, T x) {
  constexpr auto digits = "0123456789abcdef";
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 4; shift >= 0; shift -= 4)
    to += digits[(static_cast<std::uint64_t>(x) >> shift) & 0xF];
}

template <class T>
bool read_hex(std::string_view text, T& to) {
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, to, 16);
  return error == std::errc{} && at == end;
}

} // namespace

std::optional<server_message> look_into(std::string_view text) {
  std::optional<server_message> out;
  if (text.starts_with('[')) {
    out = look_into_v2(text);
  } else if (text.starts_with('{')) {
    out.emplace();
    out->event = value_of(text, R"("event":)");
    out->ref = value_of(text, R"("ref":)");
    out->topic = value_of(text, R"("topic":)");
    out->rest = text;
  }
  if (out && out->event == "phx_reply") {
    out->is_reply = true;
    out->is_ok = has_ok(out->rest);
  }
  return out;
}

void append_marker(std::string& to, const marker& x) {
  to += '~';
  append_hex(to, x.sequence);
  append_hex(to, x.sender);
  append_hex(to, static_cast<std::uint64_t>(x.sent_ns));
  to += '~';
}

std::optional<marker> find_marker(std::string_view text) {
  const auto at = text.find('~');
  if (at == std::string_view::npos || text.size() - at < marker_size
      || text[at + marker_size - 1] != '~')
    return std::nullopt;
  const auto x = text.substr(at + 1, marker_size - 2);
  marker out;
  std::uint64_t sent = 0;
  if (!read_hex(x.substr(0, 8), out.sequence)
      || !read_hex(x.substr(8, 8), out.sender) || !read_hex(x.substr(16), sent))
    return std::nullopt;
  out.sent_ns = static_cast<std::int64_t>(sent);
  return out;
}

} // namespace load
