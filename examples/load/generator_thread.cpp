#include "examples/load/generator_thread.hpp"

#include "runtime/clock.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include <pthread.h>
#include <time.h>

namespace load {

namespace {

/// Longest wait for an event. A hundred idle threads that look round this
/// often cost one core a hundredth.
constexpr std::chrono::milliseconds wait_max{200};

} // namespace

std::int64_t now_ns() {
  return bennu::runtime::real_clock().now().time_since_epoch().count();
}

generator_thread::generator_thread(world& shared, std::size_t index,
                                   std::uint64_t first, std::uint32_t count,
                                   std::uint64_t first_of_lane)
  : shared_(shared), index_(index), first_(first),
    first_of_lane_(first_of_lane), users_(count),
    sockets_(shared, users_, first, counted_), timers_(users_, now_ns()),
    chance_(hash_of(shared.what.seed, first + shared.how.first_user)) {}

generator_thread::~generator_thread() {
  if (!thread_.joinable())
    return;
  tell([](generator_thread& x) { x.stop(); });
  thread_.join();
}

void generator_thread::start() {
  running_ = true;
  thread_ = std::thread([this] { run(); });
}

void generator_thread::tell(std::function<void(generator_thread&)> f) {
  {
    const std::lock_guard lock{mutex_};
    told_.push_back(std::move(f));
  }
  sockets_.wake();
}

std::int64_t generator_thread::cpu_ns() const {
  // The handle stays valid until the thread is joined.
  clockid_t clock{};
  timespec t{};
  auto& handle = const_cast<std::thread&>(thread_);
  if (!running_ || !thread_.joinable()
      || ::pthread_getcpuclockid(handle.native_handle(), &clock) != 0
      || ::clock_gettime(clock, &t) != 0)
    return 0;
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

std::string generator_thread::failure() const {
  const std::lock_guard lock{mutex_};
  return failure_;
}

void generator_thread::run() {
  try {
    sockets_.take_own_files();
    for (std::size_t i = 0; i < users_.size(); ++i)
      users_[i].session =
        static_cast<std::uint8_t>(shared_.what.session_of(first_ + i));
    while (!stopped_)
      turn();
  } catch (const std::exception& e) {
    const std::lock_guard lock{mutex_};
    failure_ = e.what();
  }
  running_ = false;
}

void generator_thread::turn() {
  now_ = now_ns();
  if (woke_ns_ != 0)
    counted_.took(timing::lag, now_ - woke_ns_);
  woke_ns_ = 0;
  run_told();
  let_arrive(now_);
  timers_.advance(now_, [this](std::uint32_t who) { alarm(who); });
  if (shared_.what.heartbeat.count() != 0)
    send_heartbeats(now_);
  sockets_.wait(wait_time(now_), [this](std::uint32_t who, std::uint32_t what) {
    now_ = now_ns();
    if (woke_ns_ == 0)
      woke_ns_ = now_;
    on_event(who, what);
  });
}

void generator_thread::run_told() {
  std::vector<std::function<void(generator_thread&)>> todo;
  {
    const std::lock_guard lock{mutex_};
    todo.swap(told_);
  }
  for (const auto& f : todo) {
    f(*this);
    ++told_done_;
  }
}

void generator_thread::let_arrive(std::int64_t now) {
  const auto begin = shared_.begin_ns.load(std::memory_order_acquire);
  if (begin == 0 || arrived_ == users_.size() || shared_.stopping)
    return;
  const auto lane = index_ % shared_.lanes_max;
  auto& turn = shared_.lanes[lane].turn;
  if (turn.load() != index_ / shared_.lanes_max)
    return;
  const auto& what = shared_.what;
  const auto all = users_due(what.arrivals, duration{now - begin});
  // Users come by turns to each lane; the last of a lane may be one more.
  const auto due = all >= what.users ? what.users
                                     : all / shared_.lanes_max
                                         + (lane < all % shared_.lanes_max);
  const auto mine = std::min<std::uint64_t>(
    users_.size(), due > first_of_lane_ ? due - first_of_lane_ : 0);
  const auto in_flight_max =
    std::max<std::size_t>(1, shared_.how.in_flight_max / shared_.lanes_max);
  while (arrived_ < mine && in_flight_ < in_flight_max) {
    counted_.add(counter::arrived);
    go_on(arrived_++);
  }
  if (arrived_ == users_.size()) {
    ++turn;
    shared_.wake(index_ + shared_.lanes_max);
  }
}

int generator_thread::wait_time(std::int64_t now) const {
  // Who comes at a rate is not announced by an event.
  const bool expects_users =
    shared_.begin_ns.load(std::memory_order_relaxed) != 0
    && arrived_ < users_.size() && !shared_.stopping
    && shared_.lanes[index_ % shared_.lanes_max].turn
         == index_ / shared_.lanes_max;
  const auto longest = expects_users ? std::chrono::milliseconds{2} : wait_max;
  return static_cast<int>(
    timers_.until_next(now, std::max(longest, user_timers::tick)).count());
}

void generator_thread::send_heartbeats(std::int64_t now) {
  static const auto frames = [] {
    std::array<std::string, 2> out;
    append_frame(
      out[0], opcode::text,
      R"({"topic":"phoenix","event":"heartbeat","payload":{},"ref":"h"})");
    append_frame(out[1], opcode::text,
                 R"([null,"h","phoenix","heartbeat",{}])");
    return out;
  }();
  if (beats_from_ns_ == 0)
    beats_from_ns_ = now;
  // Spread evenly: a user is looked at when its turn comes, all within one
  // interval. So nobody needs an alarm.
  const auto turns = static_cast<double>(now - beats_from_ns_)
                     / static_cast<double>(shared_.what.heartbeat.count());
  const auto due =
    static_cast<std::uint64_t>(turns * static_cast<double>(users_.size()));
  for (; beats_ < due; ++beats_) {
    const auto who = static_cast<std::uint32_t>(beats_ % users_.size());
    auto& x = users_[who];
    if (!x.is_open || x.stage == stage::closing)
      continue;
    if (x.is_late)
      counted_.add(counter::heartbeats_late);
    x.is_late = true;
    counted_.add(counter::heartbeats);
    if (!sockets_.send(who, frames[session_of(x).is_v2 ? 1 : 0]))
      on_end(who);
  }
}

// -- what the scenario tells --------------------------------------------------

bool generator_thread::say(std::size_t target) {
  const auto targets = shared_.what.targets.size();
  for (std::uint32_t who = 0; who < users_.size(); ++who)
    if (users_[who].is_joined && number_of(who) % targets == target) {
      counted_.add(counter::sent);
      return say_as(who, shared_.what.say);
    }
  return false;
}

void generator_thread::echo(std::size_t count, std::size_t outstanding,
                            std::int64_t until_ns) {
  echo_until_ns_ = until_ns;
  for (auto& x : users_)
    x.is_echoing = false;
  for (std::uint32_t who = 0; who < users_.size() && count > 0; ++who)
    if (users_[who].is_joined) {
      users_[who].is_echoing = true;
      push_echoes(who, outstanding);
      --count;
    }
}

void generator_thread::storm() {
  for (std::uint32_t who = 0; who < users_.size(); ++who)
    if (users_[who].is_joined) {
      drop(who);
      users_[who].stage = stage::thinking;
      users_[who].at = {};
      users_[who].tries = 1;
      timers_.set(who, now_ + reconnect_after(1).count());
    }
}

void generator_thread::open_gate() {
  for (std::uint32_t who = 0; who < users_.size(); ++who)
    if (users_[who].stage == stage::gated)
      go_on(who);
}

void generator_thread::check_deliveries() {
  for (std::uint32_t who = 0; who < users_.size(); ++who) {
    const auto& x = users_[who];
    if (!x.has_stayed)
      continue;
    const auto& a = shared_.audiences[shared_.what.audience_of(number_of(who))];
    const auto said = a.said.load();
    if (x.heard < said)
      counted_.add(counter::lost, said - x.heard);
    else if (x.heard > said)
      counted_.add(counter::doubled, x.heard - said);
    else if (x.heard_sum != a.sum.load()) {
      counted_.add(counter::lost);
      counted_.add(counter::doubled);
    }
  }
}

void generator_thread::stop() {
  stopped_ = true;
  for (std::uint32_t who = 0; who < users_.size(); ++who)
    if (users_[who].stage != stage::idle && users_[who].stage != stage::over)
      finish(who);
}

} // namespace load
