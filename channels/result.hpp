#pragma once

#include "channels/payload.hpp"
#include "runtime/exit_reason.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bennu::channels {

/// An answer to a client: a status, mostly "ok" or "error", and what goes
/// with it. Value.
struct answer {
  std::string status = "ok";
  channels::payload payload;
};

/// What a handler of a channel returns. Mirrors the tuples of Phoenix:
///
///     ok()  ok(json)  ok(bytes)      {:reply, {:ok, map}, socket}
///     error(json)                    {:reply, {:error, map}, socket}
///     reply("maybe", json)           {:reply, {:maybe, map}, socket}
///     no_reply                       {:noreply, socket}
///     stop(reason)                   {:stop, reason, socket}
///     stop(reason, ok(json))         {:stop, reason, reply, socket}
///
/// The client sees phx_close after an orderly stop, else phx_error. Value.
struct result {
  std::optional<channels::answer> answer;
  std::optional<runtime::exit_reason> stop;
};

inline const result no_reply{};

inline result reply(std::string_view status, json x) {
  return {answer{std::string{status}, std::move(x)}, {}};
}
inline result reply(std::string_view status, bytes x) {
  return {answer{std::string{status}, std::move(x)}, {}};
}
inline result ok() {
  return reply("ok", empty_object());
}
inline result ok(json x) {
  return reply("ok", std::move(x));
}
inline result ok(bytes x) {
  return reply("ok", std::move(x));
}
inline result error(json x) {
  return reply("error", std::move(x));
}
inline result stop(runtime::exit_reason why) {
  return {{}, std::move(why)};
}
inline result stop(runtime::exit_reason why, result with) {
  return {std::move(with.answer), std::move(why)};
}

/// What a channel's join returns: accept(), accept(json) or refuse(json).
/// Value.
struct join_result {
  bool accepted = false;
  json reply;
};

inline join_result accept(json reply = empty_object()) {
  return {true, std::move(reply)};
}
inline join_result refuse(json reason) {
  return {false, std::move(reason)};
}

} // namespace bennu::channels
