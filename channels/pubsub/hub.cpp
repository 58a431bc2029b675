#include "channels/pubsub/hub.hpp"

#include "runtime/shard.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

namespace {

/// A whole number for each shard.
std::size_t server_count(std::size_t wanted, std::size_t shards) {
  return (std::max(wanted, shards) + shards - 1) / shards * shards;
}

} // namespace

pubsub_hub::pubsub_hub(runtime::node& node, pubsub_options options)
  : node_(node), options_(std::move(options)),
    adapter_(options_.adapter ? options_.adapter(node)
                              : std::make_unique<local_adapter>(node.name())),
    interest_(server_count(options_.pool_size, node.shard_count())) {
  const auto shards = node.shard_count();
  const auto servers = server_count(options_.pool_size, shards);
  for (std::size_t i = 0; i < servers; ++i)
    members_.push_back(
      std::make_unique<pubsub_member>(options_, interest_, i, i % shards));
}

pubsub_member& pubsub_hub::member_of(const runtime::pid& who) const {
  const auto shards = node_.shard_count();
  const auto nth = who.index() % (members_.size() / shards);
  return *members_[nth * shards + who.shard()];
}

void pubsub_hub::publish_local(const publication& what) {
  // All or none: the room may be gone by the time of the push, but then only
  // by as many jobs as there are senders at this moment.
  interest_.for_each(what.topic, [this](std::size_t i) {
    if (!members_[i]->has_room())
      throw std::length_error(
        fmt::format("pubsub {} is overloaded: jobs_max is {}", options_.name,
                    options_.jobs_max));
  });
  broadcasts_.fetch_add(1, std::memory_order_relaxed);
  interest_.for_each(what.topic, [&](std::size_t i) {
    if (const auto asleep = members_[i]->push(what))
      node_.send(asleep, pubsub_work{});
  });
}

} // namespace bennu::channels
