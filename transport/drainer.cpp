#include "transport/drainer.hpp"

#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/telemetry.hpp"
#include "transport/detail/connection_holder.hpp"
#include "transport/listener.hpp"

#include <algorithm>
#include <utility>

namespace bennu::transport {

namespace {

using runtime::log_level;

struct next_batch {};
struct give_up {};

std::string page_url(const std::string& host, std::uint16_t port) {
  const bool all = host.empty() || host == "0.0.0.0" || host == "::";
  if (all)
    return fmt::format("http://localhost:{}", port);
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("http://[{}]:{}", host, port)
            : fmt::format("http://{}:{}", host, port);
}

std::uint64_t open_sockets(const detail::endpoint_state& state) {
  std::uint64_t open = 0;
  for (const auto& part : state.parts)
    open += part->counters.open.value();
  return open;
}

} // namespace

std::string drainer::label() const {
  return "drainer of " + state_->options.name;
}

void drainer::init() {
  trap_exit(true);
  runtime::log(log_level::info, "{} runs at {}", state_->options.name,
               page_url(state_->options.host, state_->port));
}

void drainer::parent_exited(const runtime::exit_reason& why) {
  if (std::exchange(draining_, true))
    return;
  why_ = why;
  waits_for_.assign(state_->parts.size(), true);
  for (std::size_t i = 0; i < state_->parts.size(); ++i)
    send(state_->name_of("listener", i), stop_accepting{});
  send_after(state_->options.drain.shutdown, give_up{});
  next_round();
}

void drainer::next_round() {
  const auto& how = state_->options.drain;
  if (const auto open = open_sockets(*state_); open > 0)
    runtime::log(log_level::info,
                 "{}: draining, {} sockets open, {} every {} ms - round {}",
                 state_->options.name, open, how.batch_size,
                 how.batch_interval.count(), ++round_);
  node().telemetry().execute(events::socket_drain, [&] {
    const auto total = static_cast<double>(open_sockets(*state_));
    return runtime::telemetry_event{
      events::socket_drain,
      {{"count", std::min(total, static_cast<double>(how.batch_size))},
       {"total", total},
       {"round", static_cast<double>(round_)}},
      {{"endpoint", state_->options.name}}};
  });
  const auto shards = state_->parts.size();
  const auto each = (how.batch_size + shards - 1) / shards;
  for (std::size_t i = 0; i < shards; ++i)
    if (!send(state_->name_of("connections", i), detail::drain_batch{each}))
      shard_done(i);
  send_after(how.batch_interval, next_batch{});
}

void drainer::shard_done(std::size_t shard) {
  waits_for_[shard] = false;
  if (std::find(waits_for_.begin(), waits_for_.end(), true) == waits_for_.end())
    stop(why_);
}

void drainer::handle_message(runtime::message& msg) {
  if (const auto* done = msg.value_if<detail::drained>()) {
    shard_done(done->shard);
  } else if (msg.holds<next_batch>()) {
    next_round();
  } else if (msg.holds<give_up>()) {
    runtime::log(log_level::warning, "{}: {} sockets were not drained in time",
                 state_->options.name, open_sockets(*state_));
    stop(why_);
  } else {
    runtime::log(log_level::error, "{} received an unexpected message: {}",
                 label(), msg.type_name());
  }
}

} // namespace bennu::transport
