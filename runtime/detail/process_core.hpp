#pragma once

#include "runtime/detail/envelope.hpp"
#include "runtime/detail/exit_hook.hpp"
#include "runtime/detail/process_watch.hpp"
#include "runtime/detail/relation_set.hpp"
#include "runtime/exit_reason.hpp"
#include "runtime/process.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/attachable.hpp>
#include <caf/resumable.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace bennu::runtime::detail {

/// Thrown by process::exit(reason), caught at the process's boundary only.
struct process_unwound {
  exit_reason why;
};

/// What a supervisor gets from a child that has started, or whose start was to
/// be ignored and that ends now.
struct child_started {
  pid child;
  bool ignored = false;
};

/// What a dynamic supervisor gets when a member has ended, and nobody else can
/// send.
struct member_end {
  pid member;
};

/// The timer of a request.
struct request_timeout {
  monitor_ref ref = 0;
};

/// A reply that says why there is no answer: the request fails with it.
struct failed_reply {
  exit_reason why;
};

/// The actor below a process: a lean, genuine CAF actor with one mailbox,
/// always resumed on its home shard. 128 bytes with CAF's bases, plus CAF's
/// 64-byte control block in front and the process object behind, all in one
/// allocation. Everything but CAF's own entry points is confined to the home
/// shard.
class process_core : public caf::abstract_actor, public caf::resumable {
public:
  process_core(caf::actor_config& config, shard_impl& home, const pid& id);
  ~process_core() override;

  // -- identity --

  const pid& id() const noexcept { return id_; }
  shard_impl& home() const noexcept { return *home_; }

  /// The process object, in the storage right behind; null once it is gone.
  process* object() const noexcept {
    return has(flag::constructed)
             ? reinterpret_cast<process*>(const_cast<process_core*>(this) + 1)
             : nullptr;
  }
  std::string label() const;
  std::string initial_call() const;

  // -- life --

  /// Builds the process object in the actor's own storage. A throw becomes
  /// the reason the process ends with.
  void construct(process_maker& maker);

  /// The core whose process object is being built on this thread.
  static thread_local process_core* under_construction;

  /// Runs `f` in this process: what it throws becomes the process's exit.
  /// False when the process has ended by it.
  bool run(const std::function<void()>& f);

  /// Ends the process, or notes it when the process is running just now.
  void end(exit_reason why, bool run_terminate);

  bool alive() const noexcept { return !has(flag::exiting); }

  // -- signals, already on the home shard --

  void deliver(std::unique_ptr<envelope> x);
  void exit_signal(const pid& from, const exit_reason& why, bool over_link);
  void down(monitor_ref ref, const pid& from, const exit_reason& why);
  void request_timed_out(monitor_ref ref);
  void wait_until_resumed() noexcept { set(flag::suspended); }
  void go_on();
  void start_is_awaited() noexcept { set(flag::start_awaited); }
  void forget_monitor(monitor_ref ref);
  void parent_gone(const pid& parent, const exit_reason& why);

  // -- what process's members need --

  /// The pool of a dynamic supervisor that this is a member of.
  std::uint8_t pool() const noexcept { return pool_; }
  void join_pool(std::uint8_t pool) noexcept { pool_ = pool; }
  pid parent() const noexcept;

  std::optional<relation> link_with(const pid& other) const noexcept {
    return relations_.find_link(id_, other);
  }
  void relate(const relation& x) { relations_.add(id_, x); }
  void unrelate(const relation& x) { relations_.remove(x); }
  std::size_t relation_count() const noexcept { return relations_.size(); }
  template <class F>
  void for_each_relation(F f) const {
    relations_.for_each(id_, f);
  }
  bool trap_exit(bool on) noexcept;
  bool trapping() const noexcept { return has(flag::trap_exit); }
  void wants_ack() noexcept { set(flag::ack_wanted); }
  priority_level priority() const noexcept {
    return has(flag::high)  ? priority_level::high
           : has(flag::low) ? priority_level::low
                            : priority_level::normal;
  }
  void priority(priority_level x) noexcept;
  void hibernate() noexcept { set(flag::hibernating); }
  void named() noexcept { set(flag::named); }
  bool is_named() const noexcept { return has(flag::named); }
  void add_exit_hook(const std::shared_ptr<exit_hook>& hook);
  void owns_tables() { more().owns_tables = true; }
  void started(bool ignored = false);

  /// A child that unlinks itself in its start still owes its supervisor the
  /// word that it has started.
  void leaves_parent(const pid& parent) {
    if (has(flag::ack_wanted))
      more().starter = parent;
  }
  void await_reply(monitor_ref ref, timer_ref timer,
                   std::function<void(message*, const exit_reason*)> then);

  /// The answer to `ref` is to come within `timeout`.
  void await_reply_within(duration timeout, monitor_ref ref);
  void set_continuation(monitor_ref ref,
                        std::function<void(message*, const exit_reason*)> then);
  bool is_runnable() const noexcept { return has(flag::queued); }
  bool is_running() const noexcept { return has(flag::running); }
  bool is_suspended() const noexcept { return has(flag::suspended); }
  envelope* current() const noexcept;
  bool is_stopping() const noexcept;
  void handle_next(message msg);
  void limit_mailbox(std::size_t max, process::mailbox_policy policy);
  std::map<std::string, message, std::less<>>& dictionary() {
    return more().dictionary;
  }
  const std::map<std::string, message, std::less<>>* dictionary_if() const {
    return extras_ ? &extras_->dictionary : nullptr;
  }
  void set_label(std::string_view text) { more().label = text; }
  std::uint64_t make_alias(alias_mode mode);
  bool unalias(std::uint64_t ref);
  void name_monitor(monitor_ref ref, std::string_view name) {
    more().monitored_names.emplace(ref, name);
  }
  process_watch* watch() const noexcept {
    return extras_ ? extras_->watch.get() : nullptr;
  }
  process_watch& watch_it();

