#pragma once

#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bennu::runtime {

/// What has happened, how much, and to whom. Value; handlers see it only while
/// they run.
struct telemetry_event {
  std::string_view name;
  std::vector<std::pair<std::string_view, double>> measurements{};
  std::vector<std::pair<std::string_view, std::string>> metadata{};

  /// 0 and "" for what is not there.
  double measurement(std::string_view key) const noexcept;
  std::string_view about(std::string_view key) const noexcept;
};

/// Names of events folded into one word, so that asking whether anybody listens
/// to one of them is a load and an `and`. Never misses a name; two names may
/// share a bit, which costs a lookup. Value.
class event_names {
public:
  constexpr event_names() noexcept = default;
  constexpr event_names(
    std::initializer_list<std::string_view> names) noexcept {
    for (const auto name : names)
      bits_ |= bit_of(name);
  }

  constexpr std::uint64_t bits() const noexcept { return bits_; }

private:
  // FNV-1a, of which the top six bits are the best mixed.
  static constexpr std::uint64_t bit_of(std::string_view name) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const char c : name)
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return std::uint64_t{1} << (hash >> 58);
  }

  std::uint64_t bits_ = 0;
};

/// Where a node's events meet those who count them. Mirrors Erlang's telemetry:
/// handlers are called one after the other by whoever executes the event, on
/// its thread, so they are quick and thread-safe themselves.
///
/// Differs: one a node, not one a program; names are text with dots; a handler
/// that throws is detached and logged, as there, but without a failure event.
/// An event nobody has attached to costs one load and is not even made.
/// Thread-safe.
///
///     node.telemetry().attach("restarts", events::child_restarted,
///       [&](const telemetry_event& x) { count(x.about("id")); });
///     node.telemetry().execute("chat.said", [&] {
///       return telemetry_event{"chat.said", {{"bytes", size}}};
///     });
class telemetry {
public:
  using handler = std::function<void(const telemetry_event&)>;

  /// Handlers at once; one more is refused.
  static constexpr std::size_t handlers_max = 256;

  /// Calls `f` for each event `name` from now on. False when there is a
  /// handler of this id, or handlers_max of them.
  bool attach(std::string id, std::string name, handler f);

  /// False when there is none of this id. One that runs just now, on another
  /// thread, may still be running when this returns.
  bool detach(std::string_view id);

  /// The ids of the handlers of `name`, in the order attached.
  std::vector<std::string> handlers(std::string_view name) const;

  /// Whether there is a handler of one of `names`: for who would have to
  /// measure beforehand. Seldom true without one, never false with one.
  bool attached(event_names names) const noexcept {
    return (attached_.load(std::memory_order_relaxed) & names.bits()) != 0;
  }

  /// Calls the handlers of `name` with what `make` returns; without handlers
  /// `make` is not called.
  template <class F>
  requires std::is_invocable_r_v<telemetry_event, F>
  void execute(std::string_view name, F make) {
    if (!attached({name}))
      return;
    if (const auto found = find(name))
      call(*found, make());
  }

  /// The same with an event that is made already.
  void execute(const telemetry_event& event);

private:
  struct entry {
    std::string id;
    std::string name;
    handler f;
  };
  using entries = std::vector<std::shared_ptr<const entry>>;
  using entries_by_name = std::map<std::string, entries, std::less<>>;

  std::shared_ptr<const entries> find(std::string_view name) const;
  void call(const entries& those, const telemetry_event& event);
  void publish();

  // Events are many and attaching is rare: who executes reads a copy.
  std::mutex mutex_;
  entries entries_;
  std::atomic<std::shared_ptr<const entries_by_name>> by_name_;
  std::atomic<std::uint64_t> attached_{0}; // event_names of all entries_
};

/// The events of this layer. Each names its process by `pid`, and those of a
/// supervisor the supervisor and the child's `id`.
namespace events {

/// Measured: `restarts` of this child so far. Metadata: supervisor, id, pid.
inline constexpr std::string_view child_started = "bennu.supervisor.started";

/// Metadata: supervisor, id, pid, reason.
inline constexpr std::string_view child_terminated =
  "bennu.supervisor.terminated";

/// A restart that was counted. Measured: `restarts`. Metadata: supervisor, id,
/// reason.
inline constexpr std::string_view child_restarted =
  "bennu.supervisor.restarted";

/// A supervisor gives up. Measured: max_restarts, within_ms. Metadata:
/// supervisor, id of the child whose restart was one too many.
inline constexpr std::string_view intensity_reached =
  "bennu.supervisor.intensity_reached";

/// Measured: message_queue_len. Metadata: pid, name, label, reason, message.
inline constexpr std::string_view process_crashed = "bennu.process.crashed";

/// A handler ran longer than node_options::long_handler. Measured:
/// duration_ms. Metadata: pid, label, message.
inline constexpr std::string_view long_handler = "bennu.process.long_handler";

} // namespace events

} // namespace bennu::runtime
