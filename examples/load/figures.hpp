#pragma once

#include "examples/load/histogram.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace load {

/// What is counted. Names in JSON are those of `counter_names`.
enum class counter : std::uint8_t {
  arrived,         ///< users who began their session
  finished,        ///< users whose session came to its end
  opened,          ///< websockets that were opened
  closed,          ///< of those, all that are no longer open
  joined,          ///< joins answered with ok
  left,            ///< of those, all that have left or were closed
  connect_failed,  ///< no TCP connection, or lost before its upgrade
  upgrade_refused, ///< another answer than 101
  join_refused,    ///< a join answered with another status than ok
  reply_refused,   ///< a push or leave answered with another status than ok
  lost_connection, ///< closed by the server though the user meant to stay
  bad_frame,       ///< bytes that are no frame of a server
  timed_out,       ///< an answer that did not come in time
  sent,            ///< messages of users, heartbeats not among them
  replies,         ///< answers to pushes
  deliveries,      ///< this process's broadcasts that reached a user
  overheard,       ///< other processes' broadcasts that did
  lost,            ///< broadcasts that did not reach a user who stayed
  doubled,         ///< broadcasts that reached a user twice
  channel_closed,  ///< phx_error or phx_close that nobody asked for
  matched,         ///< answers that had the text a Tsung match asks for
  not_matched,
  heartbeats,      ///< sent
  heartbeats_late, ///< unanswered when the next one was due
  cycles,          ///< sessions walked through from connect to close
  send_blocked,    ///< writes that found the send buffer full
  no_port,         ///< connects without a free port or address
  no_file,         ///< connects without a free file descriptor
  bytes_in,
  bytes_out,
  count_
};
inline constexpr auto counters = static_cast<std::size_t>(counter::count_);
extern const std::array<const char*, counters> counter_names;

/// What is timed.
enum class timing : std::uint8_t {
  connect,  ///< from connect() to the answer of the upgrade
  join,     ///< from phx_join to its reply
  reply,    ///< from a push or leave to its reply
  delivery, ///< from a broadcast's push to each of its deliveries
  lag,      ///< how long what comes may wait for the generator: its turns
  count_
};
inline constexpr auto timings = static_cast<std::size_t>(timing::count_);
extern const std::array<const char*, timings> timing_names;

/// Closes by the server, by their code. 1000 to 1015, and these:
inline constexpr unsigned close_without_frame = 0; ///< end of file or a reset
inline constexpr unsigned close_other = 1;         ///< codes elsewhere

/// One thread's figures: it alone writes, others read meanwhile.
class live_figures {
public:
  void add(counter what, std::uint64_t n = 1) noexcept {
    auto& x = counts_[static_cast<std::size_t>(what)];
    x.store(x.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t get(counter what) const noexcept {
    return counts_[static_cast<std::size_t>(what)].load(
      std::memory_order_relaxed);
  }
  void took(timing what, std::int64_t ns) noexcept {
    times_[static_cast<std::size_t>(what)].add(
      ns > 0 ? static_cast<std::uint64_t>(ns) : 0);
  }
  void closed_with(unsigned code) noexcept;

private:
  friend class figures;
  static constexpr std::size_t close_slots = 18;
  std::array<std::atomic<std::uint64_t>, counters> counts_{};
  std::array<histogram, timings> times_{};
  std::array<std::atomic<std::uint32_t>, close_slots> closes_{};
};

/// The figures of threads, or of processes, together. Value.
class figures {
public:
  figures& operator+=(const live_figures& x);
  figures& operator+=(const figures& x);

  /// What was added since an earlier look.
  figures since(const figures& before) const;

  std::uint64_t operator[](counter what) const noexcept {
    return counts_[static_cast<std::size_t>(what)];
  }
  std::uint64_t& operator[](counter what) noexcept {
    return counts_[static_cast<std::size_t>(what)];
  }
  const distribution& operator[](timing what) const noexcept {
    return times_[static_cast<std::size_t>(what)];
  }

  /// Open now, joined now, in the midst of their session now.
  std::uint64_t connected() const noexcept;
  std::uint64_t joined_now() const noexcept;
  std::uint64_t users() const noexcept;

  /// What went wrong, all kinds together.
  std::uint64_t errors() const noexcept;

  /// `{"1006": 3}`; "none" for a close without a frame.
  bennu::channels::json close_codes() const;

  /// Every counter by its name.
  bennu::channels::json counts() const;

  /// Every timing that has one, by its name, as a summary.
  bennu::channels::json latency() const;

  /// All of it, for another process to add.
  bennu::channels::json to_json() const;
  static figures from_json(const bennu::channels::json& x);

private:
  std::array<std::uint64_t, counters> counts_{};
  std::array<distribution, timings> times_{};
  std::map<unsigned, std::uint64_t> closes_;
};

} // namespace load
