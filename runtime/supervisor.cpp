#include "runtime/supervisor.hpp"

#include "runtime/detail/process_core.hpp"
#include "runtime/detail/supervision.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace bennu::runtime {

namespace {

using context = supervisor_report::context;

/// The running stop of one child has taken too long.
struct stop_timed_out {
  monitor_ref watch = 0;
};

/// A child is to be started again: behind what is in the mailbox, so that one
/// that keeps failing never blocks the supervisor.
struct try_again {
  std::uint64_t attempt = 0;
};

} // namespace

// -- as a value ---------------------------------------------------------------

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

std::optional<std::string> check(const supervisor_spec& spec) {
  auto wrong = check(spec.intensity);
  if (!wrong && spec.backoff)
    wrong = check(*spec.backoff);
  if (!wrong)
    wrong = check_childspecs(spec.children, spec.auto_shutdown);
  if (!wrong)
    return std::nullopt;
  return fmt::format("bad spec of supervisor {}: {}", spec.name, *wrong);
}

supervisor::supervisor(supervisor_spec spec)
  : name_(spec.name), strategy_(spec.strategy),
    auto_shutdown_(spec.auto_shutdown), backoff_(spec.backoff),
    window_(spec.intensity), wrong_(check(spec)) {
  children_.resize(spec.children.size());
  for (std::size_t i = 0; i < children_.size(); ++i)
    children_[i].spec = std::move(spec.children[i]);
}

void supervisor::init() {
  trap_exit(true);
  if (wrong_)
    exit(exit_reason::error(*wrong_));
  for (auto& x : children_)
    x.state = state::wanted;
  advance();
}

void supervisor::handle_message(message& msg) {
  if (const auto* ack = msg.value_if<detail::child_started>())
    return on_started(*ack);
  if (const auto* end = msg.value_if<exit_message>())
    return on_end(index_of(end->from), end->reason);
  if (const auto* down = msg.value_if<down_message>())
    return on_end(
      index_if([&](const child& x) { return x.watch == down->ref; }),
      down->reason);
  if (const auto* late = msg.value_if<stop_timed_out>())
    return on_stop_timeout(late->watch);
  if (const auto* again = msg.value_if<try_again>())
    return on_try_again(again->attempt);
  if (handle_request(msg))
    return;
  log(log_level::error, "supervisor {} received an unexpected message: {}",
      name_, msg.type_name());
}

void supervisor::parent_exited(const exit_reason& why) {
  begin_stop(why);
}

// -- what children report -----------------------------------------------------

void supervisor::on_started(const detail::child_started& ack) {
  const auto at = index_of(ack.child);
  if (at == children_.size() || children_[at].state != state::starting)
    return;
  auto& x = children_[at];
  if (!detail::note_started(*this, x, told(x), ack))
    return;
  x.state = state::running;
  advance();
}

void supervisor::on_end(std::size_t index, const exit_reason& why) {
  if (index == children_.size())
    return;
  auto& x = children_[index];
  detail::note_ended(*this, x);
  switch (x.state) {
  case state::stopping:
  case state::doomed:
    return on_stopped(index, why);
  case state::starting:
    return on_not_started(index, why);
  case state::running:
    return on_terminated(index, why);
  case state::stopped:
  case state::wanted:
  case state::retrying:
    return;
  }
}

void supervisor::on_stopped(std::size_t index, const exit_reason& why) {
  auto& x = children_[index];
  if (!detail::stopped_in_order(x.spec, why))
    detail::complain(told(x), context::shutdown_error, why);
  x.id = {};
  x.state = std::exchange(x.again, false) ? state::wanted : state::stopped;
  detail::answer_stoppers(*this, x);
  if (x.state == state::stopped && x.spec.restart == restart_type::temporary)
    remove(index);
  advance();
}

void supervisor::on_not_started(std::size_t index, const exit_reason& why) {
  auto& x = children_[index];
  x.state = state::stopped;
  if (std::exchange(x.ignored, false)) {
    x.id = {};
    x.on_trial = false;
    detail::answer_starter(*this, x, {});
    if (x.spec.restart == restart_type::temporary)
      remove(index);
    return advance();
  }
  // The reason of a first start travels to whoever starts the tree.
  const bool travels =
    !x.starter && phase_ == phase::starting && x.restarts == 0;
  detail::complain(told(x), context::start_error, why, travels);
  x.last_exit = why;
  x.id = {};
  const auto cause = detail::cause_of(why);
  if (x.starter) {
    detail::answer_starter(*this, x, {{}, cause});
    if (x.on_trial)
      remove(index);
    return advance();
  }
  if (travels)
    return begin_stop(
      exit_reason::error("failed to start child " + x.spec.id + ": " + cause));
  retry_later(x, wait_before(x), false);
}

void supervisor::on_terminated(std::size_t index, const exit_reason& why) {
  auto& x = children_[index];
  x.state = state::stopped;
  x.last_exit = why;
  detail::tell_terminated(told(x), why);
  if (detail::is_restarted(x.spec.restart, why)) {
    if (count_restart(x, why))
      restart(index, wait_before(x));
    return;
  }
  x.id = {};
  const bool significant = x.spec.significant;
  if (x.spec.restart == restart_type::temporary)
    remove(index);
  if (shuts_down_without(significant))
    return begin_stop(exit_reason::shutdown());
  advance();
}

