#pragma once

#include "examples/load/figures.hpp"
#include "examples/load/frame.hpp"
#include "examples/load/sockets.hpp"
#include "examples/load/user_timers.hpp"
#include "examples/load/wire.hpp"
#include "examples/load/world.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace load {

/// A share of the users, on one thread with one file table and one epoll set.
/// Walks each through its session. What is public is thread-safe, except the
/// verbs, which are for the thread itself: `tell` it to do them.
class generator_thread {
public:
  /// `index` of all threads; `first` and `count` of all users.
  generator_thread(world& shared, std::size_t index, std::uint64_t first,
                   std::uint32_t count, std::uint64_t first_of_lane);
  ~generator_thread();
  generator_thread(const generator_thread&) = delete;
  generator_thread& operator=(const generator_thread&) = delete;

  void start();

  /// Has the thread run `f` on itself, soon; see done().
  void tell(std::function<void(generator_thread&)> f);

  /// How many of the functions it was told have returned.
  std::uint64_t done() const { return told_done_.load(); }

  const live_figures& counted() const noexcept { return counted_; }

  /// When it last heard a broadcast; monotonic.
  std::int64_t last_delivery_ns() const noexcept {
    return last_delivery_ns_.load(std::memory_order_relaxed);
  }

  /// CPU that its thread has used; 0 once it has ended.
  std::int64_t cpu_ns() const;

  /// Why it could not go on; empty: nothing.
  std::string failure() const;

  // -- verbs, for the thread itself --

  /// The first of its users who is joined at this target says something to
  /// its audience; false when there is none.
  bool say(std::size_t target);

  /// `count` of its users push, `outstanding` at once each, until then.
  void echo(std::size_t count, std::size_t outstanding, std::int64_t until_ns);

  /// All who are joined lose their connection and come back.
  void storm();
  void open_gate();

  /// Compares what users who stayed have heard with what was said.
  void check_deliveries();

  /// Everyone goes, and the thread ends.
  void stop();

private:
  void run();
  void turn();
  void let_arrive(std::int64_t now);
  void send_heartbeats(std::int64_t now);
  int wait_time(std::int64_t now) const;
  void run_told();

  // -- one user --
  void go_on(std::uint32_t who);
  bool begin_step(std::uint32_t who, const step& x);
  void begin_connect(std::uint32_t who, const step& x);
  bool begin_send(std::uint32_t who, const step& x);
  void alarm(std::uint32_t who);
  void settle(std::uint32_t who);
  void finish(std::uint32_t who);
  void drop(std::uint32_t who);
  void fail(std::uint32_t who, counter what);
  void on_event(std::uint32_t who, std::uint32_t events);
  void on_bytes(std::uint32_t who, std::string_view bytes);
  bool on_upgrade(std::uint32_t who, std::string_view& bytes);
  void on_end(std::uint32_t who);
  void on_frame(std::uint32_t who, const server_frame& frame);
  void on_close(std::uint32_t who, std::string_view payload);
  void on_message(std::uint32_t who, std::string_view text);
  void on_reply(std::uint32_t who, const server_message& m);
  void on_joined(std::uint32_t who, bool ok);
  void on_delivery(std::uint32_t who, const server_message& m);
  void on_answer(std::uint32_t who, std::string_view text);
  bool say_as(std::uint32_t who, const message_text& text);
  std::uint32_t next_ref(const user& x) const;
  void push_echoes(std::uint32_t who, std::size_t count);

  const session& session_of(const user& x) const {
    return shared_.what.sessions[x.session];
  }
  const step& current(const user& x) const;
  std::uint64_t number_of(std::uint32_t who) const { return first_ + who; }
  text_values values_for(std::uint32_t who) const;

  world& shared_;
  const std::size_t index_;
  const std::uint64_t first_;
  const std::uint64_t first_of_lane_;
  std::vector<user> users_;
  live_figures counted_;
  load::sockets sockets_;
  user_timers timers_;
  prng chance_;
  std::string text_;  // of a message, before it is a frame
  std::string bytes_; // of frames, before they are sent
  std::uint32_t arrived_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t beats_ = 0; // heartbeats looked at since the begin
  std::int64_t beats_from_ns_ = 0;
  std::int64_t now_ = 0;
  std::int64_t woke_ns_ = 0;
  std::int64_t echo_until_ns_ = 0;
  std::size_t echoes_ = 0; // answered by the bytes just read
  bool stopped_ = false;

  std::atomic<std::int64_t> last_delivery_ns_{0};
  std::atomic<std::uint64_t> told_done_{0};
  mutable std::mutex mutex_;
  std::vector<std::function<void(generator_thread&)>> told_;
  std::string failure_;
  std::atomic<bool> running_{false};
  std::thread thread_;
};

} // namespace load
