#pragma once

#include <chrono>
#include <cstdint>

namespace caf {
class actor_system_config;
} // namespace caf

/// Erlang-style processes on CAF: pids, links, monitors, supervisors, timers.
namespace bennu::runtime {

class behavior;
class environment;
class exit_reason;
class message;
class node;
class poller;
class process;
class shard;
class telemetry;
struct child_spec;
struct pid;
struct supervisor_spec;

/// Time on a shard: the node's clock, read once a turn of the shard.
using duration = std::chrono::nanoseconds;
using time_point = std::chrono::time_point<std::chrono::steady_clock, duration>;

/// Names one monitor; unique within a node, never reused.
using monitor_ref = std::uint64_t;

/// Names one timer of a shard; never reused. 0 is no timer.
using timer_ref = std::uint64_t;

namespace detail {
class process_core;
class process_maker;
class shard_impl;
struct child_started;
struct told_child;
} // namespace detail

} // namespace bennu::runtime
