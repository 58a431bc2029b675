#include "channels/tracker/tracker.hpp"

#include "channels/pubsub/hub_keeper.hpp"
#include "channels/tracker/hub.hpp"
#include "channels/tracker/server.hpp"
#include "runtime/environment.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"

#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

namespace {

void require_valid(const tracker_options& x) {
  const auto refuse = [](const std::string& why) {
    throw std::invalid_argument(why);
  };
  if (x.name.empty())
    refuse("the name option is required when starting a tracker");
  if (x.pubsub.empty())
    refuse("the pubsub option is required when starting a tracker");
  if (x.pool_size == 0)
    refuse("pool_size must be positive");
  if (x.diff_interval.count() < 0)
    refuse("diff_interval must not be negative");
  if (const auto wrong = check(x.timing))
    refuse(*wrong);
}

} // namespace

runtime::child_spec tracker_spec(tracker_options options) {
  require_valid(options);
  auto keeper = std::make_shared<hub_keeper<tracker_hub>>();
  const auto name = options.name;
  auto start = [keeper, options = std::move(options)]()
    -> std::unique_ptr<runtime::detail::process_maker> {
    auto& node = runtime::shard::current()->node();
    const auto hub = keeper->on(node, options);
    tracker_hub::publish(hub);
    runtime::supervisor_spec servers{
      .name = options.name, .intensity = options.intensity, .children = {}};
    for (std::size_t i = 0; i < hub->size(); ++i) {
      auto spec = runtime::worker_of<tracker_server>(
        tracker_server_name(options.name, i), hub, i);
      spec.how.shard = i % node.shard_count();
      servers.children.push_back(std::move(spec));
    }
    return runtime::detail::make_maker<runtime::supervisor>(std::move(servers))
      .moved();
  };
  return {.id = name,
          .start = std::move(start),
          .shutdown = runtime::shutdown_policy::infinity(),
          .type = runtime::child_spec::kind::supervisor,
          .how = {.name = name}};
}

tracker tracker::find(runtime::node& node, std::string_view name) {
  const auto found =
    node.environment().get(fmt::format("bennu.tracker.{}", name));
  const auto* x = found.value_if<tracker>();
  if (!x)
    throw std::runtime_error(fmt::format("no tracker \"{}\" runs", name));
  return *x;
}

const tracker_options& tracker::options() const noexcept {
  return hub_->options();
}

replica tracker::self() const {
  return hub_->member(0).self();
}

// -- tracking -----------------------------------------------------------------

track_error tracker::track(const runtime::pid& who, const topic& on,
                           std::string_view key, runtime::message meta) const {
  const auto x =
    hub_->member_of(on.view()).track(who, on, key, std::move(meta));
  hub_->carry_out(x, who);
  return x.error;
}

track_error tracker::update(
  const runtime::pid& who, const topic& on, std::string_view key,
  const std::function<runtime::message(const runtime::message&)>& f) const {
  auto& member = hub_->member_of(on.view());
  // Not under the member's lock: `f` is a user's.
  while (const auto found = member.find(who, on.view(), key)) {
    auto meta = f(found->meta);
    if (!meta)
      return track_error::none;
    const auto x = member.replace(found, std::move(meta));
    if (x.error == track_error::nopresence)
      continue;
    hub_->carry_out(x, who);
    return x.error;
  }
  return track_error::nopresence;
}

void tracker::untrack(const runtime::pid& who, const topic& on,
                      std::string_view key) const {
  hub_->carry_out(hub_->member_of(on.view()).untrack(who, on.view(), key), who);
}

void tracker::untrack(const runtime::pid& who) const {
  for (std::size_t i = 0; i < hub_->size(); ++i)
    hub_->carry_out(hub_->member(i).untrack(who), who);
}

// -- looking ------------------------------------------------------------------

std::vector<tracked_ptr> tracker::list(std::string_view on) const {
  return hub_->member_of(on).index().list(on);
}

void tracker::for_each(std::string_view on,
                       const std::function<void(const tracked_ptr&)>& f) const {
  hub_->member_of(on).index().for_each(on, f);
}

std::vector<tracked_ptr> tracker::find(std::string_view on,
                                       std::string_view key) const {
  return hub_->member_of(on).index().find(on, key);
}

presence_counts tracker::count(std::string_view on) const {
  return hub_->member_of(on).index().count(on);
}

std::vector<tracked_ptr> tracker::online(std::size_t member) const {
  return hub_->member(member).online();
}

// -- other nodes --------------------------------------------------------------

void tracker::graceful_permdown() const {
  for (std::size_t i = 0; i < hub_->size(); ++i)
    hub_->node().send(hub_->member(i).server(), tracker_retire{});
}

void tracker::receive(std::size_t member, tracker_gossip x) const {
  hub_->node().send(hub_->member(member).server(), std::move(x));
}

std::vector<tracker::replica_status>
tracker::replicas(std::size_t member) const {
  return hub_->member(member).replicas();
}

} // namespace bennu::channels
