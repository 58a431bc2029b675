#pragma once

#include "runtime/pid.hpp"

#include <cstddef>
#include <functional>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace bennu::runtime::detail {

/// The registered names of a node. Thread-safe; readers do not wait for each
/// other.
class name_table {
public:
  /// Names at once; a name is for a service, not for a client.
  static constexpr std::size_t names_max = 1'000'000;

  /// False when the name is taken or empty, when the process has a name
  /// already, and past names_max.
  bool insert(std::string_view name, const pid& id);
  bool erase(std::string_view name);
  bool erase_name_of(const pid& id);
  pid find(std::string_view name) const;
  std::string name_of(const pid& id) const;
  std::vector<std::string> all() const;

  /// At most about `max` of them, from `place` on, each time under the lock for
  /// those alone; moves `place` on, and says whether there are more. What comes
  /// or goes meanwhile may be missed or seen twice.
  using named_pid = std::pair<std::string, pid>;
  bool page(std::size_t& place, std::size_t max,
            std::vector<named_pid>& to) const;

private:
  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view x) const noexcept {
      return std::hash<std::string_view>{}(x);
    }
  };

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, pid, hash, std::equal_to<>> pids_;
  std::unordered_map<pid, std::string> names_;
};

} // namespace bennu::runtime::detail
