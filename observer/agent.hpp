#pragma once

#include "runtime/child_spec.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace bennu::runtime {
class node;
}

/// Looking into a running node from another terminal or a browser.
namespace bennu::observer {

/// How an agent is made.
struct agent_options {
  /// Registered.
  std::string name = "observer";

  /// 0: one that is free; see bound_port.
  std::uint16_t port = 4001;

  /// Without TLS only a loopback address: whoever is on the way could read the
  /// token. Another one fails the start with a line that says so.
  std::string host = "127.0.0.1";

  /// PEM files: with them viewers come by TLS, as wss://, and only so.
  std::string certificate_file{};
  std::string key_file{};

  /// A file with the token in its first line, 16 to 256 visible characters.
  /// Empty: one is made of 32 random bytes and written where only this user
  /// can read it; the log says where.
  std::string token_file{};

  /// Lets viewers kill processes, steer supervisors and have a dump written to
  /// the node's disk; else they only look.
  bool allow_destructive = false;

  /// The page's folder; empty: no page.
  std::string static_dir{};

  /// Viewers at once; one more is refused with 503. A viewer is a person or a
  /// script.
  std::size_t viewers_max = 16;

  /// Questions of one viewer that wait for an answer; with one more: error
  /// reply `busy`. The page asks for three things at once.
  std::size_t questions_max = 8;

  /// Different questions looked into at once, over all viewers; others wait.
  std::size_t readings_max = 4;

  /// Questions that wait for one of those; with one more: error reply `busy`.
  std::size_t waiting_max = 128;

  /// How long a shard may take to answer; past it the answer is that of the
  /// others and names it.
  std::chrono::milliseconds answer_timeout{1'000};

  /// An answer is given again to whoever asks the same within this time, so
  /// that ten viewers cost no more than one.
  std::chrono::milliseconds cached_for{500};

  /// What viewers see of the time before they came: a point each interval, of
  /// numbers that are counted anyway. Five minutes tell a trend; 300 points of
  /// 20 numbers are 48 kB.
  std::size_t history_points_max = 300;
  std::chrono::milliseconds history_interval{1'000};

  /// Where a dump goes that SIGUSR1 or a viewer asks for, or a program that
  /// must abort leaves behind. Empty: the working directory, or, where that
  /// cannot be written to, the one for temporary files. The log says where it
  /// is; only the node's user can read it.
  std::string dump_dir{};

  /// Rows of each view in a dump, and bytes of it all: a disk is rarely the
  /// place that is short, but a loop of crashes fills it.
  std::size_t dump_rows_max = 1'000;
  std::size_t dump_bytes_max = 16 * 1024 * 1024;

  /// Dumps of one run that are kept; with one more the oldest is deleted.
  std::size_t dumps_max = 10;

  /// How long the shards may take to answer; those that have not by then are
  /// missing in it.
  std::chrono::milliseconds dump_timeout{5'000};

  /// Bytes of a viewer's message: a question is some hundred.
  std::size_t message_max = 16 * 1024;

  /// Bytes that wait for a viewer who does not read; past it he is closed. Two
  /// of the largest pages.
  std::size_t write_queue_max = 4 * 1024 * 1024;
};

/// The agent of an observer as a child of a supervisor:
///
///     observer::agent({.port = 4001})
///
/// Place it first: under rest_for_one the end of a later child does not touch
/// it, so whoever looks on sees that child's restart.
///
/// It is a detached process, with a thread of its own, in which a second node
/// of one shard runs: pubsub, and an endpoint with the socket `/observer` and
/// the page. So a node that is flooded, or whose shards all hang, can still be
/// looked at: what its shards would have to tell is missing then, and said to
/// be. Mirrors Erlang's observer_backend; differs: own port, own token, sorted
/// and cut on the node, read-only unless told otherwise.
runtime::child_spec agent(agent_options options);

/// The port a running agent listens on; 0 when there is none. Thread-safe.
std::uint16_t bound_port(runtime::node& node, const std::string& name);

} // namespace bennu::observer
