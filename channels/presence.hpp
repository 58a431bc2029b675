#pragma once

#include "channels/json.hpp"
#include "channels/payload.hpp"
#include "channels/pubsub/topic.hpp"
#include "channels/tracker/gossip_codec.hpp"
#include "channels/tracker/tracker.hpp"
#include "runtime/child_spec.hpp"
#include "runtime/fwd.hpp"
#include "runtime/pid.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace bennu::channels {

class channel;
class presence_config;

/// Presences of a topic by key: `{"ann": {"metas": [...]}}` in JSON.
using metas_by_key = std::map<std::string, std::vector<json>, std::less<>>;

/// A client of presences within the node. Mirrors the handle_metas/4 of a
/// Phoenix.Presence. Called in the tracker's process, after the clients'
/// presence_diff has gone out, and must not block it; a throw ends that
/// process, whose successor makes a new one. Confined to its process.
class metas_handler {
public:
  virtual ~metas_handler() = default;

  /// `diff` is what clients get: `{"joins": {...}, "leaves": {...}}`;
  /// `presences` is everyone on the topic after it.
  virtual void handle_metas(const topic& on, const json& diff,
                            const metas_by_key& presences) = 0;
};

/// How a presence is made. Mirrors the options of Phoenix.Presence and its
/// callbacks.
struct presence_options {
  std::string name{};

  /// The pubsub whose subscribers get presence_diff, and which carries the
  /// gossip of nodes.
  std::string pubsub{};

  /// Adds to presences before anybody sees them: once a list, and once for all
  /// who join and all who leave in a diff, so that one query serves many. Gets
  /// `{key: {"metas": [...]}}` and returns it with more beside the metas. Runs
  /// in the caller of list, and in the tracker's process for diffs, where it
  /// must not block. Mirrors fetch/2.
  std::function<json(const topic& on, json presences)> fetch{};

  /// Makes the client within the node, in the process that will call it, again
  /// after each restart; presences that are there by then it finds in its
  /// first `presences`. One for each of the pool. Mirrors init/1.
  std::function<std::unique_ptr<metas_handler>(runtime::process& self)> init{};

  /// Bytes of a meta as JSON, without its refs. Every client of the topic gets
  /// and keeps it: a name, a status and a picture's address are below 1 KiB.
  std::size_t meta_bytes_max = 16'384;

  /// Bytes of a key: a user's id.
  std::size_t key_bytes_max = 255;

  /// The tracker's own; its name, pubsub and handler are those of the presence.
  tracker_options tracking{};
};

/// A presence as a child of a supervisor. Place it behind its pubsub and before
/// the endpoint, under rest_for_one. See tracker_spec. Mirrors
/// `{MyApp.Presence,
/// []}`.
///
///     channels::pubsub_spec({.name = "chat.pubsub"}),
///     channels::presence_spec({.name = "chat.presence",
///                              .pubsub = "chat.pubsub"}),
///     transport::endpoint({...})
runtime::child_spec presence_spec(presence_options options);

/// What presences say of themselves as bytes, for a gossip_codec: JSON's.
meta_codec presence_metas();

/// Why something was not tracked; the first two are Phoenix's.
enum class presence_error {
  none,
  already_tracked,
  nopresence,
  too_many,  // one of the tracker's limits
  too_large, // meta_bytes_max or key_bytes_max
};

/// "already_tracked".
std::string to_string(presence_error x);

/// A presence's phx_ref, or why there is none. Value.
struct presence_result {
  std::string ref{};
  presence_error error = presence_error::none;

  explicit operator bool() const noexcept {
    return error == presence_error::none;
  }
};

/// A live handle of a presence: who is on which topic, on all nodes, and what
/// they say of themselves. Mirrors Phoenix.Presence. Clients that joined a
/// topic get a `presence_diff` of every change by themselves; the whole list,
/// `presence_state`, a channel pushes:
///
///     result handle_info(message& msg) override {        // after the join
///       const auto here = presence::find(node(), "chat.presence");
///       here.track(*this, me().user, {{"status", "here"}});
///       push("presence_state", here.state(*this));
///       return no_reply;
///     }
///
/// A presence ends with its process: nobody has to say goodbye. Differs from
/// Phoenix: a call acts at once, in the caller, and waits for no process;
/// keys are texts. Value; thread-safe.
class presence {
public:
  presence() = default;

  /// The presence of that name; throws std::runtime_error when it does not
  /// run. As cheap as reading a table: a channel need not keep it.
  static presence find(runtime::node& node, std::string_view name);

  explicit operator bool() const noexcept { return config_ != nullptr; }

  // -- tracking: a channel on its topic, or any process of this node --
  // A meta is an object, and gets a phx_ref of its own. Throws
  // std::invalid_argument when it is none, json::exception for a text that is
  // not UTF-8.

  presence_result track(const channel& who, std::string_view key,
                        json meta = json::object()) const;
  presence_result track(const runtime::pid& who, const topic& on,
                        std::string_view key, json meta = json::object()) const;

  /// Another meta in the place of the one it has, whose phx_ref becomes its
  /// phx_ref_prev: clients get one diff, in which it both leaves and joins.
  presence_result update(const channel& who, std::string_view key,
                         json meta) const;
  presence_result update(const runtime::pid& who, const topic& on,
                         std::string_view key, json meta) const;

  /// What `f` makes of the meta it has; `f` may run again when two update at
  /// once.
  template <class F>
  requires std::is_invocable_r_v<json, F&, json>
    presence_result update(const channel& who, std::string_view key, F f)
  const { return update_with(who, key, std::move(f)); }
  template <class F>
  requires std::is_invocable_r_v<json, F&, json> presence_result
  update(const runtime::pid& who, const topic& on, std::string_view key, F f)
  const { return update_with(who, on, key, std::move(f)); }

  /// None is no error.
  void untrack(const channel& who, std::string_view key) const;
  void untrack(const runtime::pid& who, const topic& on,
               std::string_view key) const;
  void untrack(const runtime::pid& who) const;

  // -- looking, from anywhere --

  /// Everyone on a topic: `{"ann": {"metas": [{"phx_ref": ...}, ...]}}`.
  json list(const topic& on) const;
  json list(const channel& who) const;

  /// The same as a channel pushes it. Without fetch it is written straight from
  /// what is tracked, which in a full room costs a third.
  rendered_payload state(const topic& on) const;
  rendered_payload state(const channel& who) const;

  /// `{"metas": [...]}` of a key, or `[]` when there is none.
  json get_by_key(const topic& on, std::string_view key) const;

  /// How many keys and presences, without looking at them.
  presence_counts count(const topic& on) const;

  /// What it stands on.
  const channels::tracker& tracker() const noexcept { return tracker_; }

private:
  friend struct presence_maker;
  using change = std::function<json(json)>;

  presence_result update_with(const channel& who, std::string_view key,
                              const change& f) const;
  presence_result update_with(const runtime::pid& who, const topic& on,
                              std::string_view key, const change& f) const;

  channels::tracker tracker_;
  std::shared_ptr<presence_config> config_;
};

} // namespace bennu::channels
