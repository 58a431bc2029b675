#pragma once

#include "channels/assigns.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bennu::channels {

/// What a client says when it connects, before there is a process for it.
/// Mirrors the params and connect_info of Phoenix's connect/3. Value.
struct connect_request {
  /// The query's and the path's parameters, decoded; the last of a repeated
  /// name wins.
  std::map<std::string, std::string, std::less<>> params;

  /// Header names in lower case, in the order sent.
  std::vector<std::pair<std::string, std::string>> headers;

  std::string uri;

  /// "websocket" or "longpoll".
  std::string transport = "websocket";

  std::string peer_address;
  std::uint16_t peer_port = 0;

  /// What phoenix.js was given as `authToken`, where a mount asks for it; it is
  /// taken out of the headers.
  std::optional<std::string> auth_token{};

  std::optional<std::string> param(std::string_view name) const;
  std::optional<std::string> header(std::string_view name) const;

  // connect_info by Phoenix's names; peer_data and uri are members, the host is
  // header("host").

  std::string user_agent() const { return header("user-agent").value_or(""); }

  using header_list = std::vector<std::pair<std::string, std::string>>;
  header_list x_headers() const { return headers_with("x-"); }
  header_list sec_websocket_headers() const {
    return headers_with("sec-websocket-");
  }

  /// traceparent and tracestate.
  header_list trace_context_headers() const;

  /// Those whose name begins with `prefix`, in the order sent.
  header_list headers_with(std::string_view prefix) const;

  /// The uri without its query, which may carry secrets: for log lines.
  std::string_view path() const noexcept;
};

class serializer;
struct socket_spec;

/// What a connection starts its socket process with. Its members are shared
/// by every connection of the mount but the assigns.
struct socket_init {
  std::shared_ptr<const socket_spec> spec;
  const channels::serializer* serializer = nullptr;
  shared_assigns assigns;
  std::string id;
  std::optional<std::chrono::milliseconds> expires_in{};
};

/// A connect that was refused: what a websocket's client gets of it. A poll's
/// is told that it is forbidden. Mirrors Phoenix's error_handler.
struct connect_refusal {
  int status = 403;

  /// For our log, not for the client.
  std::string reason;

  /// E.g. retry-after.
  std::vector<std::pair<std::string, std::string>> headers{};

  /// Empty: a line that says so.
  std::string body{};
  std::string content_type = "text/plain; charset=utf-8";
};

/// The outcome of negotiating `vsn` and running the user's connect. Exactly
/// one of the two is set.
struct connect_outcome {
  std::optional<socket_init> accepted;
  connect_refusal refused;
};

/// Runs what Phoenix runs between the upgrade request and its answer, as far
/// as it is not the transport's: serializer by `vsn` (missing is 1.0.0), then
/// the user's connect, then the socket's id. What it throws is a refusal with
/// status 500 and a log line.
connect_outcome negotiate(const std::shared_ptr<const socket_spec>& spec,
                          const connect_request& request);

} // namespace bennu::channels
