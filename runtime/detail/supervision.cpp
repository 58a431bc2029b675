#include "runtime/detail/supervision.hpp"

#include "runtime/detail/process_core.hpp"
#include "runtime/node.hpp"
#include "runtime/shard.hpp"
#include "runtime/telemetry.hpp"

#include <utility>

#include <fmt/core.h>

namespace bennu::runtime::detail {

using context = supervisor_report::context;

bool is_restarted(restart_type type, const exit_reason& why) {
  return type == restart_type::permanent
         || (type == restart_type::transient && !why.is_orderly());
}

bool stopped_in_order(const child_spec& spec, const exit_reason& why) {
  if (spec.shutdown.kill && why == exit_reason::killed())
    return true;
  if (!spec.shutdown.kill && why == exit_reason::shutdown())
    return true;
  return why.is_orderly() && spec.restart != restart_type::permanent;
}

std::string cause_of(const exit_reason& why) {
  return why.detail().empty() ? to_string(why) : why.detail();
}

bool note_started(process& self, tended_child& x, const told_child& as,
                  const child_started& word) {
  x.ignored = word.ignored;
  if (word.ignored)
    return false;
  self.demonitor(std::exchange(x.watch, 0));
  x.on_trial = false;
  x.crashes.started(self.home().now());
  report(as.node, progress_report{as.supervisor, offender::of(as.spec, as.id),
                                  x.restarts});
  answer_starter(self, x, {as.id, {}});
  return true;
}

void note_ended(process& self, tended_child& x) {
  if (x.watch)
    self.demonitor(std::exchange(x.watch, 0));
  self.cancel_timer(std::exchange(x.timer, 0));
}

void answer_starter(process& self, tended_child& x, child_result what) {
  if (x.starter)
    self.reply(std::exchange(x.starter, {}), std::move(what));
}

void answer_stoppers(process& self, tended_child& x) {
  for (const auto& to : std::exchange(x.stoppers, {}))
    self.reply(to, child_result{});
}

duration next_wait(tended_child& x, const child_spec& spec,
                   const std::optional<backoff>& of_supervisor,
                   time_point now) {
  const auto& how = spec.backoff ? spec.backoff : of_supervisor;
  return how ? x.crashes.next(*how, spec.id, now) : duration{};
}

void tell_terminated(const told_child& x, const exit_reason& why) {
  if (!why.is_orderly() || x.spec.restart == restart_type::permanent)
    complain(x, context::child_terminated, why);
  x.node.telemetry().execute(events::child_terminated, [&] {
    return telemetry_event{events::child_terminated,
                           {},
                           {{"supervisor", x.supervisor},
                            {"id", x.spec.id},
                            {"pid", to_string(x.id)},
                            {"reason", to_string(why)}}};
  });
}

void tell_restarted(const told_child& x, const exit_reason& why,
                    std::size_t restarts) {
  x.node.telemetry().execute(events::child_restarted, [&] {
    return telemetry_event{events::child_restarted,
                           {{"restarts", static_cast<double>(restarts)}},
                           {{"supervisor", x.supervisor},
                            {"id", x.spec.id},
                            {"reason", to_string(why)}}};
  });
}

void tell_gave_up(const told_child& x, const restart_intensity& limit) {
  complain(x, context::shutdown,
           exit_reason::error(fmt::format(
             "reached_max_restart_intensity, more than {} within {} ms",
             limit.max_restarts, limit.within.count())));
  x.node.telemetry().execute(events::intensity_reached, [&] {
    return telemetry_event{
      events::intensity_reached,
      {{"max_restarts", static_cast<double>(limit.max_restarts)},
       {"within_ms", static_cast<double>(limit.within.count())}},
      {{"supervisor", x.supervisor}, {"id", x.spec.id}}};
  });
}

void complain(const told_child& x, context what, const exit_reason& why,
              bool told_elsewhere) {
  report(x.node, supervisor_report{what, x.supervisor, why,
                                   offender::of(x.spec, x.id), told_elsewhere});
}

} // namespace bennu::runtime::detail
