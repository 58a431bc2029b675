#pragma once

#include "examples/load/prng.hpp"
#include "examples/load/text.hpp"
#include "runtime/fwd.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <netinet/in.h>

namespace load {

using bennu::runtime::duration;

duration from_seconds(double s);

// -- where to -----------------------------------------------------------------

/// A server's address and what to ask it for. Value.
struct target {
  std::string host = "127.0.0.1";
  std::uint16_t port = 4000;

  /// From the slash on, without `/websocket`.
  std::string path = "/socket";
  sockaddr_in address{};
};

/// Parses `ws://HOST:PORT/PATH` and looks HOST up (IPv4). Throws
/// std::invalid_argument; unless `allow_remote`, also when HOST is neither
/// loopback nor an address of this machine.
target parse_target(const std::string& url, bool allow_remote);

// -- what a user does ---------------------------------------------------------

/// A step of a session.
enum class verb : std::uint8_t {
  connect, ///< TCP and upgrade
  send,    ///< a message, and what `await` says
  think,   ///< a pause
  repeat,  ///< up to its `end`, `times` times
  end,
  gate,   ///< until the scenario opens it
  hold,   ///< until the load ends
  close,  ///< close frame, and wait for the answer
  finish, ///< the session is over; each has it as its last step
};

/// What a sent message waits for.
enum class wait_for : std::uint8_t {
  nothing,
  frame,      ///< Tsung's ack="local": whatever comes next
  join_reply, ///< the reply to ref 1, which has to be ok
  reply,      ///< the reply to ref 2, to leave
};

/// How long a pause is.
struct pause {
  enum class kind : std::uint8_t { fixed, uniform, exponential };
  kind how = kind::fixed;
  double seconds = 0; ///< the mean of exponential, the least of uniform
  double seconds_max = 0;

  duration draw(prng& chance) const;
};

/// Loops inside each other; a user keeps a count for each.
inline constexpr std::size_t loops_max = 3;

struct step {
  verb what = verb::finish;
  message_text text{}; ///< send; connect: the path with its query
  wait_for await = wait_for::nothing;
  bool is_binary = false;    ///< send
  bool is_broadcast = false; ///< send: has a marker, comes back to all
  bool is_join = false;      ///< send
  pause length{};            ///< think
  std::uint32_t times = 0;   ///< repeat; 0: as long as the load runs
  std::uint16_t other = 0;   ///< repeat, end: index of its counterpart
  std::uint8_t depth = 0;    ///< repeat, end: loops around it

  /// Tsung's match: the answer has to contain it. Empty: no matter.
  std::string match{};
  bool match_is_fatal = false;  ///< that ends the session
  bool match_ends_when = false; ///< found: true, not found: false
};

/// A kind of user: its program, shared by all of them.
struct session {
  std::string name{};
  double weight = 100; ///< its share of all users, by the sum of all weights
  bool is_v2 = true;
  std::vector<step> steps{};
};

/// Where a user is in its session.
struct cursor {
  std::uint16_t next = 0;
  std::array<std::uint32_t, loops_max> turns{};
};

/// The next step that takes time or a message, past all loops. `stopping` ends
/// the loops that would go on for ever.
const step& next_step(const session& of, cursor& at, bool stopping = false);

/// Sets `other` and `depth` of all loops and adds `finish`. Throws
/// std::invalid_argument on a loop without end, an end without loop, or more
/// than loops_max of them inside each other.
void link_steps(session& x);

// -- when they come -----------------------------------------------------------

/// Users who come at an even rate: Tsung's draw the time between two at
/// random, so that a phase that ends by time starts fewer than asked.
struct arrival_phase {
  duration length{0};          ///< 0: until users_max have come
  double per_second = 0;       ///< 0: all at once
  std::uint64_t users_max = 0; ///< 0: as many as come in `length`
};

/// How many users have come `since` the begin, over phases one after the
/// other; a phase that has had its users_max is over.
std::uint64_t users_due(const std::vector<arrival_phase>& phases,
                        duration since);
std::uint64_t users_in_all(const std::vector<arrival_phase>& phases);

// -- all of it ----------------------------------------------------------------

/// A load. Value; the generator's threads read it, none writes.
struct plan {
  std::vector<target> targets;
  std::vector<session> sessions;
  std::vector<arrival_phase> arrivals;
  std::uint64_t users = 0;

  /// Users of one room, who come one after the other; 0: all are in one.
  std::uint64_t per_room = 0;

  /// Of each room, so many are of sessions[0], the rest of sessions[1]; 0: by
  /// the weights.
  std::uint64_t speakers = 0;

  /// Broadcasts cross from target to target.
  bool clustered = false;

  /// Of a user's heartbeats; 0: none.
  duration heartbeat{0};

  /// Who was closed comes back, as phoenix.js does.
  bool reconnects = false;

  /// What a generator says and pushes when it is told to.
  message_text say;
  message_text ping;
  std::uint64_t seed = 1;

  std::size_t session_of(std::uint64_t user) const;
  std::uint64_t room_of(std::uint64_t user) const;
  const target& target_of(std::uint64_t user) const {
    return targets[user % targets.size()];
  }

  /// Which users hear each other's broadcasts.
  std::uint64_t audience_of(std::uint64_t user) const;
  std::uint64_t audiences() const;
};

/// How long phoenix.js waits before it connects again, by how often it has
/// tried: 10, 50, 100, 150, 200, 250, 500, 1000, 2000, then 5000 ms.
duration reconnect_after(unsigned tries);

} // namespace load
