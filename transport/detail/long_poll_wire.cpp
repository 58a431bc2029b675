#include "transport/detail/long_poll_wire.hpp"

#include "channels/base64url.hpp"
#include "channels/json_text.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

namespace bennu::transport::detail {

namespace {

using channels::opcode;

constexpr std::string_view anyone = "*";

std::string json_answer(std::string body, bool keep_alive, int http_status) {
  http_response x;
  x.status = http_status;
  x.headers = {{"Cache-Control", "no-store"},
               {"Access-Control-Allow-Origin", std::string(anyone)}};
  x.content_type = "application/json; charset=utf-8";
  x.body = std::move(body);
  return render(x, keep_alive);
}

std::optional<long_push::part> read_line(std::string_view line) {
  if (line.starts_with('[') || line.starts_with('{'))
    return long_push::part{opcode::text, std::string(line)};
  auto bytes = channels::from_base64(line);
  if (!bytes)
    return std::nullopt;
  return long_push::part{opcode::binary, std::move(*bytes)};
}

/// Takes the next line off, without its end.
std::string_view next_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

/// Appends a frame's text as a JSON string; false, and nothing appended, when
/// it is not UTF-8.
bool append_message(std::string& to, std::string_view text) {
  const auto before = to.size();
  try {
    channels::append_json_string(to, text);
    return true;
  } catch (const channels::json::exception& e) {
    runtime::log(runtime::log_level::error,
                 "a message for a long poll is left out: {}", e.what());
    to.resize(before);
    return false;
  }
}

} // namespace

std::optional<long_push> read_pushes(std::string_view content_type,
                                     std::string_view body,
                                     const push_limits& limits) {
  long_push all;
  if (!content_type.starts_with("application/x-ndjson")) {
    if (body.size() > limits.part_max)
      return std::nullopt;
    all.parts.push_back({opcode::text, std::string(body)});
    return all;
  }
  while (!body.empty() && all.parts.size() < limits.parts_max) {
    const auto line = next_line(body);
    if (line.empty())
      continue;
    auto part = line.size() > limits.part_max ? std::nullopt : read_line(line);
    if (!part)
      return std::nullopt;
    all.parts.push_back(std::move(*part));
  }
  return all;
}

std::string long_poll_preflight(const http_request& request) {
  http_response x;
  std::string asked;
  for (const auto& [name, value] : request.headers())
    if (name == "access-control-request-headers")
      asked += (asked.empty() ? "" : ", ") + value;
  x.headers = {{"Cache-Control", "no-store"},
               {"Access-Control-Allow-Origin", std::string(anyone)},
               {"Access-Control-Allow-Headers", std::move(asked)},
               {"Access-Control-Allow-Methods", "get, post, options"},
               {"Access-Control-Max-Age", "3600"}};
  return render(x, request.keep_alive());
}

std::string long_poll_status(int status, bool keep_alive, int http_status) {
  return json_answer(fmt::format(R"({{"status":{}}})", status), keep_alive,
                     http_status);
}

std::string long_poll_messages(int status, std::string_view token,
                               const std::vector<channels::frame_ptr>& messages,
                               bool keep_alive) {
  std::string body = R"({"messages":[)";
  bool first = true;
  for (const auto& x : messages) {
    const auto before = body.size();
    if (!first)
      body += ',';
    if (append_message(body, x->payload()))
      first = false;
    else
      body.resize(before);
  }
  body += fmt::format(R"(],"status":{},"token":)", status);
  channels::append_json_string(body, token);
  body += '}';
  return json_answer(std::move(body), keep_alive, 200);
}

} // namespace bennu::transport::detail
