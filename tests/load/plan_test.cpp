#include "examples/load/generator.hpp"
#include "examples/load/plan.hpp"
#include "examples/load/user_timers.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace load;
using namespace std::chrono_literals;

step of(verb what, std::uint32_t times = 0) {
  return {.what = what, .times = times};
}

session linked(std::vector<step> steps) {
  session out;
  out.steps = std::move(steps);
  link_steps(out);
  return out;
}

std::string walk(const session& x, std::size_t most, bool stopping = false) {
  std::string out;
  cursor at;
  for (std::size_t i = 0; i < most; ++i)
    switch (next_step(x, at, stopping).what) {
    case verb::connect:
      out += 'c';
      break;
    case verb::think:
      out += 't';
      break;
    case verb::close:
      out += 'x';
      break;
    default:
      return out + '.';
    }
  return out;
}

TEST(load_plan, loops_inside_loops_turn_as_often_as_they_say) {
  const auto x =
    linked({of(verb::connect), of(verb::repeat, 2), of(verb::repeat, 3),
            of(verb::think), of(verb::end), of(verb::close), of(verb::end)});
  EXPECT_EQ(walk(x, 100), "ctttxtttx.");
}

TEST(load_plan, a_loop_for_ever_ends_when_the_load_does) {
  const auto x = linked({of(verb::repeat), of(verb::connect), of(verb::end)});
  EXPECT_EQ(walk(x, 5), "ccccc");
  EXPECT_EQ(walk(x, 5, true), "c.");
}

TEST(load_plan, a_loop_needs_its_end_and_not_too_many_around) {
  EXPECT_THROW(linked({of(verb::repeat)}), std::invalid_argument);
  EXPECT_THROW(linked({of(verb::end)}), std::invalid_argument);
  std::vector<step> steps(loops_max, of(verb::repeat, 1));
  steps.insert(steps.end(), loops_max, of(verb::end));
  EXPECT_NO_THROW(linked(steps));
  steps.insert(steps.begin(), of(verb::repeat, 1));
  steps.push_back(of(verb::end));
  EXPECT_THROW(linked(steps), std::invalid_argument);
}

TEST(load_plan, users_come_evenly_until_maxnumber) {
  const std::vector<arrival_phase> x{
    {.length = 100s, .per_second = 10, .users_max = 25}};
  EXPECT_EQ(users_in_all(x), 25u);
  EXPECT_EQ(users_due(x, 0s), 1u);
  EXPECT_EQ(users_due(x, 1s), 11u);
  EXPECT_EQ(users_due(x, 2400ms), 25u);
  EXPECT_EQ(users_due(x, 50s), 25u);
}

TEST(load_plan, a_phase_begins_when_the_one_before_has_had_its_users) {
  const std::vector<arrival_phase> x{
    {.length = 100s, .per_second = 10, .users_max = 20},
    {.length = 1s, .per_second = 5}};
  EXPECT_EQ(users_in_all(x), 25u);
  EXPECT_EQ(users_due(x, 2s), 21u);
  EXPECT_EQ(users_due(x, 2500ms), 23u);
  EXPECT_EQ(users_due(x, 9s), 25u);
}

TEST(load_plan, without_a_rate_all_come_at_once) {
  EXPECT_EQ(users_due({{.users_max = 7}}, 0s), 7u);
}

TEST(load_plan, rooms_have_their_speakers_first) {
  plan x;
  x.targets.resize(1);
  x.sessions.resize(2);
  x.users = 25;
  x.per_room = 10;
  x.speakers = 2;
  EXPECT_EQ(x.room_of(9), 0u);
  EXPECT_EQ(x.room_of(10), 1u);
  EXPECT_EQ(x.session_of(11), 0u);
  EXPECT_EQ(x.session_of(12), 1u);
  EXPECT_EQ(x.audiences(), 3u);
}

