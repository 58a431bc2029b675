#include "channels/pubsub/member.hpp"

#include "runtime/key_range.hpp"
#include "runtime/node.hpp"
#include "runtime/process.hpp"
#include "runtime/shard.hpp"
#include "runtime/telemetry.hpp"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/core.h>

namespace bennu::channels {

pubsub_member::pubsub_member(const pubsub_options& options, interest& all,
                             std::size_t index, std::size_t shard)
  : options_(options), interest_(all), index_(index), shard_(shard),
    rows_({.name = fmt::format("{}.{}", options.name, index),
           .kind = runtime::table_kind::duplicate_bag,
           .objects_max = options.subscriptions_max}) {}

// -- the inbox ----------------------------------------------------------------

bool pubsub_member::has_room() const {
  const std::lock_guard guard{inbox_mutex_};
  return jobs_ < options_.jobs_max;
}

runtime::pid pubsub_member::push(publication what) {
  const std::lock_guard guard{inbox_mutex_};
  inbox_.push_back(std::move(what));
  ++jobs_;
  if (awake_ || !server_)
    return {};
  awake_ = true;
  return server_;
}

void pubsub_member::server_started(const runtime::pid& server) {
  const std::lock_guard guard{inbox_mutex_};
  server_ = server;
  awake_ = true;
}

runtime::pid pubsub_member::server() const {
  const std::lock_guard guard{inbox_mutex_};
  return server_;
}

// -- subscriptions ------------------------------------------------------------

std::uint32_t pubsub_member::lane_number(const lane* what) {
  auto found = std::find_if(lanes_.begin(), lanes_.end(), [what](auto& x) {
    return x.what == what && x.rows > 0;
  });
  if (found == lanes_.end())
    found = std::find_if(lanes_.begin(), lanes_.end(),
                         [](auto& x) { return x.rows == 0; });
  if (found == lanes_.end())
    found = lanes_.insert(found, counted_lane{});
  found->what = what;
  ++found->rows;
  return static_cast<std::uint32_t>(found - lanes_.begin());
}

runtime::object_ref pubsub_member::subscribe(const runtime::pid& who, topic& on,
                                             const runtime::pid& fastlane,
                                             const lane* what) {
  const auto* shared = rows_.find_key(on);
  const bool first = !shared;
  if (shared)
    on = *shared;
  const auto number = lane_number(what);
  try {
    const auto made = rows_.insert(
      on, {who.slot, who.serial, fastlane.slot, fastlane.serial, number});
    if (first)
      interest_.add(index_, on);
    return made;
  } catch (...) {
    --lanes_[number].rows;
    throw;
  }
}

void pubsub_member::unsubscribe(const runtime::object_ref& ref) {
  const auto* x = rows_.find(ref);
  if (!x)
    return;
  --lanes_[x->lane].rows;
  if (rows_.count_beside(ref) == 1)
    interest_.remove(index_, rows_.key_of(ref));
  rows_.erase(ref);
}

bool pubsub_member::watch(const runtime::pid& who,
                          const runtime::object_ref& ref) {
  const auto [at, is_new] = watched_.try_emplace(who);
  at->second.emplace_back(rows_.key_of(ref), ref);
  return is_new;
}

void pubsub_member::unsubscribe(const runtime::pid& who, const topic& on) {
  const auto found = watched_.find(who);
  if (found == watched_.end())
    return;
  std::erase_if(found->second, [&](const auto& x) {
    if (x.first != on)
      return false;
    unsubscribe(x.second);
    return true;
  });
}

void pubsub_member::forget(const runtime::pid& who) {
  const auto found = watched_.find(who);
  if (found == watched_.end())
    return;
  for (const auto& x : found->second)
    unsubscribe(x.second);
  watched_.erase(found);
}

std::vector<runtime::pid> pubsub_member::watched() const {
  std::vector<runtime::pid> all;
  for (const auto& x : watched_)
    all.push_back(x.first);
  std::sort(all.begin(), all.end());
  return all;
}

// -- looking in ---------------------------------------------------------------

std::size_t pubsub_member::waiting() const {
  const std::lock_guard guard{inbox_mutex_};
  return jobs_;
}

void pubsub_member::look_at_topics(runtime::time_point now) {
  if (!meter_)
    meter_ = std::make_unique<topic_meter>(now);
  meter_->look(now);
}

void pubsub_member::visit(place& at, std::size_t max,
                          const std::function<void(const subscription&)>& f) {
  const auto node = server().node;
  const auto look = [&](const topic& on, const row& x,
                        const runtime::object_ref& ref) {
    const runtime::pid fastlane{node, x.fastlane_slot, x.fastlane_serial};
    const bool first = rows_.first_of(on) == ref;
    f({.on = on,
       .subscriber = {node, x.slot, x.serial},
       .fastlane = fastlane ? fastlane : runtime::pid{},
       .first_of_topic = first,
       .topic_subscribers = rows_.count(on),
       .topic_broadcasts = first && meter_ ? meter_->per_second(on) : 0});
    return true;
  };
  rows_.visit(at, max, runtime::all_keys{}, look);
}

// -- the server's turn --------------------------------------------------------

bool pubsub_member::serve(runtime::process& server) {
  std::size_t left = options_.chunk_max;
  while (left > 0) {
    if (!at_ && !next_job())
      return false;
    const auto served = serve_some(server, left);
    left -= served;
    // A job without subscribers counts as one, else a flood of them would
    // hold the shard.
    if (served == 0)
      --left;
  }
  return true;
}

/// Begins with the next broadcast; false, and asleep, when there is none.
bool pubsub_member::next_job() {
  if (taken_.empty()) {
    std::vector<publication> arrived;
    const std::lock_guard guard{inbox_mutex_};
    arrived.swap(inbox_);
    if (arrived.empty()) {
      awake_ = false;
      return false;
    }
    for (auto& x : arrived)
      taken_.push_back(std::move(x));
  }
  at_.emplace(rows_, taken_.front().topic);
  return true;
}

/// Serves up to `max` subscribers of the job at hand and ends it when there
/// are no more. The cursor moves on before the dispatcher runs: one that
/// throws ends the server, and its successor goes on behind what it was at.
std::size_t pubsub_member::serve_some(runtime::process& server,
                                      std::size_t max) {
  constexpr std::size_t batch_max = 64;
  std::array<delivery, batch_max> batch;
  std::size_t served = 0;
  while (served < max) {
    std::size_t size = 0;
    while (size < std::min(batch_max, max - served)
           && refill(server.self(), batch[size]))
      ++size;
    if (size == 0)
      break;
    served += size;
    served_ += size;
    const auto& job = taken_.front();
    const auto& by = job.by ? *job.by : message_dispatcher();
    by.dispatch(server, std::span{batch.data(), size}, job);
  }
  if (served < max)
    end_job(server);
  return served;
}

void pubsub_member::end_job(runtime::process& server) {
  server.node().telemetry().execute(events::pubsub_dispatched, [&] {
    return runtime::telemetry_event{
      events::pubsub_dispatched,
      {{"receivers", static_cast<double>(served_)}},
      {{"server", rows_.info().name}, {"topic", taken_.front().topic.str()}}};
  });
  if (meter_ && meter_->forgotten(server.home().now()))
    meter_.reset();
  if (meter_)
    meter_->count(taken_.front().topic);
  served_ = 0;
  at_.reset();
  taken_.pop_front();
  const std::lock_guard guard{inbox_mutex_};
  --jobs_;
}

/// The next subscriber but the sender; false at the end.
bool pubsub_member::refill(const runtime::pid& server, delivery& to) {
  const auto& from = taken_.front().from;
  while (const auto* x = at_->next()) {
    to.subscriber = {server.node, x->slot, x->serial};
    if (to.subscriber == from)
      continue;
    to.fastlane = {server.node, x->fastlane_slot, x->fastlane_serial};
    to.lane = lanes_[x->lane].what;
    return true;
  }
  return false;
}

} // namespace bennu::channels
