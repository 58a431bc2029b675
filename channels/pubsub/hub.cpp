#include "channels/pubsub/hub.hpp"

#include "runtime/shard.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::channels {

pubsub_hub::pubsub_hub(runtime::node& node, pubsub_options options)
  : node_(node), options_(std::move(options)),
    adapter_(options_.adapter ? options_.adapter(node)
                              : std::make_unique<local_adapter>(node.name())) {
  const auto shards = node.shard_count();
  const auto wanted = std::max(options_.pool_size, shards);
  const auto servers = (wanted + shards - 1) / shards * shards;
  for (std::size_t i = 0; i < servers; ++i)
    members_.push_back(
      std::make_unique<pubsub_member>(options_, i, i % shards));
}

pubsub_member& pubsub_hub::member_of(const runtime::pid& who) const {
  const auto shards = node_.shard_count();
  const auto nth = who.index() % (members_.size() / shards);
  return *members_[nth * shards + who.shard()];
}

void pubsub_hub::publish_local(const publication& what) const {
  // All or none: the room may be gone by the time of the push, but then only
  // by as many jobs as there are senders at this moment.
  for (const auto& x : members_)
    if (!x->has_room())
      throw std::length_error(
        fmt::format("pubsub {} is overloaded: jobs_max is {}", options_.name,
                    options_.jobs_max));
  for (const auto& x : members_)
    if (const auto asleep = x->push(what))
      node_.send(asleep, pubsub_work{});
}

} // namespace bennu::channels
