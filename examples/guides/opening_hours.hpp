// A topic served by a plain process.
#pragma once

#include "channels/custom_channel.hpp"
#include "runtime/process.hpp"

#include <memory>

namespace desk {

namespace channels = bennu::channels;
namespace runtime = bennu::runtime;

// [custom_channel]
/// Answers whatever its client says with when the desk is open.
inline runtime::behavior opening_hours(runtime::process& self,
                                       const channels::custom_join& at) {
  at.accept(self);
  return {[&self, at](const channels::client_push& x) {
    at.reply(self, x, channels::ok({{"open", "9 to 5"}}));
    if (x.what.event != "phx_leave")
      return;
    at.close(self);
    self.stop();
  }};
}
// [custom_channel]

} // namespace desk
