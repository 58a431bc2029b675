#pragma once

#include "runtime/backoff.hpp"
#include "runtime/child_spec.hpp"
#include "runtime/exit_reason.hpp"
#include "runtime/fwd.hpp"
#include "runtime/report.hpp"
#include "runtime/request.hpp"
#include "runtime/restart_intensity.hpp"
#include "runtime/supervisor_requests.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bennu::runtime::detail {

// What both kinds of supervisors note, think and tell of their children.

/// What is noted of a child, beside its spec, its pid and its state.
struct tended_child {
  /// It said so in its init; its end follows.
  bool ignored = false;
  /// Started by a request just now: forgotten when it does not start.
  bool on_trial = false;
  /// The restart it is retrying for has been counted already.
  bool counted = false;
  std::size_t restarts = 0;
  /// Why it ended, or did not start, the last time.
  std::optional<exit_reason> last_exit{};
  /// On it, while it starts or stops.
  monitor_ref watch = 0;
  /// Of the stop that must not take longer, or of the next try.
  timer_ref timer = 0;
  /// Names the next try, so that one called off is told from it.
  std::uint64_t attempt = 0;
  backoff_counter crashes{};
  /// Who waits for it to have started, and to have stopped.
  reply_to starter{};
  std::vector<reply_to> stoppers{};
};

/// Whether a child that ended by itself is started again.
bool is_restarted(restart_type type, const exit_reason& why);

/// Whether a child that was told to stop did what it was told.
bool stopped_in_order(const child_spec& spec, const exit_reason& why);

/// "cannot start" rather than "error: cannot start".
std::string cause_of(const exit_reason& why);

/// One child of one supervisor, as reports and events name it.
struct told_child {
  runtime::node& node;
  const std::string& supervisor;
  const child_spec& spec;
  pid id;
};

/// Its start is done. False when it said that the start is to be ignored.
bool note_started(process& self, tended_child& x, const told_child& as,
                  const child_started& word);

/// Nothing more is expected of its monitor and its timer.
void note_ended(process& self, tended_child& x);

void answer_starter(process& self, tended_child& x, child_result what);
void answer_stoppers(process& self, tended_child& x);

/// How long to wait before it is started again.
duration next_wait(tended_child& x, const child_spec& spec,
                   const std::optional<backoff>& of_supervisor, time_point now);

void tell_terminated(const told_child& x, const exit_reason& why);
void tell_restarted(const told_child& x, const exit_reason& why,
                    std::size_t restarts);
void tell_gave_up(const told_child& x, const restart_intensity& limit);
void complain(const told_child& x, supervisor_report::context what,
              const exit_reason& why, bool told_elsewhere = false);

} // namespace bennu::runtime::detail
