#pragma once

#include "runtime/fwd.hpp"
#include "transport/counters.hpp"

#include <functional>
#include <memory>
#include <string>

namespace bennu::transport {

/// Counts a node's telemetry and tells it to Prometheus, by prometheus-cpp.
/// Labels take few values only (transport, result): a topic is none, since
/// there may be millions. An endpoint has one when it has a metrics_path.
/// Thread-safe.
///
/// Counters: bennu_socket_connects_total{transport,result},
/// bennu_sockets_closed_total, bennu_channel_joins_total{result},
/// bennu_channels_terminated_total, bennu_channel_exceptions_total,
/// bennu_channel_pushes_total, bennu_broadcasts_total,
/// bennu_broadcast_receivers_total, bennu_process_crashes_total,
/// bennu_supervisor_restarts_total, bennu_long_handlers_total; histograms:
/// bennu_socket_connect_seconds, bennu_channel_join_seconds,
/// bennu_channel_handle_in_seconds, bennu_channel_handle_out_seconds; a gauge
/// for each of endpoint_counters, e.g. bennu_endpoint_open.
class metrics {
public:
  /// Listens until it is destroyed; `read` is asked at each scrape.
  metrics(runtime::node& node, std::function<endpoint_counters()> read);
  ~metrics();

  /// All of it in Prometheus' text format, version 0.0.4.
  std::string text() const;

private:
  class impl;
  std::shared_ptr<impl> impl_;
};

} // namespace bennu::transport
