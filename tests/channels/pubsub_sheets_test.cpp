#include "channels/pubsub/pubsub.hpp"
#include "channels/pubsub/pubsub_sheets.hpp"
#include "channels/pubsub/topic_meter.hpp"
#include "runtime/probe.hpp"
#include "runtime/process.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/testing/sim_node.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace bennu::channels {
namespace {

using namespace std::chrono_literals;

class pubsub_sheets_test : public ::testing::Test {
protected:
  pubsub_sheets_test() {
    EXPECT_FALSE(
      sim.start(runtime::one_for_one("top", {}, pubsub_spec({.name = "bus"}))));
    bus = pubsub::find(sim.node(), "bus");
    for (std::size_t shard = 0; shard < 2; ++shard)
      sim.node().spawn({.shard = shard},
                       std::in_place_type<runtime::function_process>,
                       [b = bus](runtime::process& self) -> runtime::behavior {
                         b.subscribe(self, "news");
                         return {[](const std::string&) {}};
                       });
    sim.run();
  }

  runtime::sheet_page read(const runtime::sheet_query& what) {
    const auto reading = runtime::probe::of(sim.node()).read(what);
    sim.run();
    EXPECT_TRUE(reading->done());
    return reading->page();
  }

  runtime::sheet_page topics() { return read({.sheet = "topics"}); }

  void broadcast(int times) {
    for (int i = 0; i < times; ++i)
      bus.broadcast("news", std::string{"hi"});
    sim.run();
  }

  runtime::sim_node sim{{.shards = 2}};
  pubsub bus;
};

TEST_F(pubsub_sheets_test, a_topic_shows_its_subscribers_on_each_shard) {
  const auto page = topics();
  ASSERT_EQ(page.rows.size(), 2u);
  for (const auto& x : page.rows) {
    EXPECT_EQ(to_string(x[0]), "news");
    EXPECT_EQ(to_string(x[1]), "1");
    EXPECT_EQ(to_string(x[3]), "bus");
  }
}

TEST_F(pubsub_sheets_test, broadcasts_are_counted_while_somebody_looks) {
  broadcast(100);
  EXPECT_EQ(to_string(topics().rows.at(0)[2]), "0") << "before the first look";
  broadcast(30);
  sim.advance(2s);
  for (const auto& x : topics().rows)
    EXPECT_EQ(to_string(x[2]), "15");
  sim.advance(topic_meter::kept_for + 1s);
  broadcast(50); // nobody has looked: the first of these ends the counting
  sim.advance(2s);
  EXPECT_EQ(to_string(topics().rows.at(0)[2]), "0");
}

TEST_F(pubsub_sheets_test, the_rows_of_a_server_come_page_by_page) {
  for (int i = 0; i < 25; ++i)
    sim.node().spawn({.shard = 0},
                     std::in_place_type<runtime::function_process>,
                     [b = bus, i](runtime::process& self) -> runtime::behavior {
                       b.subscribe(self, "room:" + std::to_string(i));
                       return {[](const std::string&) {}};
                     });
  sim.run();
  runtime::sheet_query what{.sheet = "rows", .about = "bus.0", .limit = 10};
  std::set<std::string> met;
  std::vector<std::size_t> sizes;
  do {
    const auto page = read(what);
    for (const auto& x : page.rows)
      met.insert(to_string(x[0]));
    sizes.push_back(page.rows.size());
    what.after = page.more;
  } while (!what.after.empty() && sizes.size() < 10);
  EXPECT_EQ(sizes, (std::vector<std::size_t>{10, 10, 6}));
  EXPECT_EQ(met.size(), 26u);
  what.after = "no place";
  EXPECT_EQ(read(what).rows.size(), 10u) << "begins with the first";
  what = {.sheet = "rows", .about = "bus.0", .filter = "room:24", .limit = 10};
  EXPECT_EQ(read(what).rows.size(), 1u) << "a search goes over all";
}

} // namespace
} // namespace bennu::channels
