// A help desk: what the guides tell of and their tests run.
#pragma once

#include "channels/presence.hpp"
#include "channels/pubsub/pubsub.hpp"
#include "channels/socket_spec.hpp"
#include "channels/telemetry.hpp"
#include "channels/token.hpp"
#include "examples/guides/attendance.hpp"
#include "examples/guides/opening_hours.hpp"
#include "examples/guides/ticket_channel.hpp"
#include "runtime/node.hpp"
#include "runtime/process.hpp"
#include "runtime/telemetry.hpp"
#include "transport/endpoint.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace desk {

namespace transport = bennu::transport;

inline runtime::behavior archive(runtime::process&) {
  return {[](const look_up& x) { return json{{"found", x.number}}; }};
}

// [socket]
/// Who shows a token of ours may connect, for as long as the token counts.
inline channels::socket_spec
user_socket(const std::shared_ptr<const channels::tokens>& keys) {
  return {
    .connect = [keys](const channels::connect_request& request)
      -> channels::connect_result {
      const auto who = keys->verify("user", request.param("token"));
      if (!who)
        return channels::refuse_connect(std::string{to_string(who.error())});
      return channels::connect_result{
        session{who.data().at("user"), who.data().at("agent")}}
        .expires_in(who.expires_in());
    },
    .id = [](const session& x) { return "user:" + x.user; },
    .channels = {channels::route<ticket_channel>("ticket:*"),
                 channels::route_process("hours", opening_hours)},
  };
}
// [socket]

// [close_all]
/// Closes all connections of a user; phoenix.js comes back and is refused when
/// its token counts no more.
inline void log_out(const channels::pubsub& bus, const std::string& user) {
  channels::broadcast(bus, channels::topic{"user:" + user}, "disconnect",
                      json::object());
}
// [close_all]

// [listener]
struct ticket_opened {
  std::string number;
};

/// Any process may subscribe; what is broadcast arrives as a message.
inline runtime::behavior duty(runtime::process& self,
                              const channels::pubsub& bus,
                              std::vector<std::string>* seen) {
  bus.subscribe(self, channels::topic{"desk"});
  return {[seen](const ticket_opened& x) { seen->push_back(x.number); }};
}
// [listener]

// [presence_fetch]
/// Adds a picture to everyone who is listed, one query for all of them.
inline json with_pictures(const channels::topic&, json presences) {
  for (auto& [user, x] : presences.items())
    x["picture"] = "/pictures/" + user + ".jpg";
  return presences;
}
// [presence_fetch]

// [telemetry]
/// Counts joins that were refused or crashed.
inline void count_bad_joins(runtime::node& node, std::atomic<int>& bad) {
  node.telemetry().attach("desk.bad_joins",
                          std::string{channels::events::channel_joined},
                          [&bad](const runtime::telemetry_event& x) {
                            if (x.about("result") != "ok")
                              ++bad;
                          });
}
// [telemetry]

// [tree]
inline runtime::supervisor_spec
tree(const std::shared_ptr<const channels::tokens>& keys, std::uint16_t port) {
  return runtime::rest_for_one(
    "desk", {.max_restarts = 3, .within = 5s},
    channels::pubsub_spec({.name = "desk.pubsub"}),
    channels::presence_spec({.name = "desk.presence",
                             .pubsub = "desk.pubsub",
                             .fetch = with_pictures,
                             .init = attending("desk.pubsub")}),
    runtime::worker("desk.archive", archive),
    transport::endpoint({
      .name = "desk.endpoint",
      .port = port,
      .host = "127.0.0.1", // behind a proxy that speaks TLS
      .url_host = "desk.example.com",
      .pubsub = "desk.pubsub",
      .sockets = {{"/socket",
                   user_socket(keys),
                   {.websocket = {{.compress = true}}, .longpoll = true}}},
      .check_origin = {"https://desk.example.com"},
      .metrics_path = "/metrics",
      .connections_expected = 100'000,
      .drain = {.batch_size = 5'000, .batch_interval = 1s},
    }));
}
// [tree]

} // namespace desk
