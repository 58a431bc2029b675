#include "channels/pubsub/pubsub.hpp"

#include "channels/pubsub/hub.hpp"
#include "channels/pubsub/hub_keeper.hpp"
#include "channels/pubsub/pubsub_sheets.hpp"
#include "channels/pubsub/server.hpp"
#include "runtime/node.hpp"
#include "runtime/process.hpp"
#include "runtime/shard.hpp"

#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

namespace {

runtime::child_spec server_spec(const std::shared_ptr<pubsub_hub>& hub,
                                std::size_t index) {
  auto spec = runtime::worker_of<pubsub_server>(
    pubsub_server_name(hub->options().name, index), hub, index);
  spec.how.shard = hub->member(index).shard();
  return spec;
}

std::shared_ptr<pubsub_hub> find_hub(runtime::shard& here,
                                     std::string_view name) {
  const auto id = here.node().whereis(pubsub_server_name(name, here.index()));
  auto* server = dynamic_cast<pubsub_server*>(here.find(id));
  return server ? server->hub() : nullptr;
}

} // namespace

runtime::child_spec pubsub_spec(pubsub_options options) {
  if (options.name.empty())
    throw std::invalid_argument(
      "the name option is required when starting a pubsub");
  auto keeper = std::make_shared<hub_keeper<pubsub_hub>>();
  const auto name = options.name;
  auto start = [keeper, options = std::move(options)]()
    -> std::unique_ptr<runtime::detail::process_maker> {
    const auto hub = keeper->on(runtime::shard::current()->node(), options);
    publish_sheets(hub);
    runtime::supervisor_spec servers{
      .name = options.name, .intensity = options.intensity, .children = {}};
    for (std::size_t i = 0; i < hub->size(); ++i)
      servers.children.push_back(server_spec(hub, i));
    return runtime::detail::make_maker<runtime::supervisor>(std::move(servers))
      .moved();
  };
  return {.id = name,
          .start = std::move(start),
          .shutdown = runtime::shutdown_policy::infinity(),
          .type = runtime::child_spec::kind::supervisor,
          .how = {.name = name}};
}

pubsub pubsub::find(runtime::node& node, std::string_view name) {
  std::shared_ptr<pubsub_hub> hub;
  auto* here = runtime::shard::current();
  if (here && &here->node() == &node)
    hub = find_hub(*here, name);
  else
    node.run_on(0, [&] { hub = find_hub(node.shard_at(0), name); });
  if (!hub)
    throw std::runtime_error(fmt::format("no pubsub \"{}\" runs", name));
  return pubsub{std::move(hub)};
}

const std::string& pubsub::name() const noexcept {
  return hub_->options().name;
}

runtime::node& pubsub::node() const noexcept {
  return hub_->node();
}

std::string pubsub::node_name() const {
  return hub_->adapter().node_name();
}

std::size_t pubsub::server_count() const noexcept {
  return hub_->size();
}

// -- subscribing --------------------------------------------------------------

void pubsub::subscribe(runtime::process& self, const topic& on) const {
  auto& member = hub_->member_of(self.self());
  auto shared = on;
  const auto ref = member.subscribe(self.self(), shared, {}, nullptr);
  if (!member.watch(self.self(), ref))
    return;
  // A server that is just being restarted watches them all when it starts.
  if (auto* server = self.home().find(member.server()))
    static_cast<pubsub_server*>(server)->watch(self.self());
}

void pubsub::unsubscribe(runtime::process& self, const topic& on) const {
  hub_->member_of(self.self()).unsubscribe(self.self(), on);
}

runtime::object_ref pubsub::subscribe_lane(runtime::process& self, topic& on,
                                           const runtime::pid& fastlane,
                                           const lane* what) const {
  return hub_->member_of(self.self())
    .subscribe(self.self(), on, fastlane, what);
}

void pubsub::unsubscribe_lane(const runtime::pid& self,
                              const runtime::object_ref& ref) const {
  hub_->member_of(self).unsubscribe(ref);
}

// -- broadcasting -------------------------------------------------------------

void pubsub::publish(publication what) const {
  hub_->adapter().broadcast(what);
  hub_->publish_local(what);
}

void pubsub::publish_local(publication what) const {
  hub_->publish_local(what);
}

void pubsub::publish_direct(std::string_view node, publication what) const {
  if (node == hub_->adapter().node_name())
    hub_->publish_local(what);
  else
    hub_->adapter().direct_broadcast(node, what);
}

// -- looking in ---------------------------------------------------------------

std::size_t pubsub::subscriber_count(std::size_t server,
                                     const topic& on) const {
  return hub_->member(server).subscriber_count(on);
}

runtime::table_info pubsub::table(std::size_t server) const {
  return hub_->member(server).table();
}

} // namespace bennu::channels
