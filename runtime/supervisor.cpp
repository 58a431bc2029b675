#include "runtime/supervisor.hpp"

#include "runtime/detail/process_core.hpp"
#include "runtime/log.hpp"
#include "runtime/shard.hpp"

#include <algorithm>
#include <utility>

namespace bennu::runtime {

namespace {

/// The running stop of one child has taken too long.
struct stop_timed_out {
  std::uint64_t round = 0;
};

/// A restart failed: the next try waits behind what is in the mailbox, so that
/// a child that keeps failing never blocks the supervisor.
struct try_again {
  std::string id;
};

} // namespace

supervisor_spec::operator child_spec() const {
  return {
    .id = name,
    .start = [spec = *this]() -> std::unique_ptr<detail::process_maker> {
      return detail::make_maker<supervisor>(spec).moved();
    },
    .shutdown = shutdown_policy::infinity(),
    .type = child_spec::kind::supervisor,
    .how = {.name = name},
  };
}

supervisor::supervisor(supervisor_spec spec)
  : spec_(std::move(spec)), children_(spec_.children.size()) {}

void supervisor::init() {
  trap_exit(true);
  for (std::size_t i = 0; i < spec_.children.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (spec_.children[i].id == spec_.children[j].id)
        exit(exit_reason::error("duplicate child id " + spec_.children[i].id
                                + " in supervisor " + spec_.name));
  for (auto& x : children_)
    x.state = state::wanted;
  advance();
}

void supervisor::handle_message(message& msg) {
  if (const auto* ack = msg.value_if<detail::child_started>())
    return on_started(ack->child);
  if (const auto* end = msg.value_if<exit_message>())
    return on_end(end->from, end->reason);
  if (const auto* down = msg.value_if<down_message>()) {
    // Only the child being stopped is monitored: it may have unlinked itself.
    if (down->ref == stop_monitor_)
      on_end(down->from, down->reason);
    return;
  }
  if (const auto* late = msg.value_if<stop_timed_out>())
    return on_stop_timeout(late->round);
  if (const auto* again = msg.value_if<try_again>())
    return on_try_again(again->id);
  if (handle_request(msg))
    return;
  log(log_level::error, "supervisor {} received an unexpected message: {}",
      spec_.name, msg.type_name());
}

void supervisor::parent_exited(const exit_reason& why) {
  begin_stop(why);
}

// -- what children report -----------------------------------------------------

void supervisor::on_started(const pid& from) {
  const auto at = index_of(from);
  if (at == children_.size() || children_[at].state != state::starting)
    return;
  auto& child = children_[at];
  child.state = state::running;
  child.on_trial = false;
  tell(child, {from, {}});
  advance();
}

void supervisor::on_end(const pid& from, const exit_reason& why) {
  const auto at = index_of(from);
  if (at == children_.size())
    return;
  auto& child = children_[at];
  const auto was = std::exchange(child.state, state::stopped);
  child.id = {};
  if (was == state::stopping)
    return on_stopped(at, why);
  if (phase_ == phase::stopping)
    return advance();
  if (was == state::starting && phase_ == phase::starting) {
    // Not logged here: the reason travels to whoever starts the tree.
    const auto cause = why.detail().empty() ? to_string(why) : why.detail();
    const auto text =
      "failed to start child " + spec_.children[at].id + ": " + cause;
    return begin_stop(exit_reason::error(text));
  }
  if (was == state::starting && child.on_trial) {
    tell(child, {{}, to_string(why)});
    remove(at);
    return advance();
  }
  on_unexpected_end(at, was, why);
}

void supervisor::on_stopped(std::size_t index, const exit_reason& why) {
  cancel_timer(std::exchange(stop_timer_, 0));
  demonitor(std::exchange(stop_monitor_, 0));
  if (!why.is_orderly() && !spec_.children[index].shutdown.kill)
    log(log_level::error, "supervisor {}: child {} did not stop in order: {}",
        spec_.name, spec_.children[index].id, to_string(why));
  auto& child = children_[index];
  const bool gone =
    child.waiting && spec_.children[index].restart == restart_type::temporary;
  tell(child, {});
  if (std::exchange(child.again, false))
    child.state = state::wanted;
  if (gone)
    remove(index);
  advance();
}

void supervisor::on_unexpected_end(std::size_t index, state was,
                                   const exit_reason& why) {
  const auto& spec = spec_.children[index];
  if (!why.is_orderly() || spec.restart == restart_type::permanent)
    log(log_level::error, "supervisor {}: child {} ended: {}", spec_.name,
        spec.id, to_string(why));
  const bool restarts =
    spec.restart == restart_type::permanent
    || (spec.restart == restart_type::transient && !why.is_orderly());
  if (was == state::doomed && std::exchange(children_[index].again, false))
    children_[index].state = state::wanted;
  else if (restarts && was == state::starting)
    return retry_later(index);
  else if (restarts)
    return restart(index);
  advance();
}

void supervisor::retry_later(std::size_t index) {
  children_[index].state = state::retrying;
  send(self(), try_again{spec_.children[index].id});
}

void supervisor::on_try_again(const std::string& id) {
  const auto at = index_of(id);
  if (phase_ == phase::stopping || at == children_.size()
      || children_[at].state != state::retrying)
    return;
  restart(at);
}

void supervisor::on_stop_timeout(std::uint64_t round) {
  if (round != stop_round_)
    return;
  for (const auto& x : children_)
    if (x.state == state::stopping)
      exit(x.id, exit_reason::kill());
}

// -- requests -----------------------------------------------------------------

bool supervisor::handle_request(message& msg) {
  const auto with_child = [&](const std::string& id, auto act) {
    const auto at = index_of(id);
    if (at == children_.size())
      reply(take_reply_to(), child_result{{}, "not_found"});
    else
      act(at);
    return true;
  };
  if (msg.holds<which_children>())
    return reply(take_reply_to(), list()), true;
  if (msg.holds<count_children>())
    return reply(take_reply_to(), count()), true;
  if (const auto* x = msg.value_if<start_child>())
    return add(x->spec), true;
  if (const auto* x = msg.value_if<terminate_child>())
    return with_child(x->id,
                      [this](std::size_t i) { terminate_by_request(i); });
  if (const auto* x = msg.value_if<restart_child>())
    return with_child(x->id, [this](std::size_t i) { restart_by_request(i); });
  if (const auto* x = msg.value_if<delete_child>())
    return with_child(x->id, [this](std::size_t i) {
      if (children_[i].state != state::stopped)
        return reply(take_reply_to(), child_result{children_[i].id, "running"});
      remove(i);
      reply(take_reply_to(), child_result{});
    });
  return false;
}

void supervisor::add(const child_spec& spec) {
  const auto at = index_of(spec.id);
  if (at < children_.size()) {
    const auto& there = children_[at];
    const auto* word = there.id ? "already_started" : "already_present";
    return reply(take_reply_to(), child_result{there.id, word});
  }
  if (phase_ == phase::stopping)
    return reply(take_reply_to(), child_result{{}, "shutting_down"});
  spec_.children.push_back(spec);
  children_.push_back(
    {.state = state::wanted, .waiting = take_reply_to(), .on_trial = true});
  advance();
}

void supervisor::terminate_by_request(std::size_t index) {
  auto& child = children_[index];
  if (child.waiting)
    return reply(take_reply_to(), child_result{child.id, "restarting"});
  child.again = false;
  switch (child.state) {
  case state::running:
  case state::starting:
    child.state = state::doomed;
    break;
  case state::wanted:
  case state::retrying:
    child.state = state::stopped;
    break;
  case state::doomed:
  case state::stopping:
  case state::stopped:
    break;
  }
  if (child.state == state::stopped)
    return reply(take_reply_to(), child_result{});
  child.waiting = take_reply_to();
  advance();
}

void supervisor::restart_by_request(std::size_t index) {
  auto& child = children_[index];
  if (child.state != state::stopped || phase_ == phase::stopping) {
    const auto* word = child.state == state::running ? "running" : "restarting";
    return reply(take_reply_to(), child_result{child.id, word});
  }
  child.state = state::wanted;
  child.waiting = take_reply_to();
  advance();
}

void supervisor::remove(std::size_t index) {
  const auto at = static_cast<std::ptrdiff_t>(index);
  children_.erase(children_.begin() + at);
  spec_.children.erase(spec_.children.begin() + at);
}

void supervisor::tell(child_state& child, child_result what) {
  if (child.waiting)
    reply(std::exchange(child.waiting, {}), std::move(what));
}

// -- restarting ---------------------------------------------------------------

void supervisor::restart(std::size_t index) {
  if (!restart_allowed()) {
    log(log_level::error,
        "supervisor {}: reached_max_restart_intensity (more than {} within {} "
        "ms), last child {}",
        spec_.name, spec_.intensity.max_restarts,
        spec_.intensity.within.count(), spec_.children[index].id);
    return begin_stop(exit_reason::shutdown());
  }
  phase_ = phase_ == phase::starting ? phase::starting : phase::running;
  children_[index].state = state::wanted;
  ++children_[index].restarts;
  const auto first = spec_.strategy == strategy::one_for_all ? 0
                     : spec_.strategy == strategy::rest_for_one
                       ? index + 1
                       : children_.size();
  for (auto i = first; i < children_.size(); ++i)
    if (i != index)
      take_along(i);
  advance();
}

void supervisor::take_along(std::size_t index) {
  auto& child = children_[index];
  const bool temporary =
    spec_.children[index].restart == restart_type::temporary;
  switch (child.state) {
  case state::running:
  case state::starting:
    child.state = state::doomed;
    child.again = !temporary;
    return;
  case state::stopping:
  case state::doomed:
    child.again = !temporary;
    return;
  case state::stopped:
  case state::retrying:
    if (!temporary)
      child.state = state::wanted;
    return;
  case state::wanted:
    return;
  }
}

bool supervisor::restart_allowed() {
  const auto now = home().now();
  std::erase_if(restarts_,
                [&](time_point t) { return t + spec_.intensity.within < now; });
  restarts_.push_back(now);
  return restarts_.size() <= spec_.intensity.max_restarts;
}

// -- starting and stopping, one child at a time -------------------------------

void supervisor::advance() {
  const auto any = [&](state what) {
    return std::any_of(
      children_.begin(), children_.end(),
      [what](const child_state& x) { return x.state == what; });
  };
  if (any(state::stopping))
    return;
  for (auto i = children_.size(); i-- > 0;)
    if (children_[i].state == state::doomed)
      return take_down(i);
  if (phase_ == phase::stopping)
    return stop(why_);
  if (any(state::starting))
    return;
  for (std::size_t i = 0; i < children_.size(); ++i)
    if (children_[i].state == state::wanted)
      return launch(i);
  if (phase_ == phase::starting) {
    phase_ = phase::running;
    started();
  }
}

void supervisor::launch(std::size_t index) {
  const auto& spec = spec_.children[index];
  auto& child = children_[index];
  child.state = state::starting;
  const auto maker = spec.start();
  child.id = spawn_maker(*maker, spec.how, relation::child).id;
}

void supervisor::take_down(std::size_t index) {
  const auto& policy = spec_.children[index].shutdown;
  auto& child = children_[index];
  child.state = state::stopping;
  ++stop_round_;
  stop_monitor_ = monitor(child.id);
  exit(child.id, policy.kill ? exit_reason::kill() : exit_reason::shutdown());
  if (policy.timeout)
    stop_timer_ = send_after(*policy.timeout, stop_timed_out{stop_round_});
}

void supervisor::begin_stop(exit_reason why) {
  if (phase_ == phase::stopping)
    return;
  phase_ = phase::stopping;
  why_ = std::move(why);
  for (auto& x : children_) {
    x.again = false;
    if (x.state == state::running || x.state == state::starting)
      x.state = state::doomed;
    else if (x.state == state::wanted || x.state == state::retrying)
      x.state = state::stopped;
  }
  advance();
}

// -- looking in ---------------------------------------------------------------

std::size_t supervisor::index_of(const pid& id) const noexcept {
  std::size_t i = 0;
  while (i < children_.size() && children_[i].id != id)
    ++i;
  return id ? i : children_.size();
}

std::size_t supervisor::index_of(const std::string& id) const noexcept {
  std::size_t i = 0;
  while (i < children_.size() && spec_.children[i].id != id)
    ++i;
  return i;
}

child_counts supervisor::count() const {
  child_counts result{.specs = children_.size()};
  for (std::size_t i = 0; i < children_.size(); ++i) {
    result.active += children_[i].id ? 1 : 0;
    const bool worker = spec_.children[i].type == child_spec::kind::worker;
    ++(worker ? result.workers : result.supervisors);
  }
  return result;
}

std::vector<child_info> supervisor::list() const {
  std::vector<child_info> result;
  result.reserve(children_.size());
  for (std::size_t i = 0; i < children_.size(); ++i)
    result.push_back({
      .id = spec_.children[i].id,
      .child = children_[i].id,
      .type = spec_.children[i].type,
      .restarting = children_[i].state == state::wanted
                    || children_[i].state == state::retrying,
      .restarts = children_[i].restarts,
    });
  return result;
}

} // namespace bennu::runtime
