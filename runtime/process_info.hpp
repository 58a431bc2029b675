#pragma once

#include "runtime/fwd.hpp"
#include "runtime/pid.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// Who runs first on a shard. Mirrors process_flag(priority): as long as a
/// `high` process is ready no other runs; `low` ones get every eighth turn
/// while others are ready. (`max` is Erlang's own and not offered there
/// either.)
enum class priority_level : std::uint8_t { low, normal, high };

/// What a process is at. `waiting`: nothing to do; `runnable`: in its shard's
/// queue; `suspended`: by sys::suspend; `running`: it asked for itself.
enum class process_status : std::uint8_t {
  waiting,
  runnable,
  suspended,
  running,
};

const char* to_string(priority_level x);
const char* to_string(process_status x);

/// What can be seen of a process from outside, without stopping it: it is
/// asked between two of its handlers, ahead of its mailbox. Mirrors
/// process_info; differs: memory is in bytes, of the process, its queue and its
/// relations, without what its members point to; reductions are messages
/// handled. Value.
struct process_info {
  pid id{};
  std::string registered_name{};

  /// The class of the process, or the type of the function it was spawned
  /// with.
  std::string initial_call{};

  /// The initial call and the type of the message being handled: only seen of
  /// a process that asks for itself or hangs (see node::running).
  std::string current_function{};

  std::string label{};
  pid parent{};
  std::size_t home_shard = 0;
  std::size_t message_queue_len = 0;
  std::size_t reductions = 0;
  std::size_t memory = 0;
  process_status status = process_status::waiting;
  priority_level priority = priority_level::normal;
  bool trap_exit = false;
  std::vector<pid> links{};

  /// Whom this one monitors; requests under way are monitors, too.
  std::vector<pid> monitors{};
  std::vector<pid> monitored_by{};

  /// Rendered, see message::render.
  std::vector<std::pair<std::string, std::string>> dictionary{};

  /// The oldest messages waiting, rendered; at most `mailbox_max`.
  std::vector<std::string> messages{};

  /// How much of a mailbox an info shows: enough to see what it is full of.
  static constexpr std::size_t mailbox_max = 10;
};

} // namespace bennu::runtime
