#include "transport/metrics.hpp"

#include "channels/pubsub/pubsub.hpp"
#include "channels/telemetry.hpp"
#include "runtime/node.hpp"
#include "runtime/telemetry.hpp"

#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <fmt/format.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace bennu::transport {

namespace {

using runtime::telemetry_event;
using label_keys = std::vector<std::string_view>;

/// An event that is counted: by one, or by a measurement.
struct counted {
  std::string_view event;
  const char* name;
  const char* help;
  label_keys labels = {};
  std::string_view measurement = {};
};

/// An event whose duration_us goes into a histogram.
struct timed {
  std::string_view event;
  const char* name;
  const char* help;
};

const std::vector<counted>& all_counted() {
  namespace of = channels::events;
  static const std::vector<counted> all{
    {of::socket_connected,
     "bennu_socket_connects_total",
     "Connects decided.",
     {"transport", "result"}},
    {of::socket_closed, "bennu_sockets_closed_total", "Sockets that ended."},
    {of::channel_joined,
     "bennu_channel_joins_total",
     "Joins decided.",
     {"result"}},
    {of::channel_terminated, "bennu_channels_terminated_total",
     "Channels that ended."},
    {of::handle_in_exception, "bennu_channel_exceptions_total",
     "Handlers of clients' events that threw."},
    {of::pushed, "bennu_channel_pushes_total", "Pushes of channels."},
    {of::broadcast, "bennu_broadcasts_total", "Broadcasts made on this node."},
    {of::pubsub_dispatched,
     "bennu_broadcast_receivers_total",
     "Subscribers reached by broadcasts.",
     {},
     "receivers"},
    {runtime::events::process_crashed, "bennu_process_crashes_total",
     "Processes that crashed."},
    {runtime::events::child_restarted, "bennu_supervisor_restarts_total",
     "Children that supervisors restarted."},
    {runtime::events::long_handler, "bennu_long_handlers_total",
     "Handlers that held up their shard."},
  };
  return all;
}

const std::vector<timed>& all_timed() {
  namespace of = channels::events;
  static const std::vector<timed> all{
    {of::socket_connected, "bennu_socket_connect_seconds",
     "Time to decide a connect."},
    {of::channel_joined, "bennu_channel_join_seconds",
     "Time from a join to its reply."},
    {of::handle_in_stop, "bennu_channel_handle_in_seconds",
     "Time in handlers of clients' events."},
    {of::handle_out, "bennu_channel_handle_out_seconds",
     "Time of intercepted broadcasts in their channels."},
  };
  return all;
}

/// From a heartbeat's ten microseconds to a handler that hurts.
const prometheus::Histogram::BucketBoundaries bounds{
  1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1, 5};

struct gauge_of {
  const char* name;
  std::uint64_t endpoint_counters::*value;
};

const std::vector<gauge_of> endpoint_gauges{
  {"bennu_endpoint_accepted", &endpoint_counters::accepted},
  {"bennu_endpoint_refused", &endpoint_counters::refused},
  {"bennu_endpoint_open", &endpoint_counters::open},
  {"bennu_endpoint_long_polls", &endpoint_counters::long_polls},
  {"bennu_endpoint_upgraded", &endpoint_counters::upgraded},
  {"bennu_endpoint_slow_consumers", &endpoint_counters::slow_consumers},
  {"bennu_endpoint_timeouts", &endpoint_counters::timeouts},
  {"bennu_endpoint_bytes_in", &endpoint_counters::bytes_in},
  {"bennu_endpoint_bytes_out", &endpoint_counters::bytes_out},
  {"bennu_endpoint_messages_in", &endpoint_counters::messages_in},
  {"bennu_endpoint_messages_out", &endpoint_counters::messages_out},
};

} // namespace

/// Shared with the handlers: one may still run while it is being detached.
class metrics::impl : public std::enable_shared_from_this<impl> {
public:
  impl(runtime::node& node, std::function<endpoint_counters()> read)
    : node_(node), id_(fmt::format("bennu.metrics.{}.", fmt::ptr(this))),
      read_(std::move(read)) {}

  void listen() {
    for (const auto& x : all_counted())
      count(x);
    for (const auto& x : all_timed())
      time(x);
  }

  void stop_listening() {
    for (const auto& x : all_counted())
      node_.telemetry().detach(id_ + x.name);
    for (const auto& x : all_timed())
      node_.telemetry().detach(id_ + x.name);
  }

  std::string text() {
    const auto now = read_();
    for (const auto& x : endpoint_gauges)
      gauge(x.name, static_cast<double>(now.*x.value));
    return prometheus::TextSerializer{}.Serialize(registry_.Collect());
  }

private:
  void count(const counted& x) {
    auto& family =
      prometheus::BuildCounter().Name(x.name).Help(x.help).Register(registry_);
    attach(x.event, x.name, [&family, &x](const telemetry_event& event) {
      prometheus::Labels labels;
      for (const auto key : x.labels)
        labels.emplace(key, event.about(key));
      family.Add(labels).Increment(
        x.measurement.empty() ? 1 : event.measurement(x.measurement));
    });
  }

  void time(const timed& x) {
    auto& histogram = prometheus::BuildHistogram()
                        .Name(x.name)
                        .Help(x.help)
                        .Register(registry_)
                        .Add({}, bounds);
    attach(x.event, x.name, [&histogram](const telemetry_event& event) {
      histogram.Observe(event.measurement("duration_us") / 1e6);
    });
  }

  template <class F>
  void attach(std::string_view event, const char* name, F f) {
    node_.telemetry().attach(
      id_ + name, std::string{event},
      [kept = shared_from_this(), f](const telemetry_event& x) { f(x); });
  }

  void gauge(const char* name, double value) {
    prometheus::BuildGauge().Name(name).Register(registry_).Add({}).Set(value);
  }

  runtime::node& node_;
  const std::string id_;
  const std::function<endpoint_counters()> read_;
  prometheus::Registry registry_;
};

metrics::metrics(runtime::node& node, std::function<endpoint_counters()> read)
  : impl_(std::make_shared<impl>(node, std::move(read))) {
  impl_->listen();
}

metrics::~metrics() {
  impl_->stop_listening();
}

std::string metrics::text() const {
  return impl_->text();
}

} // namespace bennu::transport
