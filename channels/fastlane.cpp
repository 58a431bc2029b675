#include "channels/fastlane.hpp"

#include "channels/broadcast.hpp"
#include "channels/socket.hpp"
#include "runtime/process.hpp"
#include "runtime/shard.hpp"

#include <exception>

namespace bennu::channels {

namespace {

/// What one lane gets: mostly all subscribers of a topic share a lane, so the
/// answer for the last one is kept.
struct decision {
  const lane* of = nullptr;
  frame_ptr frame;
  bool to_mailbox = true;
};

decision decide(const lane* x, const broadcast_message& msg) {
  const auto* fast = static_cast<const fastlane*>(x);
  if (!fast || fast->intercepts(msg.event()))
    return {x, {}, true};
  return {x, msg.frame_for(fast->serializer()), false};
}

/// A socket that cannot take a frame ends; the others do not notice.
void write(runtime::shard& here, runtime::process& to, const frame_ptr& frame) {
  auto& receiver = static_cast<socket&>(to);
  try {
    receiver.write(frame);
  } catch (...) {
    const auto failure = std::current_exception();
    here.run_as(to, [&] { std::rethrow_exception(failure); });
  }
}

class past_channels final : public dispatcher {
public:
  void dispatch(runtime::process& server, std::span<const delivery> to,
                const publication& what) const override {
    const auto* msg = what.content.value_if<broadcast_message>();
    if (!msg)
      return message_dispatcher().dispatch(server, to, what);
    auto& here = server.home();
    decision last;
    for (const auto& x : to) {
      if (x.lane != last.of || !x.lane)
        last = decide(x.lane, *msg);
      if (last.to_mailbox)
        server.send_message(x.subscriber, what.content);
      else if (auto* receiver = here.find(x.fastlane); receiver && last.frame)
        write(here, *receiver, last.frame);
    }
  }
};

} // namespace

const dispatcher& fastlane_dispatcher() {
  static const past_channels only;
  return only;
}

} // namespace bennu::channels
