#pragma once

#include "channels/tracker/delta.hpp"
#include "channels/tracker/replica.hpp"

#include <string>
#include <variant>

namespace bennu::channels {

/// "I live", with what has changed here since the last one (maybe nothing) and
/// what I have seen of everyone.
struct tracker_heartbeat {
  replica from{};
  delta changes{};
  clock_vector seen{};
};

/// "Send me what I lack."
struct transfer_request {
  replica from{};
  clock_vector seen{};
};
struct transfer_answer {
  replica from{};
  delta changes{};
};

/// "I go and do not come back: forget me."
struct tracker_goodbye {
  replica from{};
};

/// What the trackers of one name on several nodes tell each other.
using tracker_gossip = std::variant<tracker_heartbeat, transfer_request,
                                    transfer_answer, tracker_goodbye>;

/// Whom it is from.
const replica& sender_of(const tracker_gossip& x);

/// The way of a tracker to its peers on other nodes. What they send arrives
/// through tracker::receive. Any of it may be lost, late, twice or in another
/// order. Called in the tracker's process; what it throws is logged and counts
/// as lost.
class tracker_peers {
public:
  virtual ~tracker_peers() = default;

  /// To all others.
  virtual void broadcast(const tracker_gossip& x) = 0;

  /// To one.
  virtual void send(const replica& to, const tracker_gossip& x) = 0;
};

} // namespace bennu::channels
