#include "channels/serializer_v2.hpp"

#include "channels/json_text.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

namespace {

enum class binary_kind : char { push = 0, reply = 1, broadcast = 2 };

constexpr std::size_t binary_name_max = 255;

std::string take_name(json& value, const char* what) {
  if (!value.is_string())
    throw malformed_frame(
      fmt::format("{} must be a string, got {}", what, value.type_name()));
  return std::move(value.get_ref<std::string&>());
}

/// `null` or a string without escapes, as clients write refs and names, cut
/// off the front of `text` together with the comma behind it. Empty when there
/// is something else.
std::string_view take_simple(std::string_view& text) {
  const auto is_simple = [](char c) {
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
  };
  std::size_t size = 4;
  if (text.starts_with('"')) {
    const auto end = std::find_if_not(text.begin() + 1, text.end(), is_simple);
    if (end == text.end() || *end != '"')
      return {};
    size = static_cast<std::size_t>(end - text.begin()) + 1;
  } else if (!text.starts_with("null")) {
    return {};
  }
  if (size >= text.size() || text[size] != ',')
    return {};
  const auto found = text.substr(0, size);
  text.remove_prefix(size + 1);
  return found;
}

/// A message written as phoenix.js writes it, taken apart without building the
/// list around its payload. Nothing when it is written otherwise or wrong.
std::optional<message> decode_plain(std::string_view data) {
  if (!data.starts_with('[') || !data.ends_with(']'))
    return {};
  auto rest = data.substr(1, data.size() - 2);
  const auto join_ref = take_simple(rest);
  const auto ref = take_simple(rest);
  const auto topic = take_simple(rest);
  const auto event = take_simple(rest);
  if (join_ref.empty() || ref.empty() || !topic.starts_with('"')
      || !event.starts_with('"'))
    return {};
  const auto unquoted = [](std::string_view x) {
    return std::string{x.substr(1, x.size() - 2)};
  };
  try {
    return message{.join_ref = wire_ref::from_json(join_ref),
                   .ref = wire_ref::from_json(ref),
                   .topic = unquoted(topic),
                   .event = unquoted(event),
                   .payload = parse_json(rest, json_depth_max - 1)};
  } catch (const malformed_frame&) {
    return {};
  }
}

message decode_text(std::string_view data) {
  if (auto plain = decode_plain(data))
    return std::move(*plain);
  auto parts = parse_json(data);
  if (!parts.is_array() || parts.size() < 5)
    throw malformed_frame(
      "V2 JSON Serializer expected [join_ref, ref, topic, event, payload]");
  message x;
  x.join_ref = wire_ref::from_json(to_json_text(parts[0]));
  x.ref = wire_ref::from_json(to_json_text(parts[1]));
  x.topic = take_name(parts[2], "topic");
  x.event = take_name(parts[3], "event");
  x.payload = std::move(parts[4]);
  return x;
}

/// Reads the texts behind a binary header whose sizes come first.
class binary_reader {
public:
  binary_reader(std::string_view data, std::size_t sizes)
    : sizes_(data.substr(0, sizes)), rest_(data.substr(sizes)) {}

  std::string_view next(const char* what) {
    const auto size = static_cast<std::uint8_t>(sizes_[at_++]);
    if (size > rest_.size())
      throw malformed_frame(fmt::format("a binary push ends in its {}", what));
    const auto text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }

