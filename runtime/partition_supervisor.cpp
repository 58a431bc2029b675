#include "runtime/partition_supervisor.hpp"

#include "runtime/environment.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"

#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::runtime {

namespace {

std::string member_name(std::string_view name, std::size_t i) {
  return fmt::format("{}/{}", name, i);
}

std::string count_key(std::string_view name) {
  return fmt::format("partitions of {}", name);
}

supervisor_spec tree(const partition_options& options,
                     const partition_function& child) {
  supervisor_spec spec{.name = options.name, .intensity = options.intensity};
  const auto shards = shard::current()->node().shard_count();
  const auto count = options.partitions > 0 ? options.partitions : shards;
  for (std::size_t i = 0; i < count; ++i) {
    auto x = child(i);
    x.id = x.how.name = member_name(options.name, i);
    x.how.shard = i % shards;
    spec.children.push_back(std::move(x));
  }
  return spec;
}

/// A supervisor whose partitions can be counted while it lives.
class partitioned final : public supervisor {
public:
  explicit partitioned(supervisor_spec spec)
    : supervisor(spec), key_(count_key(spec.name)) {
    environment().set(key_, make_message(spec.children.size()));
  }
  ~partitioned() override { environment().erase(key_); }

private:
  static runtime::environment& environment() {
    return shard::current()->node().environment();
  }

  std::string key_;
};

} // namespace

child_spec partition_supervisor(partition_options options,
                                partition_function child) {
  if (options.name.empty())
    throw std::invalid_argument("a partition supervisor needs a name");
  if (options.partitions > partitions_max)
    throw std::invalid_argument(
      fmt::format("partition supervisor {}: {} partitions are too many: {} at "
                  "most",
                  options.name, options.partitions, partitions_max));
  auto start = [options, child = std::move(
                           child)]() -> std::unique_ptr<detail::process_maker> {
    return detail::make_maker<partitioned>(tree(options, child)).moved();
  };
  return {.id = options.name,
          .start = std::move(start),
          .shutdown = shutdown_policy::infinity(),
          .type = child_spec::kind::supervisor,
          .how = {.name = options.name}};
}

child_spec partition_supervisor(partition_options options, child_spec child) {
  return partition_supervisor(
    std::move(options),
    [child = std::move(child)](std::size_t) { return child; });
}

std::size_t partition_count(node& where, std::string_view name) {
  const auto count = where.environment().get(count_key(name));
  const auto* value = count.value_if<std::size_t>();
  return value ? *value : 0;
}

pid partition_at(node& where, std::string_view name, std::uint64_t key) {
  const auto count = partition_count(where, name);
  return count > 0 ? where.whereis(member_name(name, key % count)) : pid{};
}

pid partition(node& where, std::string_view name, std::string_view key) {
  return partition_at(where, name, std::hash<std::string_view>{}(key));
}

} // namespace bennu::runtime
