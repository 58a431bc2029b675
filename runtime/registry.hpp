#pragma once

#include "runtime/detail/exit_hook.hpp"
#include "runtime/environment.hpp"
#include "runtime/node.hpp"
#include "runtime/process.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace bennu::runtime {

enum class registry_keys : std::uint8_t { unique, duplicate };

struct registry_options {
  /// By which find() finds it; one a node.
  std::string name{};
  registry_keys keys = registry_keys::unique;

  /// Entries lie in parts by key, each under a lock of its own.
  std::size_t partitions = 16;

  /// One more throws std::length_error: the processes of a shard.
  std::size_t entries_max = pid::processes_per_shard_max;

  /// Registered names of processes that get a registry_event of each entry.
  std::vector<std::string> listeners{};
};

/// What listeners get: `{register, …}` and `{unregister, …}`.
template <class Key, class Value>
struct registry_event {
  enum class kind { registered, unregistered };
  kind what = kind::registered;
  std::string registry;
  Key key;
  pid who;
  Value value;
};

/// Who is found under what, beyond the one name a process has: keys of any
/// type, each with one owner (unique) or many (duplicate), and a value an
/// entry. Mirrors Elixir's Registry. Differs: it is a thing of the node and not
/// a process, so nothing of it can crash; an entry goes with its process before
/// any exit signal is sent, so a successor can take the key at once (Elixir's
/// is eventually gone); listeners are told by name. A small handle, copied at
/// will; the entries live as long as the node. Thread-safe, but for what names
/// `self`: that is its process's own.
///
///     auto rooms = registry<std::string, int>::create(node, {.name =
///     "rooms"}); rooms.register_key(self, "lobby", 7); for (const auto& [who,
///     value] : rooms.lookup("lobby"))
///       self.send(who, hello{});
template <class Key, class Value = std::monostate, class Hash = std::hash<Key>>
class registry {
public:
  using event = registry_event<Key, Value>;
  struct entry {
    pid who;
    Value value;
  };

  /// Nothing; every use throws std::logic_error.
  registry() = default;

  /// Throws std::invalid_argument for a taken or empty name.
  static registry create(runtime::node& node, registry_options options) {
    if (options.name.empty() || options.partitions == 0)
      throw std::invalid_argument(
        "a registry needs a name and at least one partition");
    registry made{std::make_shared<store>(node, std::move(options))};
    if (!node.environment().insert(key_of(made.store_->options.name),
                                   make_message(made)))
      throw std::invalid_argument("there is a registry "
                                  + made.store_->options.name + " already");
    publish(node, made.store_);
    return made;
  }

  /// The registry of that name and these types, or nothing.
  static std::optional<registry> find(runtime::node& node,
                                      std::string_view name) {
    const auto found = node.environment().get(key_of(name));
    const auto* same = found.template value_if<registry>();
    return same ? std::optional{*same} : std::nullopt;
  }

  // -- entering: for the process itself --

  /// What register_key did: `done`, or who has the key (`already_registered`).
  struct outcome {
    bool done = false;
    pid owner;
    explicit operator bool() const noexcept { return done; }
  };

  /// Enters `self` under a key. A duplicate registry takes a process any number
  /// of times.
  outcome register_key(process& self, const Key& key, Value value = {});

  /// Takes all entries of `self` under a key away; how many there were.
  std::size_t unregister_key(process& self, const Key& key);

  /// Changes the value of `self` under a unique key; false without one.
  template <class F>
  bool update_value(process& self, const Key& key, F f);

  // -- looking, from anywhere --

  /// In no order; the values of one process in the order they came.
  std::vector<entry> lookup(const Key& key) const;

  /// The owner of a unique key, or no process.
  pid whereis(const Key& key) const;

  /// The values of one process under a key.
  std::vector<Value> values(const Key& key, const pid& who) const;

  /// Every key a process is under, once for each entry.
  std::vector<Key> keys(const pid& who) const;

  std::size_t count() const { return all().entries.load(); }
  std::size_t count(const Key& key) const;

  /// The entries for which `f(key, entry)` holds, at most `max`. Looks at all.
  template <class F>
  std::vector<std::pair<Key, entry>> select(F f, std::size_t max) const;

  /// Calls `f` with the entries of a key, outside all locks; not at all when
  /// there are none.
  template <class F>
  void dispatch(const Key& key, F f) const {
    if (const auto found = lookup(key); !found.empty())
      f(found);
  }

  const registry_options& options() const { return all().options; }

private:
  /// By process, so that one of a million under a key goes in constant time.
  using owners = std::unordered_map<pid, std::vector<Value>>;

  struct partition {
    mutable std::shared_mutex mutex;
    std::unordered_map<Key, owners, Hash> entries;
    std::unordered_map<pid, std::vector<Key>> keys;
  };

  struct store final : detail::exit_hook {
    store(runtime::node& n, registry_options o)
      : node(n), options(std::move(o)), parts(options.partitions) {}

    partition& part_of(const Key& key) const {
      return parts[Hash{}(key) % parts.size()];
    }
    void process_ended(const pid& id) override;
    void tell(typename event::kind what, const Key& key, const pid& who,
              const Value& value) const;
    /// Removes what `id` has under `key`; the part is locked.
    std::vector<Value> remove(partition& part, const Key& key, const pid& id);

    runtime::node& node;
    const registry_options options;
    mutable std::vector<partition> parts;
    std::atomic<std::size_t> entries{0};
  };

  explicit registry(std::shared_ptr<store> s) : store_(std::move(s)) {}

  /// Shows it to observers, in the sheet `registries`.
  static void publish(runtime::node& node, const std::shared_ptr<store>& x);
  class scan;

  static std::string key_of(std::string_view name) {
    return "bennu.registry." + std::string{name};
  }
  store& all() const {
    if (!store_)
      throw std::logic_error(
        "this registry handle is empty; create or find it");
    return *store_;
  }

  std::shared_ptr<store> store_;
};

} // namespace bennu::runtime

#include "runtime/detail/registry_impl.hpp"
