#pragma once

#include "runtime/detail/exit_hook.hpp"
#include "runtime/node.hpp"
#include "runtime/process.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bennu::runtime {

/// What a process that monitors groups gets of each change.
struct pg_event {
  enum class kind { joined, left };
  std::uint64_t ref = 0;
  kind what = kind::joined;
  std::string group;
  std::vector<pid> members;
};

/// Where a scope meets the same scope on other nodes: whoever connects nodes
/// implements it and hands what comes from there to pg_scope::remote_joined and
/// remote_left. There is none yet, so every scope is local. Called from any
/// thread.
class pg_peers {
public:
  virtual ~pg_peers() = default;
  virtual void joined(std::string_view group, const std::vector<pid>& who) = 0;
  virtual void left(std::string_view group, const std::vector<pid>& who) = 0;
};

/// Named groups of processes. Mirrors pg: a process may join a group several
/// times and must leave as often; it leaves all with its end, before any exit
/// signal is sent. Differs: a process joins and leaves by itself only; a scope
/// is no process. A small handle, copied at will. Thread-safe, but for what
/// names `self`: that is its process's own.
///
///     const auto teams = pg_scope::of(node, "teams");
///     teams.join(self, "red");
///     for (const auto& who : teams.get_members("red"))
///       self.send(who, whistle{});
class pg_scope {
public:
  /// Members of all groups at once; one more throws std::length_error.
  static constexpr std::size_t members_max = pid::processes_per_shard_max;

  /// The scope of that name, made when it is not there.
  static pg_scope of(runtime::node& node, std::string_view name);

  void join(process& self, std::string_view group) const;

  /// False when it is not a member.
  bool leave(process& self, std::string_view group) const;

  /// In no order, once for each time they joined.
  std::vector<pid> get_members(std::string_view group) const;
  std::vector<pid> get_local_members(std::string_view group) const;

  /// The groups that have members, in order.
  std::vector<std::string> which_groups() const;

  /// From now on `self` gets a pg_event of each change of the group, until
  /// demonitor or its end; `members` is who is in it now. An empty group stands
  /// for all.
  struct monitored {
    std::uint64_t ref = 0;
    std::vector<pid> members;
  };
  monitored monitor(process& self, std::string_view group = {}) const;
  bool demonitor(std::uint64_t ref) const;

  // -- the seam for other nodes --

  /// Who is told of local changes; null for nobody.
  void connect(std::shared_ptr<pg_peers> peers) const;
  void remote_joined(std::string_view group, const std::vector<pid>& who) const;
  void remote_left(std::string_view group, const std::vector<pid>& who) const;

private:
  class store;
  static void publish(runtime::node& node, const std::string& name,
                      const std::shared_ptr<store>& x);
  explicit pg_scope(std::shared_ptr<store> s) : store_(std::move(s)) {}

  std::shared_ptr<store> store_;
};

} // namespace bennu::runtime
