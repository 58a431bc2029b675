#include "transport/drainer.hpp"

#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/telemetry.hpp"
#include "transport/detail/connection_holder.hpp"
#include "transport/listener.hpp"

#include <algorithm>
#include <numeric>
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
  const auto& mine = state_->parts[home().index()]->transport;
  if (!mine->connections.sends_together())
    runtime::log(log_level::info,
                 "{} has no io_uring: a broadcast is a system call for each of "
                 "its receivers",
                 state_->options.name);
}

void drainer::parent_exited(const runtime::exit_reason& why) {
  if (std::exchange(draining_, true))
    return;
  why_ = why;
  waits_for_.assign(state_->parts.size(), true);
  for (const auto& part : state_->parts)
    open_.push_back(part->counters.open.value());
  const auto shutdown = state_->options.drain.shutdown;
  send_after(shutdown, give_up{});
  listening_ = state_->parts.size();
  for (std::size_t i = 0; i < state_->parts.size(); ++i)
    request(node().whereis(state_->name_of("listener", i)), shutdown,
            stop_accepting{})
      .then([this](const accepting_stopped&) { listener_stopped(); },
            [this](const runtime::exit_reason&) { listener_stopped(); });
}

void drainer::listener_stopped() {
  if (--listening_ == 0)
    next_round();
}

void drainer::next_round() {
  const auto shards = state_->parts.size();
  const auto all = std::max<std::size_t>(state_->options.drain.batch_size, 1);
  const auto batch = (all + shards - 1) / shards;
  tell_round(batch);
  for (std::size_t i = 0; i < shards; ++i)
    if (!send(state_->name_of("connections", i), detail::drain_batch{batch}))
      shard_done(i);
  send_after(state_->options.drain.batch_interval, next_batch{});
}

/// Of those that were open when the drain began; `batch` of each shard go. What
/// comes behind the last round is for stragglers and not worth a line.
void drainer::tell_round(std::uint64_t batch) {
  const auto before = round_++ * batch;
  std::uint64_t count = 0;
  for (const auto open : open_)
    count += std::min(batch, open - std::min(open, before));
  if (count == 0)
    return;
  const auto total = std::accumulate(open_.begin(), open_.end(), 0ull);
  const auto largest = *std::max_element(open_.begin(), open_.end());
  const auto rounds = (largest + batch - 1) / batch;
  const auto& options = state_->options;
  runtime::log(log_level::info,
               "DRAINING {} of {} total connection(s) for {} every {}ms - "
               "round {} of {}",
               count, total, options.name, options.drain.batch_interval.count(),
               round_, rounds);
  node().telemetry().execute(events::socket_drain, [&] {
    return runtime::telemetry_event{events::socket_drain,
                                    {{"count", static_cast<double>(count)},
                                     {"total", static_cast<double>(total)},
                                     {"index", static_cast<double>(round_)},
                                     {"rounds", static_cast<double>(rounds)}},
                                    {{"endpoint", options.name}}};
  });
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
