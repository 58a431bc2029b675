#include "channels/tracker/gossip.hpp"

namespace bennu::channels {

const replica& sender_of(const tracker_gossip& x) {
  return std::visit([](const auto& y) -> const replica& { return y.from; }, x);
}

} // namespace bennu::channels
