#include "transport/endpoint.hpp"

#include "channels/mount.hpp"
#include "channels/pool_supervisor.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/supervisor.hpp"
#include "transport/detail/connection_holder.hpp"
#include "transport/detail/endpoint_sheets.hpp"
#include "transport/detail/endpoint_state.hpp"
#include "transport/detail/file_limit.hpp"
#include "transport/drainer.hpp"
#include "transport/listener.hpp"

#include <thread>
#include <utility>

#include <fmt/core.h>

namespace bennu::transport {

namespace {

using detail::endpoint_state;
using detail::endpoint_state_ptr;

template <class T>
runtime::child_spec on_shard(std::string name, std::size_t shard,
                             const endpoint_state_ptr& state) {
  auto x = runtime::worker_of<T>(std::move(name), state);
  x.how.shard = shard;
  return x;
}

std::string pool_name(const endpoint_options& options) {
  return options.name + ".pool";
}

detail::site_mount mounted(const socket_mount& mount,
                           const endpoint_options& options,
                           runtime::node& node) {
  const auto spec = channels::mount(
    node, *mount.spec,
    {.pubsub = options.pubsub, .pool = pool_name(options), .path = mount.path});
  detail::site_mount x;
  x.connect = [spec](const channels::connect_request& request) {
    return channels::negotiate(spec, request);
  };
  if (const auto& how = mount.transports.websocket) {
    x.websocket_path = mount.path + how->path;
    x.subprotocols = how->subprotocols;
    x.websocket_origin = how->check_origin;
    x.compress = how->compress;
  }
  if (const auto& how = mount.transports.longpoll) {
    x.long_poll_path = mount.path + how->path;
    x.long_poll_origin = how->check_origin;
    x.long_poll = {
      spec,          how->window,    how->buffer_max, how->sessions_max,
      how->body_max, how->pushes_max};
  }
  x.auth_token = mount.transports.auth_token;
  return x;
}

std::unique_ptr<metrics> metrics_for(const endpoint_state& state,
                                     runtime::node& node) {
  if (state.options.metrics_path.empty())
    return nullptr;
  return std::make_unique<metrics>(node, [&state] { return state.count(); });
}

detail::site::options site_options(const endpoint_state& state,
                                   runtime::node& node) {
  const auto& options = state.options;
  detail::site::options x;
  if (state.metrics)
    x.pages.push_back({options.metrics_path, "text/plain; version=0.0.4",
                       [&state] { return state.metrics->text(); }});
  for (const auto& mount : options.sockets)
    x.mounts.push_back(mounted(mount, options, node));
  if (!options.static_dir.empty())
    x.files = static_files{options.static_dir};
  x.origin_check = options.check_origin;
  x.url_host = options.url_host;
  x.message_max = options.message_max;
  return x;
}

void look_at_limits(const endpoint_options& options, std::size_t shards) {
  const auto has = detail::raise_file_limit();
  const detail::wanted_limits wants{
    .connections = options.connections_expected,
    .shards = shards,
    .backlog = static_cast<std::size_t>(options.backlog)};
  for (const auto& line : detail::complaints(has, wants))
    runtime::log(runtime::log_level::warning, "{}: {}", options.name, line);
}

runtime::supervisor_spec tree(const endpoint_state_ptr& state) {
  runtime::supervisor_spec x{.name = state->options.name,
                             .strategy = runtime::strategy::rest_for_one};
  const auto shards = state->parts.size();
  for (std::size_t i = 0; i < shards; ++i)
    x.children.push_back(on_shard<detail::connection_holder>(
      state->name_of("connections", i), i, state));
  x.children.push_back(
    channels::socket_pool_spec({.name = pool_name(state->options)}));
  // One that crashes is started again alone: it is no reason to drain.
  runtime::supervisor_spec listeners{.name =
                                       state->options.name + ".listeners"};
  for (std::size_t i = 0; i < shards; ++i)
    listeners.children.push_back(
      on_shard<listener>(state->name_of("listener", i), i, state));
  x.children.push_back(std::move(listeners));
  auto last =
    runtime::worker_of<drainer>(state->options.name + ".drainer", state);
  // Its own deadline comes first.
  last.shutdown = runtime::shutdown_policy::after(
    state->options.drain.shutdown + std::chrono::milliseconds{5000});
  x.children.push_back(std::move(last));
  return x;
}

std::size_t accept_turn_for(const endpoint_options& options,
                            std::size_t shards) {
  constexpr std::size_t usual_turn = 64;
  const auto many = shards > std::thread::hardware_concurrency();
  return options.accept_turn.value_or(many ? usual_turn : 0);
}

/// Runs `f` on the running endpoint's state, if there is one.
template <class F>
void with_state(runtime::node& node, std::string_view name, F f) {
  const auto holder = node.whereis(std::string(name) + ".connections.0");
  if (!holder)
    return;
  node.run_on(holder.shard(), [&] {
    auto* found = node.shard_at(holder.shard()).find(holder);
    if (const auto* x = dynamic_cast<detail::connection_holder*>(found))
      f(x->state());
  });
}

} // namespace

socket_mount::socket_mount(std::string where, const channels::socket_spec& what,
                           socket_transports how)
  : path(std::move(where)),
    spec(std::make_shared<const channels::socket_spec>(what)),
    transports(std::move(how)) {}

endpoint_state::endpoint_state(endpoint_options opts, runtime::node& node,
                               known_port last)
  : options(std::move(opts)), metrics(metrics_for(*this, node)),
    site(site_options(*this, node)), last_port(std::move(last)),
    turn(node.shard_count(), accept_turn_for(options, node.shard_count())) {
  for (std::size_t i = 0; i < node.shard_count(); ++i)
    parts.push_back(std::make_unique<part>());
}

endpoint_counters endpoint_state::count() const {
  endpoint_counters sum;
  for (const auto& x : parts)
    sum += x->counters.read();
  return sum;
}

std::vector<runtime::duration> endpoint_state::idle_limits() const {
  std::vector<runtime::duration> limits;
  for (const auto& mount : options.sockets)
    limits.push_back(mount.spec->heartbeat_timeout);
  return limits;
}

std::string endpoint_state::name_of(std::string_view role,
                                    std::size_t shard) const {
  return fmt::format("{}.{}.{}", options.name, role, shard);
}

runtime::child_spec endpoint(endpoint_options options) {
  const auto port = std::make_shared<std::atomic<std::uint16_t>>(0);
  const auto name = options.name;
  return {
    .id = name,
    .start = [options = std::move(options),
              port]() -> std::unique_ptr<runtime::detail::process_maker> {
      auto& node = runtime::shard::current()->node();
      look_at_limits(options, node.shard_count());
      const auto state = std::make_shared<endpoint_state>(options, node, port);
      detail::publish_sheets(node, state);
      return runtime::detail::make_maker<runtime::supervisor>(tree(state))
        .moved();
    },
    .shutdown = runtime::shutdown_policy::infinity(),
    .type = runtime::child_spec::kind::supervisor,
    .how = {.name = name},
  };
}

std::uint16_t bound_port(runtime::node& node, std::string_view name) {
  std::uint16_t port = 0;
  with_state(node, name, [&](const auto& state) { port = state.port; });
  return port;
}

endpoint_counters counters(runtime::node& node, std::string_view name) {
  endpoint_counters sum;
  with_state(node, name, [&](const auto& state) { sum = state.count(); });
  return sum;
}

} // namespace bennu::transport
