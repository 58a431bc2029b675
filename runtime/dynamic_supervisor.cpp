#include "runtime/dynamic_supervisor.hpp"

#include "runtime/detail/process_core.hpp"
#include "runtime/detail/supervision.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

namespace bennu::runtime {

namespace {

using context = supervisor_report::context;

struct try_child_again {
  pid last;
  std::uint64_t attempt = 0;
};

} // namespace

std::optional<std::string> check(const dynamic_supervisor_options& options) {
  auto wrong = check(options.intensity);
  if (!wrong && options.backoff)
    wrong = check(*options.backoff);
  if (!wrong && options.shutdown.count() < 0)
    wrong = "its shutdown is below 0 ms: give 0 or more";
  if (!wrong && options.child) {
    auto spec = options.child->spec;
    spec.start = [] { return std::unique_ptr<detail::process_maker>{}; };
    wrong = options.child->start ? check_childspec(spec)
                                 : "its template has no start: make it with "
                                   "worker_template()";
  }
  if (!wrong)
    return std::nullopt;
  return fmt::format("bad options of dynamic supervisor {}: {}", options.name,
                     *wrong);
}

dynamic_supervisor::dynamic_supervisor(dynamic_supervisor_options options)
  : options_(std::move(options)), window_(options_.intensity) {}

std::string dynamic_supervisor::label() const {
  return "dynamic_supervisor " + options_.name;
}

void dynamic_supervisor::init() {
  trap_exit(true);
  if (const auto wrong = check(options_))
    exit(exit_reason::error(*wrong));
  if (options_.child)
    shared_spec_ = std::make_shared<const child_spec>(options_.child->spec);
}

pid dynamic_supervisor::start_child(detail::process_maker& maker) {
  if (stopping_ || child_count() >= options_.children_max)
    return {};
  const auto id = spawn_maker(maker, {}, relation::member).id;
  ++members_;
  return id;
}

std::vector<pid> dynamic_supervisor::children() const {
  auto all = members();
  for (const auto& [id, x] : tracked_)
    if (x.state != state::retrying)
      all.push_back(id);
  return all;
}

void dynamic_supervisor::handle_message(message& msg) {
  if (const auto* end = msg.value_if<detail::member_end>())
    return on_member_end(end->member);
  if (const auto* end = msg.value_if<exit_message>())
    return on_end(tracked_.find(end->from), end->reason);
  if (const auto* down = msg.value_if<down_message>())
    return on_end(tracked_.find(down->from), down->reason);
  if (const auto* ack = msg.value_if<detail::child_started>())
    return on_started(*ack);
  if (const auto* late = msg.value_if<late_stop>())
    return late->child ? on_stop_timeout(late->child)
                       : on_all_timeout(late->limit);
  if (const auto* again = msg.value_if<try_child_again>())
    return on_try_again(again->last, again->attempt);
  if (handle_request(msg))
    return;
  log(log_level::error, "{} received an unexpected message: {}", label(),
      msg.type_name());
}

void dynamic_supervisor::parent_exited(const exit_reason& why) {
  begin_stop(why);
}

// -- what children report -----------------------------------------------------

void dynamic_supervisor::on_member_end(const pid& from) {
  --members_;
  if (const auto at = member_stops_.find(from); at != member_stops_.end()) {
    cancel_timer(at->second.timer);
    for (const auto& to : at->second.stoppers)
      reply(to, child_result{});
    member_stops_.erase(at);
  }
  stop_if_empty();
}

void dynamic_supervisor::on_started(const detail::child_started& ack) {
  const auto at = tracked_.find(ack.child);
  if (at == tracked_.end() || at->second.state != state::starting)
    return;
  if (detail::note_started(*this, at->second, told(at), ack))
    at->second.state = state::running;
}

void dynamic_supervisor::on_end(child_map::iterator at,
                                const exit_reason& why) {
  if (at == tracked_.end() || at->second.state == state::retrying)
    return;
  detail::note_ended(*this, at->second);
  switch (at->second.state) {
  case state::starting:
    return on_not_started(at, why);
  case state::running:
    return on_terminated(at, why);
  case state::stopping:
    return on_stopped(at, why);
  case state::retrying:
    return;
  }
}

void dynamic_supervisor::on_not_started(child_map::iterator at,
                                        const exit_reason& why) {
  auto& x = at->second;
  x.last_exit = why;
  if (!x.ignored)
    detail::complain(told(at), context::start_error, why);
  detail::answer_starter(*this, x,
                         {{}, x.ignored ? "" : detail::cause_of(why)});
  if (x.ignored || x.on_trial)
    return forget(at);
  retry_later(at, wait_before(x), false);
}

void dynamic_supervisor::on_terminated(child_map::iterator at,
                                       const exit_reason& why) {
  detail::tell_terminated(told(at), why);
  at->second.last_exit = why;
  if (detail::is_restarted(at->second.spec->restart, why))
    restart(at, why, wait_before(at->second));
  else
    forget(at);
}

void dynamic_supervisor::on_stopped(child_map::iterator at,
                                    const exit_reason& why) {
  auto& x = at->second;
  if (!detail::stopped_in_order(*x.spec, why)) {
    if (stopping_) {
      auto same = complaints_.find(to_string(why));
      if (same == complaints_.end())
        complaints_.emplace(to_string(why),
                            std::pair{why, offender::of(*x.spec, at->first)});
      else
        ++same->second.second.children;
    } else
      detail::complain(told(at), context::shutdown_error, why);
  }
  detail::answer_stoppers(*this, x);
  forget(at);
}

void dynamic_supervisor::forget(child_map::iterator at) {
  tracked_.erase(at);
  stop_if_empty();
}

detail::told_child
dynamic_supervisor::told(child_map::const_iterator at) const {
  return {node(), options_.name, *at->second.spec, at->first};
}

// -- starting and restarting --------------------------------------------------

void dynamic_supervisor::launch(tracked x, detail::process_maker& maker) {
  x.state = state::starting;
  x.ignored = false;
  const auto id = spawn_maker(maker, x.spec->how, relation::child).id;
  x.watch = monitor(id);
  tracked_.emplace(id, std::move(x));
}

void dynamic_supervisor::launch_first(std::shared_ptr<const child_spec> spec,
                                      const reply_to& starter,
                                      detail::process_maker& maker) {
  tracked x;
  x.spec = std::move(spec);
  x.on_trial = true;
  x.starter = starter;
  launch(std::move(x), maker);
}

void dynamic_supervisor::restart(child_map::iterator at, const exit_reason& why,
                                 duration wait) {
  auto& x = at->second;
  if (!window_.allows(home().now())) {
    detail::tell_gave_up(told(at), window_.limit());
    tracked_.erase(at);
    return begin_stop(exit_reason::shutdown());
  }
  ++x.restarts;
  detail::tell_restarted(told(at), why, x.restarts);
  if (wait.count() > 0)
    retry_later(at, wait, true);
  else
    start_again(at);
}

void dynamic_supervisor::start_again(child_map::iterator at) {
  const auto last = at->first;
  try {
    const auto maker = at->second.spec->start();
    launch(at->second, *maker);
  } catch (const std::exception& e) {
    return on_not_started(at, exit_reason::error(e.what()));
  }
  tracked_.erase(last);
}

void dynamic_supervisor::retry_later(child_map::iterator at, duration wait,
                                     bool counted) {
  auto& x = at->second;
  x.state = state::retrying;
  x.counted = counted;
  x.attempt = ++attempts_;
  if (wait.count() > 0)
    x.timer = send_after(wait, try_child_again{at->first, x.attempt});
  else
    send(self(), try_child_again{at->first, x.attempt});
}

void dynamic_supervisor::on_try_again(const pid& last, std::uint64_t attempt) {
  const auto at = tracked_.find(last);
  if (at == tracked_.end() || at->second.state != state::retrying
      || at->second.attempt != attempt)
    return;
  at->second.timer = 0;
  if (at->second.counted)
    start_again(at);
  else
    restart(at, exit_reason::error("it did not start"), {});
}

duration dynamic_supervisor::wait_before(tracked& x) {
  return detail::next_wait(x, *x.spec, options_.backoff, home().now());
}

// -- stopping -----------------------------------------------------------------

void dynamic_supervisor::take_down(child_map::iterator at) {
  auto& x = at->second;
  x.state = state::stopping;
  if (!x.watch)
    x.watch = monitor(at->first);
  exit(at->first,
       x.spec->shutdown.kill ? exit_reason::kill() : exit_reason::shutdown());
}

void dynamic_supervisor::begin_stop(const exit_reason& why) {
  if (stopping_)
    return;
  stopping_ = true;
  why_ = why;
  // All at once, under one timer for each limit there is: a million children
  // stop in the time of one.
  std::set<std::chrono::milliseconds> limits;
  if (members_ > 0)
    limits.insert(options_.shutdown);
  for (const auto& child : members())
    exit(child, exit_reason::shutdown());
  for (auto at = tracked_.begin(); at != tracked_.end();) {
    auto& x = at->second;
    if (x.state == state::retrying) {
      cancel_timer(x.timer);
      at = tracked_.erase(at);
      continue;
    }
    if (x.state != state::stopping) {
      take_down(at);
      if (x.spec->shutdown.timeout)
        limits.insert(*x.spec->shutdown.timeout);
    }
    ++at;
  }
  for (const auto limit : limits)
    send_after(limit, late_stop{{}, limit});
  stop_if_empty();
}

void dynamic_supervisor::on_all_timeout(std::chrono::milliseconds limit) {
  if (limit == options_.shutdown)
    for (const auto& child : members())
      exit(child, exit_reason::kill());
  for (const auto& [id, x] : tracked_)
    if (x.spec->shutdown.timeout == limit)
      exit(id, exit_reason::kill());
}

void dynamic_supervisor::on_stop_timeout(const pid& child) {
  const auto at = tracked_.find(child);
  if (member_stops_.contains(child)
      || (at != tracked_.end() && at->second.state == state::stopping))
    exit(child, exit_reason::kill());
}

void dynamic_supervisor::stop_if_empty() {
  if (!stopping_ || members_ > 0 || !tracked_.empty())
    return;
  for (const auto& [text, x] : std::exchange(complaints_, {}))
    report(node(), supervisor_report{context::shutdown_error, options_.name,
                                     x.first, x.second});
  stop(why_);
}

// -- as a value ---------------------------------------------------------------

child_spec dynamic_supervisor_spec(dynamic_supervisor_options options) {
  return {
    .id = options.name,
    .start = [options]() -> std::unique_ptr<detail::process_maker> {
      return detail::make_maker<dynamic_supervisor>(options).moved();
    },
    .shutdown = shutdown_policy::infinity(),
    .type = child_spec::kind::supervisor,
    .how = {.name = options.name, .shard = options.shard},
  };
}

child_spec simple_one_for_one(std::string name, restart_intensity intensity,
                              child_template child) {
  return dynamic_supervisor_spec({.name = std::move(name),
                                  .intensity = intensity,
                                  .child = std::move(child)});
}

} // namespace bennu::runtime