  /// Tells whoever traces or counts that this process has sent something.
  void note_sent(const pid& to, const message& content) {
    if (extras_ && extras_->watch)
      note(sys::event::kind::out, to, content);
  }

  /// Tells whoever traces what else it has done.
  void note_done(sys::event::kind what, const pid& other,
                 const exit_reason* why = nullptr) noexcept {
    if (extras_ && extras_->watch)
      note_safely(what, other, why);
  }

  /// What is queued, the oldest first, at most `max`.
  std::vector<message> peek(std::size_t max) const;
  bool demonitor(monitor_ref ref);
  std::size_t queue_length() const noexcept { return queued_; }
  std::size_t reductions() const noexcept { return reductions_; }
  std::size_t memory() const noexcept;

  /// Tells `what` the reason this process ends with.
  void watch(caf::attachable_ptr what) {
    more().attached.push_back(std::move(what));
  }

  // -- caf::abstract_actor: all of it is the process_handle's --

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override;
  using caf::abstract_actor::enqueue;
  void attach(caf::attachable_ptr ptr) override;
  std::size_t detach(const caf::attachable::token& what) override;
  void add_link(caf::abstract_actor* other) override;
  void remove_link(caf::abstract_actor* other) override;
  bool add_backlink(caf::abstract_actor* other) override;
  bool remove_backlink(caf::abstract_actor* other) override;

  // -- caf::resumable --

  subtype_t subtype() const override { return scheduled_actor; }
  resume_result resume(caf::execution_unit*, std::size_t messages) override;
  void intrusive_ptr_add_ref_impl() override;
  void intrusive_ptr_release_impl() override;

private:
  friend class shard_impl;

  enum class flag : std::uint16_t {
    queued = 1,
    initialised = 2,
    running = 4,
    exiting = 8,
    trap_exit = 16,
    ack_wanted = 32,
    named = 64,
    constructed = 128,
    suspended = 256,
    low = 512,
    high = 1024,
    hibernating = 2048,
    /// Its parent waits for the start as for a request: a start that fails
    /// sends no exit signal.
    start_awaited = 4096,
  };

  /// What few processes have, and none while idle.
  struct extras {
    struct request {
      std::function<void(message*, const exit_reason*)> then;
      timer_ref timer = 0;
    };
    std::unordered_map<monitor_ref, request> requests;
    decltype(requests)::node_type spare_request;
    std::map<std::string, message, std::less<>> dictionary;
    std::string label;
    pid starter;
    std::size_t mailbox_max = 0;
    process::mailbox_policy mailbox_policy = process::mailbox_policy::kill;
    bool overflow_told = false;
    std::map<std::uint64_t, alias_mode> aliases;
    std::map<monitor_ref, std::string> monitored_names;
    std::unique_ptr<process_watch> watch;
    bool owns_tables = false; // or may inherit some
    std::vector<std::shared_ptr<exit_hook>> exit_hooks;
    std::vector<caf::attachable_ptr> attached;

    bool is_default() const noexcept;
  };

  bool has(flag f) const noexcept {
    return (flags_ & static_cast<unsigned>(f)) != 0;
  }
  void set(flag f) noexcept {
    flags_ = static_cast<std::uint16_t>(flags_ | static_cast<unsigned>(f));
  }
  void unset(flag f) noexcept {
    flags_ = static_cast<std::uint16_t>(flags_ & ~static_cast<unsigned>(f));
  }

  template <class F>
  bool guarded(F f);

  extras& more();
  void handle(envelope& x);
  void finish_request(envelope& x);
  void note(sys::event::kind what, const pid& other, const message& content);
  void note_safely(sys::event::kind what, const pid& other,
                   const exit_reason* why) noexcept;
  void report_long_handler(time_point since, const envelope* handled) const;
  void answer_start();
  void shrink();
  void schedule();
  bool alias_takes(std::uint64_t ref);
  std::string take_monitored_name(monitor_ref ref);
  void drop_link(const pid& other);
  void answer_unanswered(envelope& x);
  void take_exit(const pid& from, const exit_reason& why, bool from_parent);
  bool has_room(const envelope& x);
  void push_failure(monitor_ref ref, const exit_reason& why);

  /// The steps of dying, called by the shard's queue of the dying.
  void die(exit_reason why, bool run_terminate);
  void send_exit_signals(const exit_reason& why);

  shard_impl* home_;
  pid id_;
  std::uint16_t flags_ = 0;
  std::uint8_t object_units_ = 0; // of 16 bytes
  std::uint8_t pool_ = 0;
  std::uint32_t queued_ = 0;
  std::uint32_t reductions_ = 0;
  envelope_queue mailbox_;
  relation_set relations_;
  std::unique_ptr<extras> extras_;
};

/// Allocates a core for an object of `size` bytes. The caller owns the one
/// reference it comes with.
process_core* allocate_core(std::size_t size, shard_impl& home, const pid& id);

} // namespace bennu::runtime::detail
