#include "channels/tracker/hub.hpp"

#include "channels/tracker/tracker_sheets.hpp"
#include "runtime/environment.hpp"
#include "runtime/shard.hpp"

#include <cstdint>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

namespace {

/// FNV-1a: std::hash need not be the same on another node.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ull;
  for (const auto c : text)
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  return hash;
}

std::uint64_t vsn_for(runtime::node& node, const tracker_options& options) {
  if (options.vsn != 0)
    return options.vsn;
  auto* here = runtime::shard::current();
  const auto now = (here ? *here : node.shard_at(0)).now();
  return static_cast<std::uint64_t>(now.time_since_epoch().count());
}

} // namespace

tracker_hub::tracker_hub(runtime::node& node, tracker_options options)
  : node_(node), options_(std::move(options)),
    bus_(pubsub::find(node, options_.pubsub)) {
  const replica self{bus_.node_name(), vsn_for(node, options_)};
  for (std::size_t i = 0; i < options_.pool_size; ++i)
    members_.push_back(std::make_unique<tracker_member>(options_, self));
}

tracker_member& tracker_hub::member_of(std::string_view topic) const {
  return *members_[members_.size() == 1 ? 0
                                        : stable_hash(topic) % members_.size()];
}

void tracker_hub::carry_out(const tracker_member::outcome& x,
                            const runtime::pid& who) const {
  if (x.watch)
    node_.send(x.server, tracker_watch{who});
  if (x.wake)
    node_.send(x.server, tracker_work{});
}

void tracker_hub::publish(const std::shared_ptr<tracker_hub>& hub) {
  hub->node().environment().set("bennu.tracker." + hub->options().name,
                                runtime::make_message(tracker{hub}));
  publish_sheets(hub);
}

std::string tracker_server_name(std::string_view tracker, std::size_t index) {
  return fmt::format("{}.{}", tracker, index);
}

} // namespace bennu::channels
