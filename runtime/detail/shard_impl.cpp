#include "runtime/detail/shard_impl.hpp"

#include "runtime/assert.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bennu::runtime {

namespace {

thread_local detail::shard_impl* this_shard = nullptr;

} // namespace

shard* shard::current() noexcept {
  return this_shard;
}

namespace detail {

shard_impl* current_shard() noexcept {
  return this_shard;
}

shard_impl::shard_impl(node_impl& owner, std::size_t index)
  : caf::execution_unit(owner.system.get()), owner_(owner), index_(index),
    now_(owner.time.now()), table_(owner.number, index), timers_(*this),
    outboxes_(owner.options.shards + owner.options.detached_max),
    lone_(index >= owner.options.shards), inbox_(waker()) {
  if (!lone_)
    poller_.emplace();
}

/// A lone shard waits for its inbox itself.
std::function<void()> shard_impl::waker() {
  if (lone_)
    return {};
  return [this] { poller_->wake(); };
}

shard_impl::~shard_impl() {
  drop_ready();
}

runtime::node& shard_impl::node() noexcept {
  return owner_.self;
}

runtime::poller& shard_impl::poller() {
  if (!poller_)
    throw std::logic_error("a detached process waits for no descriptors");
  return *poller_;
}

// -- the thread ---------------------------------------------------------------

void shard_impl::enter(const std::function<void()>& f) {
  auto* const outer = std::exchange(this_shard, this);
  f();
  settle();
  this_shard = outer;
}

void shard_impl::run() {
  enter([this] {
    while (!stopping_) {
      await_work();
      turn();
    }
    kill_all();
  });
  // Nobody looks any more: who still asks is told by what is dropped.
  inbox_.close();
}

void shard_impl::turn() {
  now_ = owner_.time.now();
  if (poller_)
    poller_->dispatch();
  drain_inbox();
  timers_.advance(now_);
  for (std::size_t i = 0; i < resumes_per_turn && !ready_.empty(); ++i)
    resume_next(messages_per_resume);
  for (std::size_t i = 0; i < hooks_.size(); ++i)
    hooks_[i]->turn_ended();
  settle();
  flush_all();
}

void shard_impl::resume_next(std::size_t messages) {
  const auto x = ready_.pop();
  auto* const what = x.what();
  const auto result = what->resume(this, messages);
  // A process says done when it has died, and has left its last reference to
  // its entry here.
  if (x.is_process() ? result == caf::resumable::done
                     : result != caf::resumable::resume_later)
    what->intrusive_ptr_release_impl();
  else if (!x.is_process())
    exec_later(what);
  settle();
}

void shard_impl::drop_ready() {
  while (!ready_.empty()) {
    const auto x = ready_.pop();
    if (!x.is_process() || !static_cast<process_core*>(x.what())->alive())
      x.what()->intrusive_ptr_release_impl();
  }
}

bool shard_impl::step(std::mt19937_64* shuffle) {
  bool worked = false;
  enter([&] {
    now_ = owner_.time.now();
    worked = drain_inbox();
    settle();
    if (!ready_.empty()) {
      if (shuffle)
        ready_.bring_forward((*shuffle)() % ready_.size());
      resume_next(1);
      worked = true;
    }
    for (std::size_t i = 0; i < hooks_.size(); ++i)
      hooks_[i]->turn_ended();
    settle();
    flush_all();
  });
  return worked;
}

void shard_impl::advance_to(time_point now) {
  enter([&] {
    now_ = now;
    timers_.advance(now);
    flush_all();
  });
}

void shard_impl::request_stop() {
  post([this] { stopping_ = true; });
}

void shard_impl::kill_all() {
  // Ending one may start another, in a terminate; those end in a next round.
  for (int round = 0; round < 8 && table_.size() > 0; ++round) {
    std::vector<pid> ids;
    ids.reserve(table_.size());
    table_.for_each([&](process_core& x) { ids.push_back(x.id()); });
    for (const auto& id : ids)
      if (auto* x = find_core(id))
        exit_now(*x, exit_reason::killed(), false);
  }
  drop_ready();
  flush_all();
}

// -- runtime::shard -----------------------------------------------------------

process* shard_impl::find(const pid& id) noexcept {
  const auto* core = find_core(id);
  return core ? core->object() : nullptr;
}

bool shard_impl::run_as(process& self, const std::function<void()>& f) {
  const bool alive = self.core().run(f);
  settle();
  return alive;
}

timer_ref shard_impl::call_after(duration after, std::function<void()> f) {
  return timers_.set(after, pid{}, make_message(std::move(f)));
}

void shard_impl::add_hook(turn_hook& hook) {
  hooks_.push_back(&hook);
}

void shard_impl::remove_hook(turn_hook& hook) {
  std::erase(hooks_, &hook);
}

void shard_impl::post(std::function<void()> f) {
  auto x = std::make_unique<signal>();
  x->what = signal::kind::run;
  x->run = std::move(f);
  push({{}, nullptr, std::move(x)});
}

monitor_ref shard_impl::next_ref() noexcept {
  return (std::uint64_t{index_ + 1} << 48) | ++refs_;
}

// -- routing ------------------------------------------------------------------

process_core* shard_impl::find_core(const pid& id) const noexcept {
  auto* core = table_.find(id);
  return core && core->alive() ? core : nullptr;
}

void shard_impl::deliver(const pid& to, std::unique_ptr<envelope> x) {
  if (auto* core = find_core(to))
    return core->deliver(std::move(x));
  if (x->what != envelope::kind::request)
    return;
  auto back = std::make_unique<signal>();
  back->what = signal::kind::down;
  back->from = to;
  back->ref = x->ref;
  back->why = exit_reason::noproc();
  route(x->sender, std::move(back));
}

void shard_impl::route(const pid& to, std::unique_ptr<envelope> x) {
  if (!to || !owner_.is_here(to))
    return;
  if (to.shard() == index_) {
    return deliver(to, std::move(x));
  }
  send_off(to, {to, std::move(x), nullptr});
}

void shard_impl::route(const pid& to, std::unique_ptr<signal> x) {
  if (!to || !owner_.is_here(to))
    return;
  if (to.shard() == index_)
    return accept_signal(to, *x);
  send_off(to, {to, nullptr, std::move(x)});
}

void shard_impl::accept(parcel x) {
  if (x.signal)
    return accept_signal(x.to, *x.signal);
  deliver(x.to, std::move(x.letter));
}

void shard_impl::accept_signal(const pid& to, signal& x) {
  using kind = signal::kind;
  if (x.what == kind::run)
    return x.run();
  if (x.what == kind::spawn)
    return accept_spawn(to, x);
  auto* core = find_core(to);
  const auto bounce = [&](kind what) {
    auto back = std::make_unique<signal>();
    back->what = what;
    back->from = to;
    back->ref = x.ref;
    back->why = exit_reason::noproc();
    route(x.from, std::move(back));
  };
  switch (x.what) {
  case kind::exit:
  case kind::link_exit:
    if (core)
      core->exit_signal(x.from, x.why, x.what == kind::link_exit);
    return;
  case kind::link:
    if (!core)
      return bounce(kind::link_exit);
    if (!core->link_with(x.from)) {
      core->relate({0, x.from, relation::kind::link});
      core->note_done(sys::event::kind::linked, x.from);
    }
    return;
  case kind::unlink:
    if (const auto tie = core ? core->link_with(x.from) : std::nullopt) {
      core->unrelate(*tie);
      core->note_done(sys::event::kind::unlinked, x.from);
    }
    return;
  case kind::monitor:
    if (!core)
      return bounce(kind::down);
    return core->relate({x.ref, x.from, relation::kind::monitored_by});
  case kind::demonitor:
    if (core)
      core->forget_monitor(x.ref);
    return;
  case kind::down:
    if (core)
      core->down(x.ref, x.from, x.why);
    return;
  case kind::spawn:
  case kind::run:
    return;
  }
}

// -- starting and ending processes --------------------------------------------

std::size_t shard_impl::place_of(const spawn_options& how,
                                 process::relation rel) {
  if (rel == process::relation::member && (how.detached || lone_))
    throw std::invalid_argument("a dynamic supervisor and its children live on "
                                "one shard of the node: none is detached");
  if (how.detached)
    return owner_.detached->acquire();
  if (how.shard == spawn_options::any_shard)
    return lone_ ? owner_.next_shard++ % owner_.shards.size() : index_;
  if (how.shard >= owner_.shards.size())
    throw std::out_of_range(fmt::format("no shard {}: this node has {}",
                                        how.shard, owner_.shards.size()));
  return how.shard;
}

monitored_pid shard_impl::spawn(const spawn_request& request) {
  const auto& how = request.how;
  const auto target = place_of(how, request.rel);
  auto& home = owner_.shard_of(target);
  const auto id =
    target == index_ ? table_.acquire() : home.table_.reserve_remote();
  if (!id)
    throw std::length_error("the process table of a shard is full");
  const auto ref = next_ref();
  const auto parent = request.parent ? request.parent->id() : pid{};
  const auto rel = request.parent ? request.rel : process::relation::none;
  start_terms terms{parent, rel, ref};
  if (request.parent)
    tie_to_child(*request.parent, id, terms);
  if (target == index_) {
    start_core(id, request.maker, how, terms);
  } else {
    auto x = std::make_unique<signal>();
    x->what = signal::kind::spawn;
    x->from = parent;
    x->ref = ref;
    x->maker = request.maker.moved();
    x->how = how;
    x->rel = rel;
    // Handed over at once: whoever learns the pid from us, however, finds a
    // process there.
    outboxes_[target].add({id, nullptr, std::move(x)});
    flush(target);
  }
  return {id, ref};
}

void shard_impl::tie_to_child(process_core& parent, const pid& child,
                              start_terms& terms) {
  using rel = process::relation;
  switch (terms.rel) {
  case rel::none:
    return;
  case rel::member:
    terms.pool = pools_.enter(parent.id());
    return;
  case rel::monitor:
    return parent.relate({terms.ref, child, relation::kind::monitors});
  case rel::start:
    parent.relate({terms.ref, child, relation::kind::start});
    [[fallthrough]];
  case rel::link:
  case rel::child:
    return parent.relate({0, child, relation::kind::link});
  }
}

void shard_impl::accept_spawn(const pid& id, signal& x) {
  start_core(id, *x.maker, x.how, {x.from, x.rel, x.ref});
}

void shard_impl::tie_to_parent(process_core& child, const start_terms& terms) {
  using rel = process::relation;
  switch (terms.rel) {
  case rel::none:
    return;
  case rel::member:
    return child.join_pool(terms.pool);
  case rel::monitor:
    return child.relate(
      {terms.ref, terms.parent, relation::kind::monitored_by});
  case rel::child:
    child.wants_ack();
    break;
  case rel::start:
    child.start_is_awaited();
    child.relate({terms.ref, terms.parent, relation::kind::starter});
    break;
  case rel::link:
    break;
  }
  child.relate({0, terms.parent, relation::kind::parent});
}

void shard_impl::start_core(const pid& id, process_maker& maker,
                            const spawn_options& how,
                            const start_terms& terms) {
  auto* core = allocate_core(maker.size(), *this, id);
  table_.insert(id, core);
  if (lone_)
    owner_.detached->occupied(index_, id);
  tie_to_parent(*core, terms);
  if (!how.name.empty()) {
    if (!owner_.names.insert(how.name, id)) {
      core->end(
        exit_reason::error(fmt::format("the name {} is taken by {}", how.name,
                                       to_string(owner_.names.find(how.name)))),
        false);
      return;
    }
    core->named();
  }
  core->construct(maker);
  if (!core->alive())
    return;
  core->schedule();
}

void shard_impl::exit_now(process_core& core, exit_reason why,
                          bool run_terminate) {
  if (!core.alive())
    return;
  core.set(process_core::flag::exiting);
  endings_.push_back({&core, std::move(why), run_terminate});
  if (ending_now_)
    return;
  ending_now_ = true;
  while (!endings_.empty()) {
    auto x = std::move(endings_.front());
    endings_.pop_front();
    x.core->die(std::move(x.why), x.run_terminate);
    // The memory of one in the run queue stays until its entry is met.
    if (!x.core->is_runnable())
      x.core->intrusive_ptr_release_impl();
  }
  ending_now_ = false;
  if (lone_ && table_.size() == 0)
    owner_.detached->release(index_);
}

void shard_impl::member_ended(std::uint8_t pool, const pid& who) {
  auto* parent = find_core(pools_.parent(pool));
  if (!parent)
    return;
  auto x = std::make_unique<envelope>();
  x->content = make_message(member_end{who});
  x->sender = who;
  parent->deliver(std::move(x));
}

std::vector<process_core*> shard_impl::members_of(const pid& parent) {
  std::vector<process_core*> all;
  if (const auto pool = pools_.find(parent); pool != member_pools::none)
    table_.for_each([&](process_core& x) {
      if (x.pool() == pool && x.alive())
        all.push_back(&x);
    });
  return all;
}

void shard_impl::parent_ended(const pid& parent, const exit_reason& why) {
  for (auto* x : members_of(parent)) {
    x->join_pool(member_pools::none);
    x->parent_gone(parent, why);
  }
  pools_.leave(parent);
}

void shard_impl::exit_soon(const pid& id, exit_reason why) {
  deferred_.push_back({id, std::move(why)});
}

void shard_impl::settle() {
  while (!deferred_.empty() && !frame_) {
    const auto batch = std::exchange(deferred_, {});
    for (const auto& x : batch)
      if (auto* core = find_core(x.id))
        core->end(x.why, true);
  }
}

} // namespace detail

} // namespace bennu::runtime
