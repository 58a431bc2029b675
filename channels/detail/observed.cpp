#include "channels/detail/observed.hpp"

#include "channels/socket_spec.hpp"
#include "channels/telemetry.hpp"

#include <cstdint>
#include <string>
#include <utility>

namespace bennu::channels::detail {

namespace {

using runtime::log;
using runtime::telemetry_event;

std::string shown(const socket_spec& spec, const payload& x) {
  return x.is_binary() ? "binary" : spec.filter_parameters(x.as_json()).dump();
}

std::string shown(const socket_spec& spec, const connect_request& x) {
  return spec.filter_parameters(json(x.params)).dump();
}

constexpr runtime::event_names handle_in_events{
  events::handle_in_start, events::handle_in_stop, events::handle_in_exception};

/// Phoenix's own topics are not logged.
bool worth_a_line(std::string_view topic) {
  return !topic.starts_with("phoenix");
}

std::string_view result_of(const connect_outcome* x) {
  if (!x)
    return "error";
  return x->accepted ? "ok" : "refused";
}

} // namespace

double stopwatch::elapsed_us() const {
  const std::chrono::duration<double, std::micro> passed =
    runtime::real_clock().now() - began_;
  return passed.count();
}

std::string to_text_duration(double us) {
  const auto whole = static_cast<std::int64_t>(us);
  return whole > 1000 ? fmt::format("{}ms", whole / 1000)
                      : fmt::format("{}µs", whole);
}

void report_connect(const socket_spec& spec, const connect_request& request,
                    const stopwatch& time, const connect_outcome* outcome) {
  if (!time.runs())
    return;
  const auto took = time.elapsed_us();
  const auto result = result_of(outcome);
  const auto vsn = request.param("vsn").value_or("1.0.0");
  log(spec.log_connect,
      "{} {} in {}\n  Transport: {}\n  Serializer: {}\n  Parameters: {}",
      result == "ok" ? "CONNECTED TO" : "REFUSED CONNECTION TO", request.path(),
      to_text_duration(took), request.transport, vsn, shown(spec, request));
  if (spec.mounted)
    spec.mounted->node().telemetry().execute(events::socket_connected, [&] {
      return telemetry_event{events::socket_connected,
                             {{"duration_us", took}},
                             {{"transport", request.transport},
                              {"path", std::string{request.path()}},
                              {"vsn", vsn},
                              {"result", std::string{result}},
                              {"params", shown(spec, request)}}};
    });
}

void report_join(const shard_mount& mount, const stopwatch& time,
                 const join_report& x) {
  if (!time.runs())
    return;
  const auto took = time.elapsed_us();
  const auto params = shown(mount.spec(), x.join.payload);
  if (worth_a_line(x.join.topic))
    log(mount.spec().log_join, "{} {} in {}\n  Parameters: {}",
        x.result == "ok" ? "JOINED" : "REFUSED JOIN", x.join.topic,
        to_text_duration(took), params);
  mount.telemetry().execute(events::channel_joined, [&] {
    return telemetry_event{events::channel_joined,
                           {{"duration_us", took}},
                           {{"topic", x.join.topic},
                            {"result", std::string{x.result}},
                            {"params", params},
                            {"socket", to_string(x.socket)}}};
  });
}

void report_handle_out(const shard_mount& mount, const stopwatch& time,
                       const runtime::pid& who, const broadcast_message& x) {
  mount.telemetry().execute(events::handle_out, [&] {
    return telemetry_event{events::handle_out,
                           {{"duration_us", time.elapsed_us()}},
                           {{"topic", x.topic().str()},
                            {"event", x.event()},
                            {"pid", to_string(who)}}};
  });
}

handler_span::handler_span(const shard_mount& mount, const runtime::pid& who,
                           const message& x)
  : mount_(mount), who_(who), message_(x),
    time_(&mount.telemetry(), handle_in_events, mount.spec().log_handle_in) {}

telemetry_event handler_span::about(std::string_view name) const {
  return {name,
          {},
          {{"topic", message_.topic},
           {"event", message_.event},
           {"pid", to_string(who_)}}};
}

void handler_span::started() const {
  mount_.telemetry().execute(events::handle_in_start,
                             [&] { return about(events::handle_in_start); });
}

void handler_span::returned(const result& x) const {
  const auto took = time_.elapsed_us();
  if (worth_a_line(message_.topic))
    log(mount_.spec().log_handle_in,
        "HANDLED {} INCOMING ON {} in {}\n  Parameters: {}", message_.event,
        message_.topic, to_text_duration(took),
        shown(mount_.spec(), message_.payload));
  mount_.telemetry().execute(events::handle_in_stop, [&] {
    auto event = about(events::handle_in_stop);
    event.measurements.emplace_back("duration_us", took);
    event.metadata.emplace_back("status", x.answer ? x.answer->status : "");
    return event;
  });
}

void handler_span::threw(std::string_view what) const {
  const auto took = time_.elapsed_us();
  mount_.telemetry().execute(events::handle_in_exception, [&] {
    auto event = about(events::handle_in_exception);
    event.measurements.emplace_back("duration_us", took);
    event.metadata.emplace_back("what", what);
    return event;
  });
}

} // namespace bennu::channels::detail
