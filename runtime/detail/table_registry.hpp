#pragma once

#include "runtime/detail/table_core.hpp"
#include "runtime/table_ref.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace bennu::runtime::detail {

using table_ptr = std::shared_ptr<table_core>;

/// The tables of a node: their names, their owners, who inherits them.
/// Thread-safe; never held while rows are looked at.
class table_registry {
public:
  explicit table_registry(std::size_t tables_max) : tables_max_(tables_max) {}
  table_registry(const table_registry&) = delete;
  table_registry& operator=(const table_registry&) = delete;
  ~table_registry();

  /// Throws table_error when its name is taken, std::length_error when there
  /// are tables_max already.
  void add(const table_ptr& table);
  void rename(table_core& table, std::string_view name);

  /// False when `from` does not own it any more.
  bool give(const table_ptr& table, const pid& from, const pid& to);

  /// An heir counts as alive until ended() says otherwise; whoever sets one
  /// sees to it that it does.
  void set_heir(table_core& table, table_core::inheritance heir);

  /// Takes a table out; false when it is not there.
  bool remove(const table_ptr& table);

  /// What becomes of the tables of a process that has ended.
  struct estate {
    std::vector<table_ptr> inherited;
    std::vector<table_ptr> closed;
  };
  estate ended(const pid& who);

  table_ptr find(std::string_view name) const;
  table_ptr find(std::uint64_t id) const;
  std::vector<table_ptr> all() const;

private:
  void forget(const table_ptr& table);

  const std::size_t tables_max_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, table_ptr> tables_; // the oldest first
  std::map<std::string, table_ptr, std::less<>> names_;
  std::unordered_map<pid, std::vector<table_ptr>> owned_;
  std::unordered_set<pid> heirs_; // alive, as far as is known
};

} // namespace bennu::runtime::detail
