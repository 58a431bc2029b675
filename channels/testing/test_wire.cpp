#include "channels/testing/test_wire.hpp"

#include <stdexcept>
#include <vector>

namespace bennu::channels::testing {

namespace {

/// Takes apart the reply that a text frame carries as its payload.
received with_reply(received x, const json& content) {
  x.payload = content;
  if (x.event != "phx_reply")
    return x;
  x.status = content.at("status");
  x.payload = content.at("response");
  return x;
}

received read_text(std::string_view data) {
  const auto root = json::parse(data);
  received x;
  x.wire = data;
  if (root.is_array()) {
    x.join_ref = root.at(0);
    x.ref = root.at(1);
    x.topic = root.at(2);
    x.event = root.at(3);
    return with_reply(std::move(x), root.at(4));
  }
  x.ref = root.at("ref");
  x.topic = root.at("topic");
  x.event = root.at("event");
  return with_reply(std::move(x), root.at("payload"));
}

std::size_t byte_at(std::string_view data, std::size_t i) {
  return static_cast<unsigned char>(data.at(i));
}

received read_binary(std::string_view data) {
  const auto kind = byte_at(data, 0);
  const std::size_t names = kind == 0 ? 3 : kind == 1 ? 4 : 2;
  auto at = 1 + names;
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < names; ++i) {
    texts.emplace_back(data.substr(at, byte_at(data, 1 + i)));
    at += texts.back().size();
  }
  received x;
  x.wire = "(binary, kind " + std::to_string(kind) + ')';
  for (const auto& text : texts)
    x.wire += ' ' + text;
  x.payload = binary(std::string{data.substr(at)});
  switch (kind) {
  case 0:
    x.join_ref = texts[0];
    x.topic = texts[1];
    x.event = texts[2];
    return x;
  case 1:
    x.join_ref = texts[0];
    x.ref = texts[1];
    x.topic = texts[2];
    x.event = "phx_reply";
    x.status = texts[3];
    return x;
  case 2:
    x.topic = texts[0];
    x.event = texts[1];
    return x;
  }
  throw std::runtime_error("a server sends no binary kind "
                           + std::to_string(kind));
}

std::string text_of(const json& ref) {
  return ref.is_null() ? "" : ref.get<std::string>();
}

std::string write_binary(const received& x) {
  std::string out(1, '\0');
  const std::string texts[] = {text_of(x.join_ref), text_of(x.ref), x.topic,
                               x.event};
  for (const auto& text : texts)
    out += static_cast<char>(text.size());
  for (const auto& text : texts)
    out += text;
  return out.append(x.payload.as_bytes());
}

} // namespace

received read_frame(opcode op, std::string_view data) {
  return op == opcode::text ? read_text(data) : read_binary(data);
}

std::pair<opcode, std::string> write_frame(std::string_view vsn,
                                           const received& x) {
  if (x.payload.is_binary())
    return {opcode::binary, write_binary(x)};
  if (vsn == "1.0.0")
    return {opcode::text, json{{"ref", x.ref},
                               {"topic", x.topic},
                               {"event", x.event},
                               {"payload", x.payload.as_json()}}
                            .dump()};
  return {opcode::text, json::array({x.join_ref, x.ref, x.topic, x.event,
                                     x.payload.as_json()})
                          .dump()};
}

} // namespace bennu::channels::testing
