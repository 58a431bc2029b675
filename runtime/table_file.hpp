#pragma once

#include "runtime/detail/table_codec.hpp"
#include "runtime/table.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace bennu::runtime {

/// Thrown when a table's file cannot be written or read; what() names the file
/// and the reason: the system's, or that it is cut short, damaged, of a version
/// or of types that are not ours.
class table_file_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// What a table's file says of itself, as ets:tabfile_info. Value.
struct table_file_info {
  std::uint32_t version = 0;
  table_options made_with{};
  std::string row_type{};
  std::string key_type{};
  std::uint64_t objects = 0;
};

/// Writes a table to a file, whole or not at all: to a file beside it, which
/// takes its name once it is on the disk. Mirrors ets:tab2file, always with its
/// checksum and count. The table may change meanwhile; what is there throughout
/// is in the file. Returns how many objects it has written. Blocks; for a large
/// table that is no work for a shard.
///
/// Numbers, enumerations, text, pairs, tuples, optionals and vectors of what
/// can be written can be written; a struct if there is, in its namespace,
///
///     auto fields(visit& x) { return std::tie(x.page, x.count); }
///
/// The file is a header, blocks of objects, each with a length, a count and a
/// CRC-32, and an end with the number of all; numbers are little-endian.
/// Format 1; a later one will read it.
template <class Row, class Key, class Hash>
std::uint64_t tab2file(const table<Row, Key, Hash>& t,
                       const std::filesystem::path& file);

/// Makes the table of a file anew, with the name and options it had, owned by
/// `self`; an heir is not remembered. Mirrors ets:file2tab with verify: throws
/// table_file_error before there is a table, unless the file is whole and
/// holds such rows under such keys. Blocks, as above.
template <class Table>
Table file2tab(process& self, const std::filesystem::path& file);

/// Reads and checks the whole file.
table_file_info tabfile_info(const std::filesystem::path& file);

// -- inline implementation ----------------------------------------------------

template <class Row, class Key, class Hash>
std::uint64_t tab2file(const table<Row, Key, Hash>& t,
                       const std::filesystem::path& file) {
  const auto info = t.info();
  detail::table_file_writer out{file, info};
  t.for_each([&](const Key& key, const Row& row) {
    detail::encode(out.block(), key);
    detail::encode(out.block(), row);
    out.end_object();
  });
  return out.finish();
}

template <class Table>
Table file2tab(process& self, const std::filesystem::path& file) {
  using object = typename Table::object;
  using key = decltype(object::key);
  using row = decltype(object::row);
  detail::table_file_reader in{file};
  in.expect_types(detail::demangled(typeid(row).name()),
                  detail::demangled(typeid(key).name()));
  // Its own until it is whole: a file found damaged leaves nothing.
  typename Table::objects all;
  while (auto* block = in.next_object()) {
    auto& x = all.emplace_back();
    detail::decode(*block, x.key);
    detail::decode(*block, x.row);
  }
  auto made = Table::create(self, in.info().made_with);
  made.insert(all);
  return made;
}

} // namespace bennu::runtime
