#pragma once

#include "runtime/message.hpp"
#include "runtime/pid.hpp"
#include "runtime/table_info.hpp"

#include <any>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace bennu::runtime::detail {

/// True while a predicate of a select runs on this thread, under the lock of
/// its table: one that used a table, any table, could wait for ever.
inline constinit thread_local bool in_table_predicate = false;

/// What a table is besides its rows: whose, how protected, alive or gone.
/// Thread-safe.
class table_core {
public:
  struct inheritance {
    pid heir;
    message data;
  };

  table_core(table_options options, const pid& owner);
  table_core(const table_core&) = delete;
  table_core& operator=(const table_core&) = delete;
  virtual ~table_core();

  // -- what it is --

  std::uint64_t id() const noexcept { return id_; }
  std::string name() const;
  bool named() const noexcept { return options_.named; }
  table_kind kind() const noexcept { return options_.kind; }
  const table_options& made_with() const noexcept { return options_; }
  pid owner() const noexcept;
  inheritance heir() const;

  // -- who may; each throws what says which table, who and why --

  void check_reader(const pid& who) const {
    if (options_.access == table_access::private_ && who != owner())
      refuse(who, "read");
  }
  void check_writer(const pid& who) const {
    if (options_.access != table_access::public_ && who != owner())
      refuse(who, "written");
  }
  void check_owner(const pid& who) const {
    if (who != owner())
      refuse(who, "given away");
  }
  static void check_no_predicate() {
    if (in_table_predicate)
      refuse_in_predicate();
  }

  /// Under a lock of the rows: nothing goes in once close() has returned.
  void check_open() const {
    if (closed_.load(std::memory_order_acquire))
      refuse_closed();
  }
  bool open() const noexcept {
    return !closed_.load(std::memory_order_acquire);
  }

  // -- changing it: the registry's --

  void set_owner(const pid& who) noexcept;
  void set_name(std::string_view name);
  void set_heir(inheritance heir);

  /// The end, and why. Waits for who is inside.
  void close(std::string why);

  // -- its rows --

  virtual type_token type() const noexcept = 0;
  virtual std::string row_type() const = 0;
  virtual std::string key_type() const = 0;
  virtual table_info info() const = 0;
  virtual table_rows rows(std::size_t max, const std::any& after) const = 0;

  /// Frees at least `max` objects of a closed table; false when none is left.
  virtual bool dismantle(std::size_t max) = 0;

protected:
  /// Returns once nobody is inside who came before.
  virtual void wait_for_all() = 0;

  table_info describe() const;
  const table_options options_;

private:
  [[noreturn]] void refuse(const pid& who, const char* what) const;
  [[noreturn]] void refuse_closed() const;
  [[noreturn]] static void refuse_in_predicate();

  const std::uint64_t id_;
  const std::uint32_t node_;
  std::atomic<std::uint64_t> owner_; // slot and serial: changes in one piece
  std::atomic<bool> closed_{false};

  mutable std::mutex mutex_; // of what follows
  std::string name_;
  inheritance heir_;
  std::string why_closed_;
};

} // namespace bennu::runtime::detail
