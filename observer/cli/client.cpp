#include "observer/cli/client.hpp"

#include "observer/token.hpp"
#include "runtime/clock.hpp"

#include <charconv>

#include <fmt/core.h>

namespace observer_cli {

namespace {

using bennu::observer::token;
using bennu::runtime::real_clock;

constexpr auto topic = "observer:node";

std::string secret_of(const client_options& options) {
  const auto path = options.token_file.empty()
                      ? bennu::observer::token_path(port_of(options.url))
                      : options.token_file;
  try {
    return token::read(path).text();
  } catch (const std::runtime_error& e) {
    throw cli_error(exit_code::token,
                    std::string(e.what())
                      + (options.token_file.empty()
                           ? "; the node's log says where it is: give it with "
                             "--token-file"
                           : ""));
  }
}

[[noreturn]] void no_node(const client_options& options,
                          const std::string& why) {
  throw cli_error(exit_code::no_node,
                  fmt::format("no answer from {}: {}", options.url, why));
}

/// The response of a reply, or its error thrown.
json checked(const json& reply) {
  const auto& response = reply.at("response");
  if (reply.at("status") == "ok")
    return response;
  const auto reason = response.value("reason", std::string{"failed"});
  throw cli_error(reason == "read_only" ? exit_code::refused
                                        : exit_code::failed,
                  response.value("text", reason));
}

} // namespace

unsigned port_of(const std::string& url) {
  const auto host = url.find("://");
  const auto colon = url.rfind(':');
  unsigned port = 0;
  const bool known = url.starts_with("ws://") || url.starts_with("wss://");
  if (known && colon > host) {
    const auto* const end = url.data() + url.size();
    std::from_chars(url.data() + colon + 1, end, port);
  }
  if (port == 0 || port > 65535)
    throw cli_error(
      exit_code::usage,
      fmt::format("\"{}\" is not ws://HOST:PORT or wss://HOST:PORT", url));
  return port;
}

/// A node that does not run has no token either: that is told first.
std::string client::find_secret() {
  try {
    return secret_of(options_);
  } catch (const cli_error&) {
    if (!socket_.connect_tcp(options_.url, {.timeout = options_.timeout}))
      no_node(options_, socket_.error());
    throw;
  }
}

json client::connect() {
  const auto secret = find_secret();
  socket_ = bennu::transport::websocket_client{};
  pushes_.clear();
  const auto base =
    options_.url.substr(0, options_.url.find('/', sizeof "wss://" - 1));
  const bool open =
    socket_.connect(base + "/observer/websocket?vsn=2.0.0",
                    {.timeout = options_.timeout,
                     .headers = {{"Authorization", "Bearer " + secret}},
                     .ca_file = options_.ca_file,
                     .verify = !options_.insecure});
  if (!open) {
    if (socket_.status() == 403)
      throw cli_error(exit_code::token,
                      "the node does not take this token: it makes a new one "
                      "at each start, unless given one");
    if (socket_.status() == 503)
      throw cli_error(exit_code::refused, "the node has too many viewers");
    if (socket_.status() != 0)
      no_node(options_, fmt::format("it is no observer's agent (HTTP {})",
                                    socket_.status()));
    no_node(options_, socket_.error());
  }
  return send("phx_join", json::object());
}

json client::ask(const std::string& event, const json& payload) {
  return send(event, payload);
}

json client::send(const std::string& event, const json& payload) {
  const auto ref = std::to_string(++last_ref_);
  if (!socket_.send_text(json{"1", ref, topic, event, payload}.dump()))
    no_node(options_, "the connection is closed");
  const auto until = real_clock().now() + options_.timeout;
  while (real_clock().now() < until) {
    const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(until - real_clock().now());
    auto got = receive(left);
    if (got && (*got)[3] == "phx_reply" && (*got)[1] == ref)
      return checked((*got)[4]);
    if (got && (*got)[3] == "phx_error")
      no_node(options_, "its channel has crashed; the node's log says why");
    if (got)
      pushes_.emplace_back((*got)[3].get<std::string>(), (*got)[4]);
  }
  no_node(options_, fmt::format("not within {} ms", options_.timeout.count()));
}

std::optional<json> client::receive(std::chrono::milliseconds limit) {
  using kind = bennu::transport::websocket_client::event::kind;
  const auto got = socket_.receive(limit);
  if (got.what == kind::closed)
    no_node(options_, "the connection is closed");
  if (got.what != kind::text)
    return std::nullopt;
  auto message = json::parse(got.payload, nullptr, false);
  if (!message.is_array() || message.size() != 5 || !message[3].is_string())
    no_node(options_, "it does not speak our protocol");
  return message;
}

std::optional<std::pair<std::string, json>>
client::next_push(std::chrono::milliseconds limit) {
  if (pushes_.empty())
    if (auto got = receive(limit))
      pushes_.emplace_back((*got)[3].get<std::string>(), (*got)[4]);
  if (pushes_.empty())
    return std::nullopt;
  auto first = std::move(pushes_.front());
  pushes_.pop_front();
  return first;
}

} // namespace observer_cli
