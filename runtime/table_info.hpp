#pragma once

#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <any>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace bennu::runtime {

/// How many objects a key may have, and how keys are ordered: ETS's words.
///
///     kind            objects a key   identical objects   insert
///     set             one             -                   O(1), replaces
///     ordered_set     one             -                   O(log n), replaces
///     bag             many            stored once         O(objects a key)
///     duplicate_bag   many            all kept            O(1)
enum class table_kind : std::uint8_t { set, ordered_set, bag, duplicate_bag };

/// "duplicate_bag", as ets:info names it.
const char* to_string(table_kind kind);

/// Who may do what with a table: ETS's protection. `public_`: everybody reads
/// and writes. `protected_`: everybody reads, the owner writes. `private_`: the
/// owner alone does either. (The underscore: C++ has taken the words.)
enum class table_access : std::uint8_t { public_, protected_, private_ };

/// "protected", as ets:info names it.
const char* to_string(table_access access);

/// Thrown where Erlang has badarg: a table that is gone, that is not the
/// caller's to use so, or that is of other types; what() names the table and
/// the reason. (A table that is full throws std::length_error, a key that is
/// missing where one must be std::out_of_range.)
class table_error : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

/// How a table is made: the options of ets:new.
struct table_options {
  std::string name{};
  table_kind kind = table_kind::set;
  table_access access = table_access::protected_;

  /// Registers the name, so that `table::whereis` finds it; one table a name.
  /// Without, the name is a label for people.
  bool named = true;

  /// Who inherits when the owner ends, and what it is told then.
  pid heir{};
  message heir_data{};

  /// Readers on several shards share no cache line, a write takes several
  /// locks. For tables that are read far more often than written.
  bool read_concurrency = false;

  /// Keys lie in several parts with a lock each, so that writers of different
  /// keys do not wait for each other. No difference in an ordered_set.
  bool write_concurrency = false;

  /// One more throws std::length_error. The default is the processes a shard
  /// can have, four rows each.
  std::size_t objects_max = std::size_t{1} << 24;
};

/// What ets:info tells. Memory is in bytes (ETS: words), without what rows and
/// keys point to. A local_table leaves out what it has not. Value.
struct table_info {
  std::string name{};
  table_kind kind = table_kind::set;
  std::size_t size = 0;
  std::size_t keys = 0;
  std::size_t memory = 0;
  std::size_t objects_max = 0;

  /// Unique within a node, never reused; 0 for a local_table.
  std::uint64_t id = 0;
  bool named = false;
  pid owner{};
  pid heir{};
  table_access access = table_access::private_;
  bool read_concurrency = false;
  bool write_concurrency = false;

  /// How many hold its keys just now: ets:info(T, safe_fixed).
  std::size_t fixed = 0;
  std::string row_type{};
  std::string key_type{};
};

/// Some of a table's objects as text, for observers. `more` is empty at the
/// end, else what to ask the next page with. Value.
struct table_rows {
  struct line {
    std::string key{};
    std::string row{};
  };
  std::vector<line> lines{};
  std::any more{};
};

} // namespace bennu::runtime
