#pragma once

#include "runtime/message.hpp"
#include "runtime/pid.hpp"
#include "runtime/table_info.hpp"

#include <any>
#include <cstddef>
#include <memory>
#include <string>

namespace bennu::runtime {

namespace detail {
class table_core;
}

/// A table of whatever rows: what a message carries and a node lists. Make it
/// a `table<Row, Key>` with `table<Row, Key>::from(ref)`, or look in without
/// knowing the types. Empty, or keeps the handle valid though not the table
/// alive. Value; thread-safe.
class table_ref {
public:
  table_ref() = default;
  explicit table_ref(std::shared_ptr<detail::table_core> core)
    : core_(std::move(core)) {}

  explicit operator bool() const noexcept { return core_ != nullptr; }

  /// False once the table has gone.
  bool exists() const noexcept;

  /// What ets:info tells. Throws table_error when the table has gone.
  table_info info() const;

  /// At most `max` objects as text, from the first on or after an earlier
  /// page's `more`. Asks for no permission: for observers. Throws
  /// table_error when the table has gone. A row shows as its to_string(row),
  /// found in its namespace, says; numbers, text, tuples and what has
  /// fields(row) need none.
  table_rows rows(std::size_t max, const std::any& after = {}) const;

  const std::shared_ptr<detail::table_core>& core() const noexcept {
    return core_;
  }

  friend bool operator==(const table_ref&, const table_ref&) = default;

private:
  std::shared_ptr<detail::table_core> core_;
};

/// What a process gets with a table: from one that ended and had made it its
/// heir, or from give_away. `{'ETS-TRANSFER', Tab, FromPid, Data}`.
struct table_transfer {
  std::string name;
  table_ref table;
  pid from;
  message data;
};

} // namespace bennu::runtime
