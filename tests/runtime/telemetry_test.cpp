#include "runtime/log.hpp"
#include "runtime/telemetry.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace bennu::runtime {
namespace {

using ids = std::vector<std::string>;

class telemetry_test : public testing::Test {
protected:
  telemetry_test() {
    log_to(
      [this](log_level, std::string_view line) { logged.emplace_back(line); });
  }
  ~telemetry_test() override { log_to({}); }

  telemetry::handler note(const std::string& as) {
    return [this, as](const telemetry_event& x) {
      seen.push_back(as + " " + std::string{x.about("who")});
    };
  }

  void say(const std::string& who) {
    events.execute({"said", {{"bytes", 3.0}}, {{"who", who}}});
  }

  telemetry events;
  ids seen;
  ids logged;
};

TEST_F(telemetry_test, calls_the_handlers_of_an_event_in_order) {
  EXPECT_TRUE(events.attach("b", "said", note("b")));
  EXPECT_TRUE(events.attach("a", "said", note("a")));
  EXPECT_TRUE(events.attach("c", "left", note("c")));
  say("ann");
  EXPECT_EQ(seen, (ids{"b ann", "a ann"}));
  EXPECT_EQ(events.handlers("said"), (ids{"b", "a"}));
}

TEST_F(telemetry_test, tells_beforehand_whether_anybody_listens) {
  constexpr event_names rooms{"said", "left"};
  EXPECT_FALSE(events.attached(rooms));
  events.attach("a", "left", note("a"));
  EXPECT_TRUE(events.attached(rooms));
  EXPECT_TRUE(events.attached({"left"}));
  EXPECT_FALSE(events.attached({"said"}));
  EXPECT_FALSE(events.attached({}));
  events.detach("a");
  EXPECT_FALSE(events.attached(rooms));
}

// Names may share a bit of event_names; whoever is asked then looks closer.
TEST_F(telemetry_test, names_that_share_a_bit_are_told_apart) {
  const std::string name = "said";
  std::string twin;
  for (int i = 0; twin.empty(); ++i)
    if (const auto other = std::to_string(i);
        event_names{other}.bits() == event_names{name}.bits())
      twin = other;
  events.attach("a", twin, note("a"));
  EXPECT_TRUE(events.attached({name}));
  say("ann");
  EXPECT_EQ(seen, ids{});
}

TEST_F(telemetry_test, hands_over_measurements_and_metadata) {
  double bytes = 0;
  events.attach("a", "said", [&](const telemetry_event& x) {
    bytes = x.measurement("bytes");
    EXPECT_EQ(x.measurement("other"), 0.0);
    EXPECT_EQ(x.about("other"), "");
    EXPECT_EQ(x.name, "said");
  });
  say("ann");
  EXPECT_EQ(bytes, 3.0);
}

TEST_F(telemetry_test, an_id_is_taken_until_it_is_detached) {
  EXPECT_TRUE(events.attach("a", "said", note("a")));
  EXPECT_FALSE(events.attach("a", "left", note("a")));
  EXPECT_TRUE(events.detach("a"));
  EXPECT_FALSE(events.detach("a"));
  say("ann");
  EXPECT_EQ(seen, ids{});
  EXPECT_TRUE(events.attach("a", "left", note("a")));
}

TEST_F(telemetry_test, takes_its_limit_of_handlers_and_not_one_more) {
  for (std::size_t i = 0; i < telemetry::handlers_max; ++i)
    ASSERT_TRUE(events.attach(std::to_string(i), "said", note("x")));
  EXPECT_FALSE(events.attach("more", "said", note("x")));
  events.detach("0");
  EXPECT_TRUE(events.attach("more", "said", note("x")));
}

TEST_F(telemetry_test, one_that_throws_is_detached_and_the_others_go_on) {
  events.attach("bad", "said", [](const telemetry_event&) {
    throw std::runtime_error("cannot count");
  });
  events.attach("good", "said", note("good"));
  say("ann");
  say("bob");
  EXPECT_EQ(seen, (ids{"good ann", "good bob"}));
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_NE(logged[0].find("bad threw and was detached from said: cannot "
                           "count"),
            std::string::npos);
}

TEST_F(telemetry_test, without_handlers_an_event_is_not_even_made) {
  int made = 0;
  const auto make = [&] {
    ++made;
    return telemetry_event{.name = "said"};
  };
  events.execute("said", make);
  events.attach("a", "left", note("a"));
  events.execute("said", make);
  EXPECT_EQ(made, 0);
  events.attach("b", "said", note("b"));
  events.execute("said", make);
  EXPECT_EQ(made, 1);
}

TEST_F(telemetry_test, a_handler_may_detach_itself_and_attach_others) {
  events.attach("once", "said", [&](const telemetry_event&) {
    events.detach("once");
    events.attach("next", "said", note("next"));
  });
  say("ann");
  EXPECT_EQ(seen, ids{});
  say("bob");
  EXPECT_EQ(seen, (ids{"next bob"}));
}

TEST_F(telemetry_test, threads_execute_while_others_attach) {
  std::atomic<int> count{0};
  std::thread other{[&] {
    for (int i = 0; i < 2000; ++i)
      events.execute("said", [] { return telemetry_event{.name = "said"}; });
  }};
  for (int i = 0; i < 500; ++i) {
    events.attach("a", "said", [&](const telemetry_event&) { ++count; });
    events.detach("a");
  }
  other.join();
  EXPECT_LE(count, 2000);
}

} // namespace
} // namespace bennu::runtime
