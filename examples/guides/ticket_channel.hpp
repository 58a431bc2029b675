// A help desk: what the guides tell of and their tests run.
#pragma once

#include "channels/channel.hpp"
#include "channels/presence.hpp"
#include "runtime/node.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace desk {

namespace channels = bennu::channels;
namespace runtime = bennu::runtime;
using channels::json;
using namespace std::chrono_literals;

// [session]
/// What a connect leaves for the client's channels.
struct session {
  std::string user;
  bool agent = false;
};
// [session]

/// Answers after a while, as a database would.
struct look_up {
  std::string number;
};

// [ticket_channel]
struct comment {
  std::string text;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(comment, text)

/// One process per client and ticket.
class ticket_channel final : public channels::channel {
public:
  static auto events() {
    return channels::event_map<ticket_channel>{
      {"comment", &ticket_channel::on_comment},
      {"photo", &ticket_channel::on_photo},
      {"details", &ticket_channel::on_details},
      {"done", &ticket_channel::on_done},
    };
  }

  channels::join_result join(const channels::topic& ticket,
                             const json&) override {
    if (ticket.subtopic() == "vip" && !me().agent)
      return channels::refuse({{"reason", "unauthorized"}});
    send(self(), after_join{}); // the client first learns that it has joined
    return channels::accept({{"ticket", ticket.subtopic()}});
  }
  // [ticket_channel]

  // [intercept]
  /// Agents only get what is for agents.
  static std::vector<std::string> intercepts() { return {"note"}; }

  channels::result handle_out(std::string_view event,
                              const channels::payload& x) override {
    if (me().agent)
      push(event, x.as_json());
    return channels::no_reply;
  }
  // [intercept]

  // [after_join]
  channels::result handle_info(runtime::message& msg) override {
    if (!msg.holds<after_join>())
      return channel::handle_info(msg);
    const auto here = channels::presence::find(node(), "desk.presence");
    here.track(*this, me().user, {{"agent", me().agent}});
    push("presence_state", here.state(*this));
    return channels::no_reply;
  }
  // [after_join]

private:
  struct after_join {};

  // [handlers]
  channels::result on_comment(const comment& x) {
    if (x.text.empty())
      return channels::error({{"reason", "empty"}});
    broadcast("comment", {{"user", me().user}, {"text", x.text}});
    return channels::ok();
  }

  channels::result on_photo(channels::bytes_view jpeg) {
    broadcast_from("photo", channels::binary(std::string{jpeg}));
    return channels::no_reply;
  }

  channels::result on_done() {
    return channels::stop(runtime::exit_reason::normal(),
                          channels::ok({{"closed", true}}));
  }
  // [handlers]

  // [later]
  channels::result on_details() {
    // Asks without waiting: this process goes on with its mailbox.
    request(node().whereis("desk.archive"), 2s,
            look_up{std::string{topic_name().subtopic()}})
      .then([this,
             to = ref()](const json& found) { reply(to, channels::ok(found)); },
            [this, to = ref()](const runtime::exit_reason& why) {
              reply(to, channels::error({{"reason", to_string(why)}}));
            });
    return channels::no_reply;
  }
  // [later]

  const session& me() const { return assigns<session>(); }
};

} // namespace desk
