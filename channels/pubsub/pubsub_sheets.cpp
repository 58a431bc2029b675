#include "channels/pubsub/pubsub_sheets.hpp"

#include "channels/pubsub/hub.hpp"
#include "channels/pubsub/server.hpp"
#include "runtime/probe.hpp"
#include "runtime/shard.hpp"
#include "runtime/table_sheet.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

namespace bennu::channels {

namespace {

using hub_ptr = std::shared_ptr<pubsub_hub>;
using runtime::cell_kind;
using runtime::number_cell;
using runtime::row_picker;
using runtime::sheet_query;
using runtime::sheet_scan;
using runtime::text_cell;

using subscription = pubsub_member::subscription;

/// Calls `f` for every subscription of one server, in slices.
class subscription_scan final : public sheet_scan {
public:
  using look = std::function<void(const subscription&, row_picker&)>;

  subscription_scan(hub_ptr hub, std::vector<std::size_t> members, look f)
    : hub_(std::move(hub)), members_(std::move(members)), f_(std::move(f)) {}

  progress step(row_picker& to, std::size_t max) override {
    if (members_.empty())
      return progress::done;
    auto& member = hub_->member(members_.back());
    member.visit(at_, max, [&](const subscription& x) { f_(x, to); });
    if (at_.done) {
      members_.pop_back();
      at_ = {};
    }
    return members_.empty() ? progress::done : progress::more;
  }

private:
  hub_ptr hub_;
  std::vector<std::size_t> members_;
  look f_;
  pubsub_member::place at_{};
};

std::vector<std::size_t> members_on(const pubsub_hub& hub, std::size_t shard) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < hub.size(); ++i)
    if (hub.member(i).shard() == shard)
      all.push_back(i);
  return all;
}

/// A sheet of one pubsub; `begin(hub, shard, question)` makes its scan.
template <class F>
void publish(const hub_ptr& hub, const char* name,
             std::vector<runtime::sheet_column> columns, const char* sort,
             F begin) {
  runtime::probe::of(hub->node())
    .publish({
      .name = name,
      .source = hub->options().name,
      .columns = std::move(columns),
      .sort = sort,
      .scan = [weak = std::weak_ptr{hub},
               begin](runtime::shard* here,
                      const sheet_query& q) -> std::unique_ptr<sheet_scan> {
        auto alive = weak.lock();
        return alive ? begin(std::move(alive), here->index(), q) : nullptr;
      },
    });
}

/// The same for every server of the shard, all rows at once.
template <class F>
auto of_servers(F offer) {
  return [offer](hub_ptr hub, std::size_t shard, const sheet_query&) {
    return runtime::scan_once(
      [offer, hub = std::move(hub), shard](row_picker& to) {
        for (const auto i : members_on(*hub, shard))
          offer(*hub, i, to);
      });
  };
}

void offer_server(const pubsub_hub& hub, std::size_t i, row_picker& to) {
  const auto& member = hub.member(i);
  const auto table = member.table();
  to.offer({text_cell(pubsub_server_name(hub.options().name, i)),
            member.server(), number_cell(member.shard()),
            number_cell(table.size), number_cell(table.keys),
            number_cell(member.waiting())});
}

void offer_table(const pubsub_hub& hub, std::size_t i, row_picker& to) {
  const auto name = pubsub_server_name(hub.options().name, i);
  auto info = hub.member(i).table();
  info.owner = hub.member(i).server();
  to.offer(runtime::table_cells(info, name));
}

void publish_topics(const hub_ptr& hub) {
  publish(
    hub, "topics",
    {{"topic", cell_kind::text},
     {"subscribers", cell_kind::integer},
     {"broadcasts/s", cell_kind::integer},
     {"pubsub", cell_kind::text},
     {"shard", cell_kind::integer}},
    "subscribers", [](hub_ptr alive, std::size_t shard, const sheet_query&) {
      auto all = members_on(*alive, shard);
      const auto name = alive->options().name;
      const auto now = alive->node().shard_at(shard).now();
      for (const auto i : all)
        alive->member(i).look_at_topics(now);
      return std::make_unique<subscription_scan>(
        std::move(alive), std::move(all),
        [name, shard](const subscription& x, row_picker& to) {
          if (x.first_of_topic)
            to.offer({text_cell(x.on.str()), number_cell(x.topic_subscribers),
                      x.topic_broadcasts, name, number_cell(shard)});
        });
    });
}

