#pragma once

#include "runtime/child_spec.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace bennu::runtime {

/// How a dynamic supervisor is made. Mirrors DynamicSupervisor's options.
struct dynamic_supervisor_options {
  std::string name{};

  /// Children alive at once; one more is refused. The default is a shard's
  /// whole process table.
  std::size_t children_max = pid::processes_per_shard_max;

  /// How long all children together may take to stop before they are killed.
  std::chrono::milliseconds shutdown{5000};

  std::size_t shard = spawn_options::any_shard;
};

/// Supervises children of one kind that come and go, all of them `temporary`:
/// sockets, channels. One for one, no ids. A child costs it
/// nothing: see relation::member.
/// Confined to its process.
class dynamic_supervisor final : public process {
public:
  explicit dynamic_supervisor(dynamic_supervisor_options options);

  /// Starts a child linked to this supervisor, on this shard: no message is
  /// exchanged, so call it on this shard only. No process when it is full or
  /// stopping.
  pid start_child(detail::process_maker& maker);

  template <class T, class... Ts>
  pid start_child(std::in_place_type_t<T>, Ts&&... args) {
    auto maker = detail::make_maker<T>(std::forward<Ts>(args)...);
    return start_child(maker);
  }

  std::size_t child_count() const noexcept { return children_; }

  /// In no order. Call it on this shard only.
  std::vector<pid> children() const;

protected:
  void init() override;
  void handle_message(message& msg) override;
  void parent_exited(const exit_reason& why) override;
  std::string label() const override;

private:
  dynamic_supervisor_options options_;
  std::size_t children_ = 0;
  bool stopping_ = false;
  exit_reason why_;
};

/// As a child of a supervisor.
child_spec dynamic_supervisor_spec(dynamic_supervisor_options options);

} // namespace bennu::runtime
