#include "observer/detail/history.hpp"

#include "runtime/shard.hpp"

#include <algorithm>
#include <utility>

namespace bennu::observer::detail {

desk::desk(runtime::node& node, agent_options opts, token secret_)
  : observed(node), options(std::move(opts)), secret(std::move(secret_)),
    past(std::make_shared<history>(options.history_points_max)) {}

namespace {

using runtime::figure;

/// Rates of the sheet are over so many points.
constexpr std::size_t mean_of = 60;

std::int64_t mean(const std::vector<std::int64_t>& values) {
  std::int64_t sum = 0;
  for (const auto x : values)
    sum += x;
  return values.empty() ? 0 : sum / static_cast<std::int64_t>(values.size());
}

void offer(runtime::row_picker& to, const history& from) {
  for (const auto& x : from.lines(mean_of)) {
    const bool is_count = x.what == figure::kind::count;
    const auto last = x.values.empty() ? std::int64_t{0} : x.values.back();
    to.offer({x.name, x.now, is_count ? last : std::int64_t{0}, mean(x.values),
              is_count ? "count" : "level", to_string(x.unit)});
  }
}

} // namespace

void history::note(const std::vector<runtime::figure_value>& now,
                   runtime::time_point when) {
  const std::lock_guard guard{mutex_};
  point x{.when = when, .values = {}};
  for (const auto& one : now) {
    auto at = std::find_if(figures_.begin(), figures_.end(),
                           [&](auto& y) { return y.name == one.name; });
    if (at == figures_.end())
      at = figures_.insert(at, one);
    *at = one;
    const auto place = static_cast<std::size_t>(at - figures_.begin());
    x.values.resize(std::max(x.values.size(), place + 1));
    x.values[place] = one.value;
  }
  points_.push_back(std::move(x));
  if (points_.size() > points_max_ + 1)
    points_.pop_front();
}

std::int64_t history::value_at(std::size_t figure, std::size_t at) const {
  const auto& now = points_[at];
  if (figure >= now.values.size())
    return 0;
  if (figures_[figure].what == figure::kind::level)
    return now.values[figure];
  if (at == 0 || figure >= points_[at - 1].values.size())
    return 0;
  const auto& before = points_[at - 1];
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                    now.when - before.when)
                    .count();
  // What counts may have been started anew.
  const auto growth =
    std::max<std::int64_t>(0, now.values[figure] - before.values[figure]);
  return ms > 0 ? growth * 1000 / ms : 0;
}

std::vector<history::line> history::lines(std::size_t points) const {
  const std::lock_guard guard{mutex_};
  std::vector<line> all;
  const auto size = points_.size();
  const auto shown = std::min({points, points_max_, size});
  for (std::size_t i = 0; i < figures_.size(); ++i) {
    line x{.name = figures_[i].name,
           .what = figures_[i].what,
           .unit = figures_[i].unit,
           .now = figures_[i].value};
    for (std::size_t at = size - shown; at < size; ++at)
      x.values.push_back(value_at(i, at));
    all.push_back(std::move(x));
  }
  std::sort(all.begin(), all.end(),
            [](auto& a, auto& b) { return a.name < b.name; });
  return all;
}

// -- historian ----------------------------------------------------------------

void historian::init() {
  send(self(), take_point{});
}

void historian::handle_message(runtime::message& msg) {
  if (!msg.holds<take_point>())
    return;
  send_after(desk_->options.history_interval, take_point{});
  desk_->past->note(runtime::probe::of(desk_->observed).figures(),
                    home().now());
}

channels::json history_json(const desk& at, std::size_t points) {
  auto figures = channels::json::array();
  for (const auto& x : at.past->lines(points))
    figures.push_back({{"name", x.name},
                       {"unit", to_string(x.unit)},
                       {"rate", x.what == figure::kind::count},
                       {"now", x.now},
                       {"values", x.values}});
  return {{"interval_ms", at.options.history_interval.count()},
          {"figures", std::move(figures)}};
}

void publish_history(runtime::node& node, const std::shared_ptr<history>& x) {
  using runtime::cell_kind;
  runtime::probe::of(node).publish(runtime::sheet{
    .name = "figures",
    .source = "observer",
    .columns = {{"figure", cell_kind::text},
                {"now", cell_kind::integer},
                {"a second", cell_kind::integer},
                {"mean", cell_kind::integer},
                {"kind", cell_kind::text},
                {"unit", cell_kind::text}},
    .scope = runtime::sheet_scope::node,
    .sort = "figure",
    .scan = [weak = std::weak_ptr{x}](runtime::shard*,
                                      const runtime::sheet_query&)
      -> std::unique_ptr<runtime::sheet_scan> {
      auto alive = weak.lock();
      if (!alive)
        return nullptr;
      return runtime::scan_once(
        [alive = std::move(alive)](runtime::row_picker& to) {
          offer(to, *alive);
        });
    },
  });
}

} // namespace bennu::observer::detail
