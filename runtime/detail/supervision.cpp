#include "runtime/detail/supervision.hpp"

#include "runtime/node.hpp"
#include "runtime/telemetry.hpp"

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

void tell_started(const told_child& x, std::size_t restarts) {
  report(x.node,
         progress_report{x.supervisor, offender::of(x.spec, x.id), restarts});
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
