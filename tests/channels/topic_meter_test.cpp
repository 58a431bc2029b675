#include "channels/pubsub/topic_meter.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::channels {
namespace {

using namespace std::chrono_literals;

class topic_meter_test : public ::testing::Test {
protected:
  void count(const std::string& on, int times = 1) {
    for (int i = 0; i < times; ++i)
      meter.count(topic{on});
  }

  void look_after(runtime::duration passed) {
    now += passed;
    meter.look(now);
  }

  runtime::time_point now{1h};
  topic_meter meter{now};
};

TEST_F(topic_meter_test, a_rate_is_over_the_time_between_two_looks) {
  count("busy", 100);
  count("calm");
  EXPECT_EQ(meter.per_second("busy"), 0) << "nothing is known yet";
  look_after(2s);
  EXPECT_EQ(meter.per_second("busy"), 50);
  EXPECT_EQ(meter.per_second("calm"), 1) << "one is not none";
  EXPECT_EQ(meter.per_second("other"), 0);
  look_after(1s);
  EXPECT_EQ(meter.per_second("busy"), 0);
}

TEST_F(topic_meter_test, viewers_that_look_often_do_not_spoil_it) {
  count("busy", 10);
  look_after(topic_meter::window_min - 1ms);
  EXPECT_EQ(meter.per_second("busy"), 0);
  look_after(1ms);
  EXPECT_EQ(meter.per_second("busy"), 10);
  look_after(topic_meter::window_min - 1ms);
  EXPECT_EQ(meter.per_second("busy"), 10) << "until the next is over";
}

TEST_F(topic_meter_test, as_many_topics_as_told_and_not_one_more) {
  for (std::size_t i = 0; i <= topic_meter::topics_max; ++i)
    count(std::to_string(i));
  count("0");
  look_after(1s);
  EXPECT_EQ(meter.per_second("0"), 2);
  EXPECT_EQ(meter.per_second(std::to_string(topic_meter::topics_max - 1)), 1);
  EXPECT_EQ(meter.per_second(std::to_string(topic_meter::topics_max)), 0);
}

TEST_F(topic_meter_test, it_may_go_once_nobody_has_looked_for_so_long) {
  look_after(1s);
  EXPECT_FALSE(meter.forgotten(now + topic_meter::kept_for));
  EXPECT_TRUE(meter.forgotten(now + topic_meter::kept_for + 1ms));
}

} // namespace
} // namespace bennu::channels
