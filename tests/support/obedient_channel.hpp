#pragma once

#include "channels/channel.hpp"
#include "channels/socket_spec.hpp"

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace bennu::channels {

struct session {
  std::string user;
};

/// A message for a room from any process.
struct shout {
  std::string text;
};
struct stop_with {
  runtime::exit_reason why;
};

struct point {
  int x = 0;
  int y = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(point, x, y)

/// Does whatever a test's client tells it.
class obedient_channel final : public channel {
public:
  static auto events() {
    return event_map<obedient_channel>{
      {"echo", &obedient_channel::echo},
      {"echo_bytes", &obedient_channel::echo_bytes},
      {"point", &obedient_channel::on_point},
      {"boom", &obedient_channel::boom},
      {"quit", &obedient_channel::quit},
      {"quit_with_reply", &obedient_channel::quit_with_reply},
      {"fail", &obedient_channel::fail},
      {"exit_normal", &obedient_channel::exit_normal},
      {"maybe", &obedient_channel::maybe},
      {"later", &obedient_channel::later},
      {"tell", &obedient_channel::tell},
      {"tell_others", &obedient_channel::tell_others},
      {"tell_bytes", &obedient_channel::tell_bytes},
      {"push_me", &obedient_channel::push_me},
      {"push_bytes", &obedient_channel::push_bytes},
      {"push_list", &obedient_channel::push_list},
      {"trap", &obedient_channel::trap},
      {"silent", &obedient_channel::silent},
      {"whoami", &obedient_channel::whoami},
      {"pid", &obedient_channel::tell_pid},
      {"disconnect", &obedient_channel::disconnect},
    };
  }

  static std::vector<std::string> intercepts() { return {"secret"}; }

  join_result join(const topic& room, const json& params) override {
    if (room.subtopic() == "staff")
      return refuse({{"reason", "unauthorized"}});
    if (room.subtopic() == "crash")
      throw std::runtime_error("crashed in join");
    if (room.subtopic() == "early")
      push("too_early", json::object());
    return accept(params);
  }

  result handle_info(runtime::message& msg) override {
    if (const auto* x = msg.value_if<shout>()) {
      push("shout", {{"text", x->text}});
      return no_reply;
    }
    if (const auto* x = msg.value_if<stop_with>())
      return channels::stop(x->why);
    if (const auto* x = msg.value_if<broadcast_message>()) {
      push("elsewhere", {{"event", x->event()}});
      return no_reply;
    }
    return channel::handle_info(msg);
  }

  result handle_out(std::string_view event, const payload& x) override {
    push(event, {{"seen_by", assigns<session>().user}, {"was", x.as_json()}});
    return no_reply;
  }

  void terminate(const runtime::exit_reason& why) override {
    if (joined())
      push("terminating", {{"why", to_string(why)}});
  }

private:
  result echo(const json& x) { return ok(x); }
  result echo_bytes(bytes_view x) { return ok(binary(std::string{x})); }
  result on_point(const point& p) { return ok({{"sum", p.x + p.y}}); }
  result boom() { throw std::runtime_error("boom"); }
  result quit() { return channels::stop(runtime::exit_reason::normal()); }
  result quit_with_reply() {
    return channels::stop(runtime::exit_reason::shutdown(), ok({{"bye", 1}}));
  }
  result fail() {
    return channels::stop(runtime::exit_reason::error("failed"));
  }
  result exit_normal() { exit(runtime::exit_reason::normal()); }
  result maybe(const json& x) { return channels::reply("maybe", x); }
  result later(const json& x) {
    spawn([to = ref(), x](runtime::process& self) {
      channels::reply(self, to, ok({{"n", 1}}));
      channels::reply(self, to, channels::error({{"was", x}}));
    });
    return no_reply;
  }
  result tell(const json& x) {
    broadcast(x.at("event").get<std::string>(), x.at("payload"));
    return no_reply;
  }
  result tell_others(const json& x) {
    broadcast_from(x.at("event").get<std::string>(), x.at("payload"));
    return no_reply;
  }
  result tell_bytes(bytes_view x) {
    broadcast("bytes", binary(std::string{x}));
    return no_reply;
  }
  result push_me(const json& x) {
    push("pushed", x);
    return no_reply;
  }
  result push_bytes(bytes_view x) {
    push("pushed", binary(std::string{x}));
    return no_reply;
  }
  result push_list() {
    push("pushed", json::array({1, 2}));
    return no_reply;
  }
  result trap() {
    trap_exit(true);
    return ok();
  }
  result silent() { return no_reply; }
  result whoami() { return ok({{"user", assigns<session>().user}}); }
  /// Closes the connections of a socket id, as an administrator would.
  result disconnect(const json& x) {
    channels::broadcast(bus(), topic{x.at("id").get<std::string>()},
                        "disconnect", json::object());
    return no_reply;
  }
  result tell_pid() {
    return ok({{"slot", self().slot}, {"serial", self().serial}});
  }
};

inline socket_spec obedient_socket() {
  return {
    .connect = [](const connect_request& req) -> connect_result {
      return session{req.param("name").value_or("ann")};
    },
    .id = [](const session& s) { return "users:" + s.user; },
    .channels = {route<obedient_channel>("room:*"),
                 route<obedient_channel>("exact")},
    .channels_max = 3,
    .join_queue_max = 2,
    .channel_queue_max = 4,
  };
}

} // namespace bennu::channels
