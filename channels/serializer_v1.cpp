#include "channels/serializer_v1.hpp"

#include "channels/json_text.hpp"

#include <utility>

namespace bennu::channels {

namespace {

json& fetch(json& map, const char* key) {
  const auto found = map.find(key);
  if (found == map.end())
    throw malformed_frame(std::string{"missing key \""} + key + '"');
  return *found;
}

std::string fetch_name(json& map, const char* key) {
  auto& value = fetch(map, key);
  if (!value.is_string())
    throw malformed_frame(std::string{key} + " must be a string, got "
                          + value.type_name());
  return std::move(value.get_ref<std::string&>());
}

frame_ptr envelope(std::string_view event, std::string_view payload,
                   std::string_view ref, std::string_view topic) {
  std::string out;
  out.reserve(event.size() + payload.size() + ref.size() + topic.size() + 48);
  out += R"({"event":)";
  append_json_string(out, event);
  out += R"(,"payload":)";
  out += payload;
  out += R"(,"ref":)";
  out += ref;
  out += R"(,"topic":)";
  append_json_string(out, topic);
  out += '}';
  return {opcode::text, out};
}

void refuse_bytes(const rendered_payload& x) {
  if (x.what() == rendered_payload::kind::binary)
    throw std::invalid_argument("V1 JSON Serializer cannot carry binary");
}

} // namespace

message serializer_v1::decode(opcode, std::string_view data) const {
  auto map = parse_json(data);
  if (!map.is_object())
    throw malformed_frame("V1 JSON Serializer expected a map, got "
                          + std::string{map.type_name()});
  message x;
  x.topic = fetch_name(map, "topic");
  x.event = fetch_name(map, "event");
  x.payload = std::move(fetch(map, "payload"));
  x.ref = wire_ref::from_json(to_json_text(fetch(map, "ref")));
  if (const auto found = map.find("join_ref"); found != map.end())
    x.join_ref = wire_ref::from_json(to_json_text(*found));
  check_names(x);
  return x;
}

frame_ptr serializer_v1::encode_push(const wire_ref&, const wire_ref& ref,
                                     std::string_view topic,
                                     std::string_view event,
                                     const rendered_payload& x) const {
  refuse_bytes(x);
  return envelope(event, x.text(), ref.json(), topic);
}

frame_ptr serializer_v1::encode_reply(const wire_ref&, const wire_ref& ref,
                                      std::string_view topic,
                                      std::string_view status,
                                      const rendered_payload& x) const {
  refuse_bytes(x);
  std::string answer = R"({"response":)";
  answer += x.text();
  answer += R"(,"status":)";
  append_json_string(answer, status);
  answer += '}';
  return envelope("phx_reply", answer, ref.json(), topic);
}

frame_ptr serializer_v1::encode_broadcast(std::string_view topic,
                                          std::string_view event,
                                          const rendered_payload& x) const {
  return encode_push({}, {}, topic, event, x);
}

} // namespace bennu::channels