bool supervisor::shuts_down_without(bool significant) const {
  if (!significant || auto_shutdown_ == auto_shutdown::never)
    return false;
  return auto_shutdown_ == auto_shutdown::any_significant
         || std::none_of(
           children_.begin(), children_.end(), [](const child& x) {
             return x.spec.significant && x.state != state::stopped;
           });
}

void supervisor::on_try_again(std::uint64_t attempt) {
  const auto at = index_if([&](const child& x) {
    return x.state == state::retrying && x.attempt == attempt;
  });
  if (at == children_.size())
    return;
  auto& x = children_[at];
  x.timer = 0;
  if (x.counted) {
    x.state = state::wanted;
    return advance();
  }
  if (count_restart(x, exit_reason::error("it did not start")))
    restart(at, {});
}

void supervisor::on_stop_timeout(monitor_ref watch) {
  const auto at = index_if([&](const child& x) {
    return x.state == state::stopping && x.watch == watch;
  });
  if (at < children_.size())
    exit(children_[at].id, exit_reason::kill());
}

detail::told_child supervisor::told(const child& x) const {
  return {node(), name_, x.spec, x.id};
}

// -- restarting ---------------------------------------------------------------

bool supervisor::count_restart(child& x, const exit_reason& why) {
  if (!window_.allows(home().now())) {
    detail::tell_gave_up(told(x), window_.limit());
    x.id = {};
    begin_stop(exit_reason::shutdown());
    return false;
  }
  x.id = {};
  ++x.restarts;
  detail::tell_restarted(told(x), why, x.restarts);
  return true;
}

void supervisor::restart(std::size_t index, duration wait) {
  auto& x = children_[index];
  x.state = state::wanted;
  if (wait.count() > 0)
    retry_later(x, wait, true);
  if (strategy_ != strategy::one_for_one)
    for (std::size_t i = strategy_ == strategy::one_for_all ? 0 : index;
         i < children_.size(); ++i)
      if (i != index)
        take_along(i);
  advance();
}

void supervisor::retry_later(child& x, duration wait, bool counted) {
  x.state = state::retrying;
  x.counted = counted;
  x.attempt = ++attempts_;
  if (wait.count() > 0)
    x.timer = send_after(wait, try_again{x.attempt});
  else
    send(self(), try_again{x.attempt});
  if (!counted)
    advance();
}

duration supervisor::wait_before(child& x) {
  return detail::next_wait(x, x.spec, backoff_, home().now());
}

void supervisor::take_along(std::size_t index) {
  auto& x = children_[index];
  const bool wanted = x.spec.restart != restart_type::temporary;
  switch (x.state) {
  case state::running:
  case state::starting:
    x.state = state::doomed;
    x.again = wanted;
    return;
  case state::stopping:
  case state::doomed:
    x.again = wanted;
    return;
  case state::stopped:
  case state::retrying:
    // As in OTP, one that had ended or was terminated starts with the others.
    forget_tries(x);
    x.state = wanted ? state::wanted : state::stopped;
    return;
  case state::wanted:
    return;
  }
}

// -- starting and stopping, one child at a time -------------------------------

void supervisor::advance() {
  const auto any = [&](state what) {
    return std::any_of(children_.begin(), children_.end(),
                       [what](const child& x) { return x.state == what; });
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
  if (strategy_ == strategy::one_for_all && any(state::retrying))
    return;
  for (std::size_t i = 0; i < children_.size(); ++i) {
    if (holds_up(children_[i]))
      return;
    if (children_[i].state == state::wanted)
      return launch(i);
  }
  if (phase_ == phase::starting) {
    phase_ = phase::running;
    started();
  }
}

/// Whether those after it have to wait until it is tried again.
bool supervisor::holds_up(const child& x) const {
  return x.state == state::retrying && strategy_ == strategy::rest_for_one;
}

void supervisor::launch(std::size_t index) {
  auto& x = children_[index];
  x.state = state::starting;
  x.ignored = false;
  try {
    const auto maker = x.spec.start();
    x.id = spawn_maker(*maker, x.spec.how, relation::child).id;
  } catch (const std::exception& e) {
    return on_not_started(index, exit_reason::error(e.what()));
  }
  x.watch = monitor(x.id);
}

void supervisor::take_down(std::size_t index) {
  auto& x = children_[index];
  const auto& policy = x.spec.shutdown;
  x.state = state::stopping;
  if (!x.watch)
    x.watch = monitor(x.id);
  exit(x.id, policy.kill ? exit_reason::kill() : exit_reason::shutdown());
  if (policy.timeout)
    x.timer = send_after(*policy.timeout, stop_timed_out{x.watch});
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
    else if (x.state == state::wanted || x.state == state::retrying) {
      forget_tries(x);
      x.state = state::stopped;
    }
  }
  advance();
}

void supervisor::remove(std::size_t index) {
  children_.erase(children_.begin() + static_cast<std::ptrdiff_t>(index));
}

void supervisor::forget_tries(child& x) {
  if (x.state == state::retrying)
    cancel_timer(std::exchange(x.timer, 0));
}

std::size_t supervisor::index_of(const pid& id) const {
  return id ? index_if([&](const child& x) { return x.id == id; })
            : children_.size();
}

std::size_t supervisor::index_of(const std::string& id) const {
  return index_if([&](const child& x) { return x.spec.id == id; });
}

} // namespace bennu::runtime
