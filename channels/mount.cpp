#include "channels/mount.hpp"

#include "channels/pool_supervisor.hpp"
#include "runtime/probe.hpp"
#include "runtime/shard.hpp"

#include <stdexcept>
#include <utility>

namespace bennu::channels {

shard_mount::shard_mount(socket_mount& of, std::size_t shard)
  : of_(of), shard_(shard) {
  for (const auto& x : of.spec().serializers)
    formats_.push_back({*this, *x.by});
  for (const auto& x : of.spec().channels)
    routes_.push_back({*this, *x});
}

const shard_format& shard_mount::format_of(const serializer& x) const {
  for (const auto& known : formats_)
    if (&known.format == &x)
      return known;
  throw std::logic_error("a socket's wire format must be one of its spec's");
}

const shard_route*
shard_mount::find_route(std::string_view topic) const noexcept {
  for (const auto& x : routes_)
    if (x.route.matches(topic))
      return &x;
  return nullptr;
}

const socket_spec& shard_mount::spec() const noexcept {
  return of_.spec();
}

const pubsub& shard_mount::bus() const noexcept {
  return of_.bus();
}

runtime::telemetry& shard_mount::telemetry() const noexcept {
  return of_.node().telemetry();
}

const lane* shard_mount::lane_for(const channel_route& x,
                                  const serializer& format) const {
  return of_.lane_for(x, format);
}

runtime::dynamic_supervisor* shard_mount::find(runtime::pid& known,
                                               const char* kind) {
  auto& shard = of_.node().shard_at(shard_);
  auto* found = shard.find(known);
  if (!found) {
    known = of_.node().whereis(pool_member_name(of_.pool(), kind, shard_));
    found = shard.find(known);
  }
  return dynamic_cast<runtime::dynamic_supervisor*>(found);
}

runtime::dynamic_supervisor* shard_mount::sockets() {
  return find(sockets_, "sockets");
}

runtime::dynamic_supervisor* shard_mount::channels() {
  return find(channels_, "channels");
}

void shard_mount::retain() {
  if (users_++ == 0)
    kept_alive_ = of_.shared_from_this();
}

void shard_mount::release() {
  if (--users_ > 0)
    return;
  // The last user may have been the last to hold the mount, this included.
  const auto last = std::move(kept_alive_);
}

socket_mount::socket_mount(runtime::node& node, socket_spec spec, pubsub bus,
                           std::string pool)
  : node_(node), spec_(std::move(spec)), bus_(std::move(bus)),
    pool_(std::move(pool)) {
  spec_.mounted = this;
  for (const auto& choice : spec_.serializers)
    for (const auto& x : spec_.channels)
      lanes_.push_back(
        {x.get(), choice.by,
         std::make_unique<fastlane>(*choice.by, x->intercepts())});
  for (std::size_t i = 0; i < node.shard_count(); ++i)
    shards_.push_back(std::make_unique<shard_mount>(*this, i));
}

const lane* socket_mount::lane_for(const channel_route& x,
                                   const serializer& format) const {
  for (const auto& known : lanes_)
    if (known.route == &x && known.format == &format)
      return known.lane.get();
  return nullptr;
}

std::uint64_t socket_mount::joins() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& x : shards_)
    sum += x->joins.value();
  return sum;
}

std::shared_ptr<const socket_spec> mount(runtime::node& node, socket_spec spec,
                                         const mount_options& options) {
  auto made = std::make_shared<socket_mount>(
    node, std::move(spec), pubsub::find(node, options.pubsub), options.pool);
  runtime::probe::of(node).publish(runtime::figure{
    .name = "joins",
    .source = options.pool + options.path,
    .what = runtime::figure::kind::count,
    .read = [weak = std::weak_ptr{made}] {
      const auto alive = weak.lock();
      return alive ? static_cast<std::int64_t>(alive->joins()) : 0;
    }});
  return {made, &made->spec()};
}

} // namespace bennu::channels
