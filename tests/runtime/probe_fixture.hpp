#pragma once

#include "runtime/node.hpp"
#include "runtime/probe.hpp"
#include "runtime/testing/sim_node.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::runtime {

using namespace std::chrono_literals;

struct note {};

inline behavior idle(process&) {
  return {[](note) {}};
}

/// A node whose sheets are read.
class probe_test : public testing::Test {
protected:
  sheet_page read(const sheet_query& what) {
    const auto reading = probe::of(sim.node()).read(what);
    sim.run();
    for (int i = 0; i < 1000 && !reading->done(); ++i)
      sim.advance(1ms);
    EXPECT_TRUE(reading->done());
    return reading->page();
  }

  static std::string cell_at(const sheet_page& page, std::size_t row,
                             const std::string& column) {
    for (std::size_t i = 0; i < page.columns.size(); ++i)
      if (page.columns[i].name == column)
        return to_string(page.rows.at(row)[i]);
    return "no such column";
  }

  static std::string value_of(const sheet_page& page, const std::string& key) {
    for (const auto& x : page.rows)
      if (to_string(x[0]) == key)
        return to_string(x[1]);
    return "none";
  }

  sim_node sim{{.shards = 2}};
};

} // namespace bennu::runtime