  std::string_view rest() const { return rest_; }

private:
  std::string_view sizes_;
  std::string_view rest_;
  std::size_t at_ = 0;
};

std::string utf8(std::string_view text, const char* what) {
  try {
    std::string checked;
    append_json_string(checked, text);
  } catch (const json::exception&) {
    throw malformed_frame(fmt::format("{} is not UTF-8", what));
  }
  return std::string{text};
}

message decode_binary(std::string_view data) {
  constexpr std::size_t header = 5;
  if (data.empty() || data[0] != static_cast<char>(binary_kind::push))
    throw malformed_frame("a binary message of a client must be a push (0)");
  if (data.size() < header)
    throw malformed_frame("a binary push ends in its header");
  binary_reader reader{data.substr(1), header - 1};
  message x;
  x.join_ref = wire_ref::from_string(utf8(reader.next("join_ref"), "join_ref"));
  x.ref = wire_ref::from_string(utf8(reader.next("ref"), "ref"));
  x.topic = utf8(reader.next("topic"), "topic");
  x.event = utf8(reader.next("event"), "event");
  x.payload = binary(std::string{reader.rest()});
  return x;
}

/// Writes a binary header, sizes first, in two passes over its texts.
struct named_text {
  const char* what;
  std::string_view text;
};

frame_ptr binary_frame(binary_kind kind, std::initializer_list<named_text> xs,
                       std::string_view data) {
  std::string out{static_cast<char>(kind)};
  for (const auto& x : xs) {
    if (x.text.size() > binary_name_max)
      throw std::invalid_argument(
        fmt::format("unable to convert {} to binary.\n\n    {}\n\nmust be less "
                    "than or equal to 255 bytes, but is {} bytes.",
                    x.what, x.text, x.text.size()));
    out += static_cast<char>(x.text.size());
  }
  for (const auto& x : xs)
    out += x.text;
  out += data;
  return {opcode::binary, out};
}

frame_ptr text_frame(std::string_view join_ref, std::string_view ref,
                     std::string_view topic, std::string_view event,
                     std::initializer_list<std::string_view> payload) {
  auto size = join_ref.size() + ref.size() + topic.size() + event.size() + 16;
  for (const auto part : payload)
    size += part.size();
  std::string out;
  out.reserve(size);
  out += '[';
  out += join_ref;
  out += ',';
  out += ref;
  out += ',';
  append_json_string(out, topic);
  out += ',';
  append_json_string(out, event);
  out += ',';
  for (const auto part : payload)
    out += part;
  out += ']';
  return {opcode::text, out};
}

bool is_binary(const rendered_payload& x) {
  return x.what() == rendered_payload::kind::binary;
}

void require_map(const rendered_payload& x) {
  if (x.what() == rendered_payload::kind::other_json)
    throw std::invalid_argument(
      fmt::format("expected payload to be a map, got: {}", x.text()));
}

} // namespace

message serializer_v2::decode(opcode op, std::string_view data) const {
  auto x = op == opcode::text ? decode_text(data) : decode_binary(data);
  check_names(x);
  return x;
}

frame_ptr serializer_v2::encode_push(const wire_ref& join_ref,
                                     const wire_ref& ref,
                                     std::string_view topic,
                                     std::string_view event,
                                     const rendered_payload& x) const {
  require_map(x);
  if (is_binary(x))
    return binary_frame(
      binary_kind::push,
      {{"join_ref", join_ref.plain()}, {"topic", topic}, {"event", event}},
      x.text());
  return text_frame(join_ref.json(), ref.json(), topic, event, {x.text()});
}

frame_ptr serializer_v2::encode_reply(const wire_ref& join_ref,
                                      const wire_ref& ref,
                                      std::string_view topic,
                                      std::string_view status,
                                      const rendered_payload& x) const {
  if (is_binary(x))
    return binary_frame(binary_kind::reply,
                        {{"join_ref", join_ref.plain()},
                         {"ref", ref.plain()},
                         {"topic", topic},
                         {"status", status}},
                        x.text());
  std::string how;
  append_json_string(how, status);
  return text_frame(join_ref.json(), ref.json(), topic, "phx_reply",
                    {R"({"response":)", x.text(), R"(,"status":)", how, "}"});
}

frame_ptr serializer_v2::encode_broadcast(std::string_view topic,
                                          std::string_view event,
                                          const rendered_payload& x) const {
  require_map(x);
  if (is_binary(x))
    return binary_frame(binary_kind::broadcast,
                        {{"topic", topic}, {"event", event}}, x.text());
  return text_frame("null", "null", topic, event, {x.text()});
}

} // namespace bennu::channels
