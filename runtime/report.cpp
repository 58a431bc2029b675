#include "runtime/report.hpp"

#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/telemetry.hpp"

#include <typeinfo>

namespace bennu::runtime {

namespace {

using context = supervisor_report::context;

std::string_view word(context x) {
  switch (x) {
  case context::start_error:
    return "start_error";
  case context::child_terminated:
    return "child_terminated";
  case context::shutdown_error:
    return "shutdown_error";
  case context::shutdown:
    return "shutdown";
  }
  return "unknown";
}

std::string describe(const offender& x) {
  return fmt::format(
    "child {} (pid {}{}, {}{}, shutdown {}, {})", x.id,
    x.child ? to_string(x.child) : "none",
    x.children > 1 ? fmt::format(", one of {}", x.children) : "",
    to_string(x.restart), x.significant ? ", significant" : "",
    to_string(x.shutdown),
    x.type == child_spec::kind::worker ? "worker" : "supervisor");
}

std::string list(const std::vector<pid>& ids) {
  constexpr std::size_t shown_max = 8;
  std::string result;
  for (std::size_t i = 0; i < ids.size() && i < shown_max; ++i)
    result += (i > 0 ? ", " : "") + to_string(ids[i]);
  if (ids.size() > shown_max)
    result += fmt::format(", {} more", ids.size() - shown_max);
  return result;
}

} // namespace

offender offender::of(const child_spec& spec, const pid& child) {
  return {child,     spec.id, spec.restart, spec.significant, spec.shutdown,
          spec.type, 1};
}

// -- as text ------------------------------------------------------------------

std::string to_string(const progress_report& x) {
  return fmt::format("supervisor {}: progress: started {}", x.supervisor,
                     describe(x.child));
}

std::string to_string(const supervisor_report& x) {
  return fmt::format("supervisor {}: {}: {}; {}", x.supervisor, word(x.what),
                     to_string(x.reason), describe(x.child));
}

std::string to_string(const crash_report& x) {
  return fmt::format("process {} ({}) crashed: {}; name: {}, initial call: {}, "
                     "message: {}, message queue: {}, links: [{}]",
                     to_string(x.id), x.label, to_string(x.reason),
                     x.name.empty() ? "none" : x.name, x.initial_call,
                     x.message.empty() ? "none" : x.message,
                     x.message_queue_len, list(x.links));
}

std::string to_string(const long_handler_report& x) {
  using ms = std::chrono::milliseconds;
  return fmt::format("process {} ({}): its handler of {} took {} ms; long work "
                     "belongs in a task or a detached process",
                     to_string(x.id), x.label,
                     x.message.empty() ? "no message" : x.message,
                     std::chrono::duration_cast<ms>(x.took).count());
}

// -- telling ------------------------------------------------------------------

void report(node& where, const progress_report& x) {
  if (log_threshold() <= log_level::debug)
    log(log_level::debug, to_string(x));
  where.telemetry().execute(events::child_started, [&] {
    return telemetry_event{events::child_started,
                           {{"restarts", static_cast<double>(x.restarts)}},
                           {{"supervisor", x.supervisor},
                            {"id", x.child.id},
                            {"pid", to_string(x.child.child)}}};
  });
}

void report(node&, const supervisor_report& x) {
  const auto level = x.told_elsewhere ? log_level::debug : log_level::error;
  if (log_threshold() <= level)
    log(level, to_string(x));
}

void report(node& where, const crash_report& x) {
  if (log_threshold() <= log_level::error)
    log(log_level::error, to_string(x));
  where.telemetry().execute(events::process_crashed, [&] {
    return telemetry_event{
      events::process_crashed,
      {{"message_queue_len", static_cast<double>(x.message_queue_len)}},
      {{"pid", to_string(x.id)},
       {"name", x.name},
       {"label", x.label},
       {"reason", to_string(x.reason)},
       {"message", x.message}}};
  });
}

void report(node& where, const long_handler_report& x) {
  if (log_threshold() <= log_level::warning)
    log(log_level::warning, to_string(x));
  where.telemetry().execute(events::long_handler, [&] {
    using ms = std::chrono::duration<double, std::milli>;
    return telemetry_event{
      events::long_handler,
      {{"duration_ms", ms(x.took).count()}},
      {{"pid", to_string(x.id)}, {"label", x.label}, {"message", x.message}}};
  });
}

void detail::report_crash(process_core& core, const exit_reason& why,
                          const envelope* handled) {
  using kind = exit_reason::kind;
  if (why.is_orderly() || why.is_kill() || why.what() == kind::killed)
    return;
  if (handled && handled->what == envelope::kind::parent_exit)
    return;
  crash_report x{
    .id = core.id(),
    .name = core.home().owner().names.name_of(core.id()),
    .label = core.label(),
    .initial_call = core.initial_call(),
    .reason = why,
    .message = handled ? handled->content.type_name() : "",
    .message_queue_len = core.queue_length(),
  };
  core.for_each_relation([&x](const detail::relation& tie) {
    if (tie.is_link())
      x.links.push_back(tie.other);
  });
  report(core.home().node(), x);
}

} // namespace bennu::runtime
