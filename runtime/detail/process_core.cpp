#include "runtime/detail/process_core.hpp"

#include "runtime/assert.hpp"
#include "runtime/detail/caf_reason.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/shard_impl.hpp"
#include "runtime/detail/table_owner.hpp"
#include "runtime/log.hpp"
#include "runtime/report.hpp"

#include <caf/actor_config.hpp>

#include <algorithm>
#include <utility>

namespace bennu::runtime::detail {

bool process_core::extras::is_default() const noexcept {
  return requests.empty() && dictionary.empty() && label.empty()
         && mailbox_max == 0 && aliases.empty() && monitored_names.empty()
         && !watch && !starter && !owns_tables && exit_hooks.empty()
         && attached.empty();
}

static_assert(sizeof(process_core) == 128,
              "a process's fixed part is two cache lines");

process_core::process_core(caf::actor_config& config, shard_impl& home,
                           const pid& id)
  : caf::abstract_actor(config), home_(&home), id_(id) {}

process_core::~process_core() {
  BENNU_ASSERT(!object());
}

std::size_t process_core::memory() const noexcept {
  constexpr std::size_t control_block = 64;
  return control_block + sizeof(process_core) + object_units_ * 16u
         + relations_.memory() + queued_ * sizeof(envelope)
         + (extras_ ? sizeof(extras) : 0);
}

void process_core::add_exit_hook(const std::shared_ptr<exit_hook>& hook) {
  auto& hooks = more().exit_hooks;
  if (std::find(hooks.begin(), hooks.end(), hook) == hooks.end())
    hooks.push_back(hook);
}

process_core::extras& process_core::more() {
  if (!extras_)
    extras_ = std::make_unique<extras>();
  return *extras_;
}

// -- running ------------------------------------------------------------------

template <class F>
bool process_core::guarded(F f) {
  const bool nested = has(flag::running);
  running_frame here{.core = this, .outer = home_->frame()};
  home_->frame() = &here;
  set(flag::running);
  if (!here.outer)
    home_->pulse().begin(id_);
  bool threw = false;
  const auto crashed = [&](const char* what) {
    threw = true;
    here.ending = exit_reason::error(what);
    // As in OTP, what never finished its init has nothing to terminate.
    here.run_terminate = has(flag::initialised);
  };
  try {
    f(here);
  } catch (const process_unwound& e) {
    here.ending = e.why;
    here.run_terminate = has(flag::initialised);
  } catch (const std::exception& e) {
    crashed(e.what());
  } catch (...) {
    crashed("an exception that is no std::exception");
  }
  if (!here.outer)
    if (const auto late_since = home_->pulse().end())
      report_long_handler(*late_since, here.current);
  home_->frame() = here.outer;
  if (!nested)
    unset(flag::running);
  if (!here.ending)
    return true;
  // A start that fails is its starter's to tell.
  const bool starting = has(flag::ack_wanted) || has(flag::start_awaited);
  if ((threw || here.run_terminate) && !starting)
    report_crash(*this, *here.ending, here.current);
  end(std::move(*here.ending), here.run_terminate);
  return false;
}

void process_core::report_long_handler(time_point since,
                                       const envelope* handled) const {
  report(home_->node(),
         long_handler_report{
           .id = id_,
           .label = label(),
           .message = handled ? handled->content.type_name() : "",
           .took = home_->owner().time.now() - since,
         });
}

thread_local process_core* process_core::under_construction = nullptr;

void process_core::construct(process_maker& maker) {
  object_units_ = static_cast<std::uint8_t>((maker.size() + 15) / 16);
  auto* const outer = std::exchange(under_construction, this);
  std::optional<exit_reason> failure;
  try {
    const process* built = maker.construct(this + 1);
    set(flag::constructed);
    BENNU_ASSERT(built == object() && "process is the first base");
  } catch (const process_unwound& e) {
    failure = e.why;
  } catch (const std::exception& e) {
    failure = exit_reason::error(e.what());
  } catch (...) {
    failure = exit_reason::error("an exception that is no std::exception");
  }
  under_construction = outer;
  if (!failure)
    return;
  if (!has(flag::ack_wanted) && !has(flag::start_awaited))
    log(log_level::error, "process {} failed to start: {}", to_string(id_),
        to_string(*failure));
  end(std::move(*failure), false);
}

bool process_core::run(const std::function<void()>& f) {
  ++reductions_;
  return guarded([&](running_frame&) { f(); });
}

void process_core::end(exit_reason why, bool run_terminate) {
  if (!has(flag::running))
    return home_->exit_now(*this, std::move(why), run_terminate);
  for (auto* frame = home_->frame(); frame; frame = frame->outer) {
    if (frame->core != this)
      continue;
    if (!frame->ending) {
      frame->ending = std::move(why);
      frame->run_terminate = run_terminate;
    }
    return;
  }
  BENNU_ASSERT(false && "a running process has a frame");
}

caf::resumable::resume_result process_core::resume(caf::execution_unit*,
                                                   std::size_t messages) {
  if (!alive())
    return done;
  if (!has(flag::initialised)) {
    const auto begin = [this](running_frame&) {
      object()->init();
      set(flag::initialised);
      if (object()->starts_with_init())
        started();
    };
    if (!guarded(begin))
      return done;
  }
  for (std::size_t i = 0; i < messages; ++i) {
    if (has(flag::hibernating))
      shrink();
    if (mailbox_.empty() || has(flag::suspended)) {
      unset(flag::queued);
      return awaiting_message;
    }
    const auto x = mailbox_.pop();
    --queued_;
    ++reductions_;
    if (!guarded([&](running_frame& here) {
          here.current = x.get();
          handle(*x);
        }))
      return done;
    home_->settle();
    if (!alive())
      return done;
  }
  // Back into the queue by its own priority.
  home_->make_ready(*this);
  return awaiting_message;
}

void process_core::shrink() {
  unset(flag::hibernating);
  object()->hibernated();
  relations_.shrink();
  if (extras_ && extras_->is_default())
    extras_.reset();
}

void process_core::go_on() {
  if (!has(flag::suspended))
    return;
  unset(flag::suspended);
  if (!mailbox_.empty())
    schedule();
}

void process_core::schedule() {
  if (has(flag::queued) || has(flag::suspended))
    return;
  set(flag::queued);
  home_->make_ready(*this);
}

void process_core::priority(priority_level x) noexcept {
  unset(flag::low);
  unset(flag::high);
  if (x != priority_level::normal)
    set(x == priority_level::low ? flag::low : flag::high);
}

process_watch& process_core::watch_it() {
  auto& watch = more().watch;
  if (!watch)
    watch = std::make_unique<process_watch>();
  return *watch;
}

void process_core::note(sys::event::kind what, const pid& other,
                        const message& content) {
  auto& watch = *extras_->watch;
  if (what == sys::event::kind::in)
    ++watch.messages_in;
  else if (what == sys::event::kind::out)
    ++watch.messages_out;
  if (watch.trace)
    watch.trace({what, id_, other, content});
}

/// Of what happens outside of a handler, or at the end: a tracer that throws
/// would find nobody to take it.
void process_core::note_safely(sys::event::kind what, const pid& other,
                               const exit_reason* why) noexcept {
  try {
    note(what, other, why ? make_message(*why) : message{});
  } catch (const std::exception& e) {
    log(log_level::error, "the trace of process {} has failed: {}",
        to_string(id_), e.what());
  } catch (...) {
    log(log_level::error, "the trace of process {} has failed", to_string(id_));
  }
}

void process_core::handle(envelope& x) {
  if (extras_ && extras_->watch)
    note(sys::event::kind::in, x.sender, x.content);
  switch (x.what) {
  case envelope::kind::message:
  case envelope::kind::alias:
    return object()->handle_message(x.content);
  case envelope::kind::request:
    object()->handle_message(x.content);
    if (x.what == envelope::kind::request)
      answer_unanswered(x);
    return;
  case envelope::kind::parent_exit:
    return object()->parent_exited(x.content.value_if<exit_message>()->reason);
  case envelope::kind::reply:
  case envelope::kind::failure:
    return finish_request(x);
  }
}

void process_core::finish_request(envelope& x) {
  if (!extras_)
    return;
  const auto at = extras_->requests.find(x.ref);
  if (at == extras_->requests.end())
    return;
  // Its place is kept for the next: a client asks again and again.
  extras_->spare_request = extras_->requests.extract(at);
  auto request = std::exchange(extras_->spare_request.mapped(), {});
  home_->cancel(request.timer);
  if (!request.then)
    return;
  if (const auto* failed = x.content.value_if<failed_reply>())
    request.then(nullptr, &failed->why);
  else if (x.what == envelope::kind::reply)
    request.then(&x.content, nullptr);
  else
    request.then(nullptr, x.content.value_if<exit_reason>());
}

void process_core::started(bool ignored) {
  if (has(flag::start_awaited) && !ignored)
    answer_start();
  if (!has(flag::ack_wanted))
    return;
  unset(flag::ack_wanted);
  auto x = std::make_unique<envelope>();
  x->content = make_message(child_started{id_, ignored});
  x->sender = id_;
  home_->route(extras_ && extras_->starter ? extras_->starter : parent(),
               std::move(x));
}

void process_core::answer_start() {
  unset(flag::start_awaited);
  std::optional<relation> starter;
  for_each_relation([&](const relation& x) {
    if (x.what == relation::kind::starter)
      starter = x;
  });
  if (!starter)
    return;
  unrelate(*starter);
  auto letter = std::make_unique<envelope>();
  letter->what = envelope::kind::reply;
  letter->ref = starter->ref;
  letter->content = make_message(id_);
  letter->sender = id_;
  home_->route(starter->other, std::move(letter));
}

envelope* process_core::current() const noexcept {
  for (auto* frame = home_->frame(); frame; frame = frame->outer)
    if (frame->core == this)
      return frame->current;
  return nullptr;
}

bool process_core::is_stopping() const noexcept {
  for (auto* frame = home_->frame(); frame; frame = frame->outer)
    if (frame->core == this)
      return frame->ending.has_value();
  return !alive();
}

void process_core::handle_next(message msg) {
  auto x = std::make_unique<envelope>();
  x->content = std::move(msg);
  x->sender = id_;
  mailbox_.push_front(std::move(x));
  ++queued_;
  schedule();
}

pid process_core::parent() const noexcept {
  if (pool_)
    return home_->pools().parent(pool_);
  pid found;
  for_each_relation([&](const relation& x) {
    if (x.what == relation::kind::parent)
      found = x.other;
  });
  return found;
}

// -- dying --------------------------------------------------------------------

void process_core::die(exit_reason why, bool run_terminate) {
  if (object()) {
    running_frame here{.core = this, .outer = home_->frame()};
    home_->frame() = &here;
    set(flag::running);
    try {
      if (run_terminate)
        object()->terminate(why);
    } catch (const process_unwound& e) {
      why = e.why;
    } catch (const std::exception& e) {
      log(log_level::error, "process {} crashed in terminate: {}",
          to_string(id_), e.what());
      why = exit_reason::error(e.what());
    } catch (...) {
      log(log_level::error, "process {} crashed in terminate", to_string(id_));
      why = exit_reason::error("an exception that is no std::exception");
    }
    note_done(sys::event::kind::ended, {}, &why);
    object()->~process();
    unset(flag::constructed);
    unset(flag::running);
    home_->frame() = here.outer;
  }
  // Names are free before anybody hears of the end, so that a supervisor can
  // start a successor under the same name at once.
  if (is_named())
    home_->owner().names.erase_name_of(id_);
  if (extras_ && extras_->owns_tables)
    settle_tables_of(home_->owner(), id_);
  if (extras_)
    for (const auto& hook : extras_->exit_hooks)
      hook->process_ended(id_);
  home_->timers().drop_to(id_);
  home_->table().erase(id_);
  if (pool_)
    home_->member_ended(pool_, id_);
  home_->parent_ended(id_, why);
  send_exit_signals(why);
  setf(is_cleaned_up_flag);
  if (extras_)
    for (auto& x : std::exchange(extras_->attached, {}))
      x->actor_exited(to_caf(why), home_);
  mailbox_.clear();
  queued_ = 0;
  extras_.reset();
}

void process_core::send_exit_signals(const exit_reason& why) {
  const bool failed_start = has(flag::start_awaited);
  while (relations_.size() > 0) {
    const auto x = relations_.last(id_);
    unrelate(x);
    auto out = std::make_unique<signal>();
    out->from = id_;
    out->ref = x.ref;
    switch (x.what) {
    case relation::kind::link:
    case relation::kind::parent:
      out->what = failed_start && x.what == relation::kind::parent
                    ? signal::kind::unlink
                    : signal::kind::link_exit;
      out->why = why;
      break;
    case relation::kind::monitored_by:
    case relation::kind::starter:
      out->what = signal::kind::down;
      out->why = why;
      break;
    case relation::kind::monitors:
    case relation::kind::request:
    case relation::kind::start:
      out->what = signal::kind::demonitor;
      break;
    }
    home_->route(x.other, std::move(out));
  }
}

} // namespace bennu::runtime::detail
