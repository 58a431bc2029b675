#pragma once

#include "examples/load/plan.hpp"

#include <cstdint>
#include <limits>

namespace load {

/// What a user is in the midst of.
enum class stage : std::uint8_t {
  idle,      ///< has not come yet
  upgrading, ///< connects, and awaits the answer of its upgrade
  awaiting,  ///< what its last step waits for
  thinking,
  gated,
  holding,
  closing,
  over,
};

inline constexpr auto nobody = std::numeric_limits<std::uint32_t>::max();

/// All that one user takes beside its socket: 64 bytes, no memory of its own.
/// Two million of them are 128 MB. Confined to its thread.
struct user {
  int fd = -1;
  cursor at;
  load::stage stage = load::stage::idle;
  std::uint8_t session = 0;
  std::uint8_t tries = 0;

  bool is_open : 1 = false; ///< its upgrade was answered with 101
  bool is_joined : 1 = false;
  bool join_sent : 1 = false;
  bool is_late : 1 = false;    ///< its heartbeat is unanswered
  bool has_stayed : 1 = false; ///< joined, and not a moment away since
  bool is_echoing : 1 = false;
  bool in_flight : 1 = false; ///< on its way to joined, see in_flight_max
  bool wants_out : 1 = false; ///< bytes wait in its spill to be sent

  // In user_timers' list of its slot.
  std::uint32_t next = nobody;
  std::uint32_t before = nobody;
  std::uint32_t due = 0;

  std::uint32_t spill = nobody; ///< half a frame in or out

  // Of broadcasts that reached it: how many, their sum, the last one.
  std::uint32_t heard = 0;
  std::uint32_t heard_sum = 0;
  std::uint32_t heard_last = 0;

  std::uint32_t last_ref = 0;
  std::int64_t since_ns = 0; ///< connect, join or leave was sent
};
static_assert(sizeof(user) <= 72);

} // namespace load
