#pragma once

#include "channels/broadcast.hpp"
#include "channels/connect.hpp"
#include "channels/message.hpp"
#include "channels/mount.hpp"
#include "channels/result.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/telemetry.hpp"

#include <exception>
#include <string>
#include <string_view>

namespace bennu::channels::detail {

/// Measures for the log at `level` and for those who listen to one of `names`;
/// without either it reads no clock. Confined to its thread.
class stopwatch {
public:
  stopwatch(const runtime::telemetry* events, runtime::event_names names,
            runtime::log_level level)
    : runs_((events && events->attached(names))
            || level >= runtime::log_threshold()),
      began_(runs_ ? runtime::real_clock().now() : runtime::time_point{}) {}

  bool runs() const noexcept { return runs_; }
  double elapsed_us() const;

private:
  bool runs_;
  runtime::time_point began_;
};

/// "12ms", "5µs": as Phoenix writes durations.
std::string to_text_duration(double us);

/// Tells of a connect; `outcome` is null when it threw.
void report_connect(const socket_spec& spec, const connect_request& request,
                    const stopwatch& time, const connect_outcome* outcome);

/// What a join's decision is told with.
struct join_report {
  const message& join;
  std::string_view result; // ok, refused or crashed
  runtime::pid socket;
};
void report_join(const shard_mount& mount, const stopwatch& time,
                 const join_report& x);

/// An intercepted broadcast has passed the channel `who`.
void report_handle_out(const shard_mount& mount, const stopwatch& time,
                       const runtime::pid& who, const broadcast_message& x);

/// Around a handler of a client's event.
class handler_span {
public:
  handler_span(const shard_mount& mount, const runtime::pid& who,
               const message& x);

  /// What `f` returned or threw.
  template <class F>
  result around(F f) {
    if (!time_.runs())
      return f();
    started();
    try {
      auto x = f();
      returned(x);
      return x;
    } catch (const std::exception& e) {
      threw(e.what());
      throw;
    } catch (...) {
      threw("");
      throw;
    }
  }

private:
  runtime::telemetry_event about(std::string_view name) const;
  void started() const;
  void returned(const result& x) const;
  void threw(std::string_view what) const;

  const shard_mount& mount_;
  const runtime::pid who_;
  const message& message_;
  const stopwatch time_;
};

} // namespace bennu::channels::detail
