#include "channels/pool_supervisor.hpp"

#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"

#include <fmt/core.h>

namespace bennu::channels {

std::string pool_member_name(std::string_view pool, std::string_view kind,
                             std::size_t shard) {
  return fmt::format("{}.{}.{}", pool, kind, shard);
}

runtime::child_spec socket_pool_spec(socket_pool_options options) {
  const auto name = options.name;
  auto start = [options = std::move(options)]()
    -> std::unique_ptr<runtime::detail::process_maker> {
    const auto shards = runtime::shard::current()->node().shard_count();
    runtime::supervisor_spec pool{.name = options.name};
    const auto add = [&](const char* kind, std::size_t max) {
      for (std::size_t i = 0; i < shards; ++i)
        pool.children.push_back(runtime::dynamic_supervisor_spec(
          {.name = pool_member_name(options.name, kind, i),
           .children_max = max,
           .shutdown = options.shutdown,
           .shard = i}));
    };
    add("channels", options.channels_max);
    add("sockets", options.sockets_max);
    return runtime::detail::make_maker<runtime::supervisor>(std::move(pool))
      .moved();
  };
  return {.id = name,
          .start = std::move(start),
          .shutdown = runtime::shutdown_policy::infinity(),
          .type = runtime::child_spec::kind::supervisor,
          .how = {.name = name}};
}

std::vector<runtime::pid> sockets_of(runtime::node& node, std::string_view pool,
                                     std::size_t shard) {
  const auto id = node.whereis(pool_member_name(pool, "sockets", shard));
  const auto* under =
    dynamic_cast<runtime::dynamic_supervisor*>(node.shard_at(shard).find(id));
  return under ? under->children() : std::vector<runtime::pid>{};
}

} // namespace bennu::channels
