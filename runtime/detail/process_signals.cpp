// What reaches a process: messages into its mailbox, and signals, which act at
// once.
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/detail/shard_impl.hpp"
#include "runtime/log.hpp"

#include <stdexcept>
#include <utility>

namespace bennu::runtime::detail {

// -- signals ------------------------------------------------------------------

void process_core::deliver(std::unique_ptr<envelope> x) {
  if (!alive())
    return;
  if (x->what == envelope::kind::reply) {
    // A late answer finds no monitor any more and never reaches the mailbox.
    const auto request = relations_.find_ref(x->ref);
    if (!request || !request->is_request())
      return;
    const auto other = request->other;
    unrelate(*request);
    // Who was asked has forgotten the request in answering it; when another
    // has answered, it is told.
    if (x->sender != other) {
      auto drop = std::make_unique<signal>();
      drop->what = signal::kind::demonitor;
      drop->ref = x->ref;
      home_->route(other, std::move(drop));
    }
  }
  // A request is a monitor, too.
  if (x->what == envelope::kind::request)
    relate({x->ref, x->sender, relation::kind::monitored_by});
  if (x->what == envelope::kind::alias && !alias_takes(x->ref))
    return;
  if (extras_ && !has_room(*x))
    return;
  mailbox_.push(std::move(x));
  ++queued_;
  schedule();
}

// -- aliases ------------------------------------------------------------------

std::uint64_t process_core::make_alias(alias_mode mode) {
  auto& aliases = more().aliases;
  if (aliases.size() >= process::aliases_max)
    throw std::length_error(
      "a process has at most 1000 aliases at once; unalias those not needed");
  const auto ref = home_->next_ref();
  aliases.emplace(ref, mode);
  return ref;
}

bool process_core::unalias(std::uint64_t ref) {
  return extras_ && extras_->aliases.erase(ref) > 0;
}

bool process_core::alias_takes(std::uint64_t ref) {
  if (!extras_)
    return false;
  const auto at = extras_->aliases.find(ref);
  if (at == extras_->aliases.end())
    return false;
  if (at->second == alias_mode::reply)
    extras_->aliases.erase(at);
  return true;
}

bool process_core::has_room(const envelope& x) {
  auto& more = *extras_;
  if (more.mailbox_max == 0 || queued_ < more.mailbox_max) {
    more.overflow_told = false;
    return true;
  }
  const bool plain =
    (x.what == envelope::kind::message || x.what == envelope::kind::alias)
    && !x.content.holds<exit_message>() && !x.content.holds<down_message>();
  if (!plain && x.what != envelope::kind::request)
    return true;
  if (!std::exchange(more.overflow_told, true))
    log(log_level::error, "process {} ({}): mailbox_max of {} reached; {}",
        to_string(id_), label(), more.mailbox_max,
        more.mailbox_policy == process::mailbox_policy::kill
          ? "killed"
          : "messages are dropped");
  if (more.mailbox_policy == process::mailbox_policy::kill)
    end(exit_reason::killed(), false);
  return false;
}

void process_core::limit_mailbox(std::size_t max,
                                 process::mailbox_policy policy) {
  more().mailbox_max = max;
  more().mailbox_policy = policy;
}

std::string process_core::label() const {
  if (extras_ && !extras_->label.empty())
    return extras_->label;
  return object() ? object()->label() : "";
}

std::string process_core::initial_call() const {
  return object() ? object()->initial_call() : "";
}

std::vector<message> process_core::peek(std::size_t max) const {
  std::vector<message> result;
  mailbox_.for_each([&](const envelope& x) {
    if (result.size() == max)
      return false;
    result.push_back(x.content);
    return true;
  });
  return result;
}

void process_core::exit_signal(const pid& from, const exit_reason& why,
                               bool over_link) {
  if (!alive())
    return;
  const auto tie = link_with(from);
  if (over_link && !tie)
    return;
  const bool from_parent = (tie && tie->what == relation::kind::parent)
                           || (pool_ && home_->pools().parent(pool_) == from);
  if (over_link)
    unrelate(*tie);
  if (why.is_kill() && !over_link)
    return end(exit_reason::killed(), false);
  take_exit(from, why, from_parent);
}

void process_core::parent_gone(const pid& parent, const exit_reason& why) {
  if (alive())
    take_exit(parent, why, true);
}

void process_core::take_exit(const pid& from, const exit_reason& why,
                             bool from_parent) {
  if (trapping()) {
    auto x = std::make_unique<envelope>();
    x->what =
      from_parent ? envelope::kind::parent_exit : envelope::kind::message;
    x->content = make_message(exit_message{from, why});
    x->sender = from;
    return deliver(std::move(x));
  }
  if (!why.is_normal() || from == id_)
    end(why, false);
}

void process_core::down(monitor_ref ref, const pid& from,
                        const exit_reason& why) {
  const auto x = relations_.find_ref(ref);
  if (!alive() || !x || x->is_passive())
    return;
  const bool request = x->is_request();
  if (x->what == relation::kind::start)
    drop_link(from);
  unrelate(*x);
  if (request)
    return push_failure(ref, why);
  auto letter = std::make_unique<envelope>();
  letter->content =
    make_message(down_message{ref, from, why, take_monitored_name(ref)});
  letter->sender = from;
  deliver(std::move(letter));
}

void process_core::push_failure(monitor_ref ref, const exit_reason& why) {
  auto letter = std::make_unique<envelope>();
  letter->what = envelope::kind::failure;
  letter->ref = ref;
  letter->content = make_message(why);
  deliver(std::move(letter));
}

std::string process_core::take_monitored_name(monitor_ref ref) {
  if (!extras_ || extras_->monitored_names.empty())
    return {};
  const auto node = extras_->monitored_names.extract(ref);
  return node ? std::move(node.mapped()) : std::string{};
}

void process_core::drop_link(const pid& other) {
  if (const auto tie = link_with(other))
    unrelate(*tie);
}

void process_core::request_timed_out(monitor_ref ref) {
  const auto x = relations_.find_ref(ref);
  if (!x)
    return;
  const auto late = *x;
  demonitor(ref);
  push_failure(ref, exit_reason::timeout());
  if (late.what != relation::kind::start)
    return;
  // As in OTP, what has not started in time is killed.
  drop_link(late.other);
  auto out = std::make_unique<signal>();
  out->what = signal::kind::exit;
  out->from = id_;
  out->why = exit_reason::kill();
  home_->route(late.other, std::move(out));
}

void process_core::forget_monitor(monitor_ref ref) {
  const auto x = relations_.find_ref(ref);
  if (x && x->is_passive())
    unrelate(*x);
}

bool process_core::demonitor(monitor_ref ref) {
  const auto x = relations_.find_ref(ref);
  if (x && !x->is_passive()) {
    take_monitored_name(ref);
    const auto other = x->other;
    unrelate(*x);
    auto drop = std::make_unique<signal>();
    drop->what = signal::kind::demonitor;
    drop->ref = ref;
    home_->route(other, std::move(drop));
    return true;
  }
  const auto removed = mailbox_.remove_if([ref](const envelope& letter) {
    const auto* down = letter.content.value_if<down_message>();
    return down && down->ref == ref;
  });
  queued_ -= removed ? 1 : 0;
  return false;
}

bool process_core::trap_exit(bool on) noexcept {
  const bool was = trapping();
  on ? set(flag::trap_exit) : unset(flag::trap_exit);
  return was;
}

void process_core::await_reply(
  monitor_ref ref, timer_ref timer,
  std::function<void(message*, const exit_reason*)> then) {
  auto& spare = more().spare_request;
  if (spare.empty()) {
    extras_->requests.emplace(ref, extras::request{std::move(then), timer});
    return;
  }
  spare.key() = ref;
  spare.mapped() = {std::move(then), timer};
  extras_->requests.insert(std::move(spare));
}

void process_core::await_reply_within(duration timeout, monitor_ref ref) {
  const auto timer =
    home_->timers().set(timeout, id_, make_message(request_timeout{ref}));
  await_reply(ref, timer, {});
}

void process_core::set_continuation(
  monitor_ref ref, std::function<void(message*, const exit_reason*)> then) {
  const auto at = more().requests.find(ref);
  if (at != extras_->requests.end())
    at->second.then = std::move(then);
}

} // namespace bennu::runtime::detail