void publish_channels(const hub_ptr& hub) {
  publish(
    hub, "channels",
    {{"topic", cell_kind::text},
     {"channel", cell_kind::process_id},
     {"socket", cell_kind::process_id},
     {"pubsub", cell_kind::text}},
    "", [](hub_ptr alive, std::size_t shard, const sheet_query&) {
      auto all = members_on(*alive, shard);
      const auto name = alive->options().name;
      return std::make_unique<subscription_scan>(
        std::move(alive), std::move(all),
        [name](const subscription& x, row_picker& to) {
          to.offer({text_cell(x.on.str()), x.subscriber, x.fastlane, name});
        });
    });
}

/// The subscriptions of one server as rows of a table, page by page.
class row_scan final : public sheet_scan {
public:
  row_scan(hub_ptr hub, std::size_t member, const std::string& after)
    : hub_(std::move(hub)), member_(member), at_(place_of(after)) {}

  progress step(row_picker& to, std::size_t max) override {
    const auto wanted = std::min(max, to.room());
    hub_->member(member_).visit(at_, wanted, [&to](const subscription& x) {
      auto row = to_string(x.subscriber);
      if (x.fastlane)
        row += " fastlane " + to_string(x.fastlane);
      to.offer({text_cell(x.on.str()), text_cell(std::move(row))});
    });
    if (at_.done)
      return progress::done;
    if (to.room() > 0)
      return progress::more;
    to.more(fmt::format("{}.{}", at_.place, at_.end_birth));
    return progress::done;
  }

private:
  /// Of a text that no page has ended with: the beginning.
  static pubsub_member::place place_of(const std::string& after) {
    pubsub_member::place x;
    const auto* const end = after.data() + after.size();
    const auto [dot, error] = std::from_chars(after.data(), end, x.place);
    x.begun = error == std::errc{} && dot != end
              && std::from_chars(dot + 1, end, x.end_birth).ptr == end;
    return x.begun ? x : pubsub_member::place{};
  }

  hub_ptr hub_;
  const std::size_t member_;
  pubsub_member::place at_;
};

void publish_rows(const hub_ptr& hub) {
  publish(hub, "rows", runtime::table_row_columns(), "",
          [](hub_ptr alive, std::size_t shard,
             const sheet_query& q) -> std::unique_ptr<sheet_scan> {
            for (const auto i : members_on(*alive, shard))
              if (pubsub_server_name(alive->options().name, i) == q.about)
                return std::make_unique<row_scan>(std::move(alive), i, q.after);
            return nullptr;
          });
}

} // namespace

void publish_sheets(const std::shared_ptr<pubsub_hub>& hub) {
  publish(hub, "pubsub",
          {{"server", cell_kind::text},
           {"pid", cell_kind::process_id},
           {"shard", cell_kind::integer},
           {"subscriptions", cell_kind::integer},
           {"topics", cell_kind::integer},
           {"waiting", cell_kind::integer}},
          "server", of_servers(offer_server));
  publish(hub, "tables", runtime::table_columns(), "memory",
          of_servers(offer_table));
  runtime::probe::of(hub->node())
    .publish(runtime::figure{
      .name = "broadcasts",
      .source = hub->options().name,
      .what = runtime::figure::kind::count,
      .read = [weak = std::weak_ptr{hub}] {
        const auto alive = weak.lock();
        return alive ? static_cast<std::int64_t>(alive->broadcasts()) : 0;
      }});
  publish_topics(hub);
  publish_channels(hub);
  publish_rows(hub);
}

} // namespace bennu::channels
