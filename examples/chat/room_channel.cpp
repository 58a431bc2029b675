#include "examples/chat/room_channel.hpp"

#include "channels/presence.hpp"
#include "examples/chat/history.hpp"
#include "runtime/node.hpp"

#include <stdexcept>

namespace chat {

namespace channels = bennu::channels;
using namespace std::chrono_literals;

namespace {

struct after_join {};

} // namespace

// [presence]
channels::join_result room_channel::join(const channels::topic&,
                                         const json& params) {
  if (params.contains("user") && params["user"].is_string()
      && params["user"] != "")
    user_ = std::make_unique<const std::string>(params["user"]);
  // A push has to wait until the client knows that it has joined.
  if (user_)
    send(self(), after_join{});
  return channels::accept();
}

channels::result room_channel::handle_info(bennu::runtime::message& msg) {
  if (!msg.holds<after_join>())
    return channel::handle_info(msg);
  const auto here = channels::presence::find(node(), presence_name);
  here.track(*this, *user_, {{"status", "here"}});
  push("presence_state", here.state(*this));
  return channels::no_reply;
}

channels::result room_channel::on_status(const json& x) {
  if (!user_)
    return channels::error(
      {{"reason", to_string(channels::presence_error::nopresence)}});
  const auto here = channels::presence::find(node(), presence_name);
  const auto changed = here.update(*this, *user_, x);
  if (!changed)
    return channels::error({{"reason", to_string(changed.error)}});
  return channels::ok();
}
// [presence]

channels::result room_channel::handle_in(std::string_view event,
                                         const payload& x) {
  if (event == "ping")
    return x.is_binary()
             ? channels::ok(channels::binary(std::string{x.as_bytes()}))
             : channels::ok(x.as_json());
  if (event != "new_msg")
    return channel::handle_in(event, x);
  if (x.is_binary()) {
    broadcast("new_msg", channels::binary(std::string{x.as_bytes()}));
  } else {
    broadcast("new_msg", x.as_json());
    send(history_name, append{topic_name().str(), x.as_json()});
  }
  return channels::no_reply;
}

channels::result room_channel::on_history() {
  const auto to = ref();
  request(node().whereis(history_name), 2s, recent{topic_name().str()})
    .then(
      [this, to](const json& messages) {
        reply(to, channels::ok({{"messages", messages}}));
      },
      [this, to](const bennu::runtime::exit_reason& why) {
        reply(to, channels::error({{"reason", to_string(why)}}));
      });
  return channels::no_reply;
}

channels::result room_channel::on_boom() {
  throw std::runtime_error("boom");
}

} // namespace chat
