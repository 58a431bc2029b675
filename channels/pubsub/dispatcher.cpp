#include "channels/pubsub/dispatcher.hpp"

#include "runtime/process.hpp"

namespace bennu::channels {

namespace {

class to_mailboxes final : public dispatcher {
public:
  void dispatch(runtime::process& server, std::span<const delivery> to,
                const publication& what) const override {
    for (const auto& x : to)
      server.send_message(x.subscriber, what.content);
  }
};

} // namespace

const dispatcher& message_dispatcher() {
  static const to_mailboxes only;
  return only;
}

} // namespace bennu::channels