TEST(load_plan, sessions_are_drawn_by_their_weights_and_the_seed) {
  plan x;
  x.sessions = {{.weight = 75}, {.weight = 25}};
  std::size_t first = 0;
  for (std::uint64_t user = 0; user < 10'000; ++user)
    first += x.session_of(user) == 0;
  EXPECT_NEAR(static_cast<double>(first), 7'500, 200);
  EXPECT_EQ(x.session_of(5), x.session_of(5));
}

TEST(load_plan, a_target_is_taken_apart) {
  const auto x = parse_target("ws://127.0.0.1:4100/socket/websocket", false);
  EXPECT_EQ(x.port, 4100);
  EXPECT_EQ(x.path, "/socket");
  EXPECT_EQ(ntohs(x.address.sin_port), 4100);
  for (const auto* bad :
       {"", "http://127.0.0.1", "ws://", "ws://127.0.0.1:0/", "ws://:4000/",
        "ws://127.0.0.1:65536/", "ws://127.0.0.1:x/", "ws://127.0.0.1/a?b"})
    EXPECT_THROW(parse_target(bad, false), std::invalid_argument) << bad;
}

TEST(load_plan, another_machine_is_loaded_only_when_allowed) {
  EXPECT_THROW(parse_target("ws://192.0.2.1:80/", false),
               std::invalid_argument);
  EXPECT_NO_THROW(parse_target("ws://192.0.2.1:80/", true));
}

TEST(load_plan, phoenix_waits_longer_each_time_it_fails) {
  EXPECT_EQ(reconnect_after(1), 10ms);
  EXPECT_EQ(reconnect_after(9), 2s);
  EXPECT_EQ(reconnect_after(10), 5s);
  EXPECT_EQ(reconnect_after(255), 5s);
}

TEST(load_plan, a_file_table_more_takes_a_thread_more) {
  EXPECT_EQ(threads_for(100, 0, 20'000, 2), 2u);
  EXPECT_EQ(threads_for(1, 0, 20'000, 2), 1u);
  EXPECT_EQ(threads_for(39'400, 0, 20'000, 2), 2u);
  EXPECT_EQ(threads_for(39'401, 0, 20'000, 2), 3u);
  EXPECT_EQ(threads_for(2'000'000, 0, 20'000, 2), 102u);
  EXPECT_THROW(threads_for(39'401, 2, 20'000, 2), std::invalid_argument);
  EXPECT_NO_THROW(threads_for(10, threads_max, 20'000, 2));
  EXPECT_THROW(threads_for(10, threads_max + 1, 20'000, 2),
               std::invalid_argument);
}

TEST(load_timers, ring_when_due_and_not_before_and_not_when_cancelled) {
  constexpr std::int64_t ms = 1'000'000;
  std::vector<user> users(4);
  user_timers timers{users, 0};
  std::string rung;
  const auto advance = [&](std::int64_t to) {
    timers.advance(
      to, [&](std::uint32_t who) { rung += static_cast<char>('a' + who); });
  };
  timers.set(0, 10 * ms);
  timers.set(1, 10 * ms);
  timers.set(2, 60'000 * ms); // more than a turn of the wheel
  timers.set(3, 20 * ms);
  timers.cancel(1);
  advance(10 * ms - 1);
  EXPECT_EQ(rung, "");
  advance(18 * ms);
  EXPECT_EQ(rung, "a");
  timers.set(3, 100 * ms);
  advance(50'000 * ms);
  EXPECT_EQ(rung, "ad");
  advance(60'008 * ms);
  EXPECT_EQ(rung, "adc");
}

TEST(load_timers, one_that_rings_may_set_and_cancel_others) {
  constexpr std::int64_t ms = 1'000'000;
  std::vector<user> users(3);
  user_timers timers{users, 0};
  int rings = 0;
  for (std::uint32_t who = 0; who < 3; ++who)
    timers.set(who, 8 * ms);
  timers.advance(40 * ms, [&](std::uint32_t who) {
    if (++rings == 1) {
      timers.cancel((who + 1) % 3);
      timers.set((who + 2) % 3, 80 * ms);
    }
  });
  EXPECT_EQ(rings, 1);
  timers.advance(100 * ms, [&](std::uint32_t) { ++rings; });
  EXPECT_EQ(rings, 2);
}

} // namespace
