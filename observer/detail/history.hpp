#pragma once

#include "channels/json.hpp"
#include "observer/detail/desk.hpp"
#include "runtime/clock.hpp"
#include "runtime/probe.hpp"
#include "runtime/process.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bennu::observer::detail {

/// The figures of the observed node over the last minutes, so that who
/// connects sees what was before. Of a count its growth in a second. The ring
/// is points_max times figures (256 at most) times 8 bytes. Thread-safe.
class history {
public:
  /// Past it the oldest point goes.
  explicit history(std::size_t points_max) : points_max_(points_max) {}

  void note(const std::vector<runtime::figure_value>& now,
            runtime::time_point when);

  struct line {
    std::string name{};
    runtime::figure::kind what = runtime::figure::kind::level;
    runtime::cell_kind unit = runtime::cell_kind::integer;

    /// As it is now: of a count all of it.
    std::int64_t now = 0;

    /// The oldest first; 0 for points from before the figure was there.
    std::vector<std::int64_t> values{};
  };

  /// The last `points`, of each figure.
  std::vector<line> lines(std::size_t points) const;

private:
  struct point {
    runtime::time_point when;
    std::vector<std::int64_t> values; // by the place of its figure
  };

  std::int64_t value_at(std::size_t figure, std::size_t point) const;

  const std::size_t points_max_;
  mutable std::mutex mutex_;
  std::vector<runtime::figure_value> figures_;

  /// One more than is shown: a rate needs the point before.
  std::deque<point> points_;
};

/// The process of the agent's own node that takes a point each
/// history_interval. Confined to its process.
class historian final : public runtime::process {
public:
  explicit historian(desk_ptr at) : desk_(std::move(at)) {}

protected:
  void init() override;
  void handle_message(runtime::message& msg) override;
  std::string label() const override { return "observer's historian"; }

private:
  struct take_point {};

  desk_ptr desk_;
};

/// What the event `history` answers.
channels::json history_json(const desk& at, std::size_t points);

/// Shows it to observers as the sheet `figures`, as long as it is there.
void publish_history(runtime::node& node, const std::shared_ptr<history>& x);

} // namespace bennu::observer::detail
