#pragma once

#include "runtime/detail/table_text.hpp"
#include "runtime/table_info.hpp"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace bennu::runtime {

struct table_file_info;

namespace detail {

static_assert(std::endian::native == std::endian::little,
              "a table's file has numbers as they lie in memory");

/// A part of a table's file, read from its front; what is not there throws.
/// Confined to its thread.
class table_block {
public:
  table_block(std::string_view bytes, const std::filesystem::path& file)
    : rest_(bytes), file_(&file) {}

  std::string_view take(std::size_t n);
  bool empty() const noexcept { return rest_.empty(); }
  std::size_t size() const noexcept { return rest_.size(); }
  [[noreturn]] void damaged() const;

private:
  std::string_view rest_;
  const std::filesystem::path* file_;
};

template <class T>
concept plain_number = std::is_arithmetic_v<T> || std::is_enum_v<T>;

template <class T>
void encode(std::string& to, const T& x);
template <class T>
void decode(table_block& from, T& x);

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};

template <class T>
void encode(std::string& to, const T& x) {
  if constexpr (plain_number<T>) {
    to.append(reinterpret_cast<const char*>(&x), sizeof(x));
  } else if constexpr (std::is_same_v<T, std::string>) {
    encode(to, std::uint64_t{x.size()});
    to += x;
  } else if constexpr (is_vector<T>::value) {
    encode(to, std::uint64_t{x.size()});
    for (const auto& element : x)
      encode(to, element);
  } else if constexpr (is_optional<T>::value) {
    encode(to, x.has_value());
    if (x)
      encode(to, *x);
  } else if constexpr (tuple_like<T>) {
    std::apply([&](const auto&... xs) { (encode(to, xs), ...); }, x);
  } else {
    static_assert(has_fields<T>, "a row or key for a file needs fields()");
    encode(to, fields(const_cast<T&>(x)));
  }
}

template <class T>
void decode(table_block& from, T& x) {
  if constexpr (std::is_same_v<T, bool>) {
    x = from.take(1)[0] != 0;
  } else if constexpr (plain_number<T>) {
    std::memcpy(&x, from.take(sizeof(x)).data(), sizeof(x));
  } else if constexpr (std::is_same_v<T, std::string>) {
    std::uint64_t size = 0;
    decode(from, size);
    x = from.take(size);
  } else if constexpr (is_vector<T>::value) {
    std::uint64_t size = 0;
    decode(from, size);
    // An element takes a byte at least: no length a file claims is believed.
    if (size > from.size())
      from.damaged();
    x.resize(size);
    for (auto& element : x)
      decode(from, element);
  } else if constexpr (is_optional<T>::value) {
    bool there = false;
    decode(from, there);
    x.reset();
    if (there)
      decode(from, x.emplace());
  } else if constexpr (tuple_like<T>) {
    std::apply([&](auto&... xs) { (decode(from, xs), ...); }, x);
  } else {
    static_assert(has_fields<T>, "a row or key for a file needs fields()");
    auto members = fields(x);
    decode(from, members);
  }
}

/// Bytes of objects before a block is closed, and of the largest object.
inline constexpr std::size_t table_block_size = std::size_t{1} << 16;
inline constexpr std::size_t table_object_max = std::size_t{1} << 24;

struct file_closer {
  void operator()(std::FILE* x) const noexcept { std::fclose(x); }
};
using file_ptr = std::unique_ptr<std::FILE, file_closer>;

/// Writes a table's file under another name and renames it at the end; goes
/// without a trace if it does not come to that. Confined to its thread.
class table_file_writer {
public:
  table_file_writer(const std::filesystem::path& file, const table_info& info);
  table_file_writer(const table_file_writer&) = delete;
  table_file_writer& operator=(const table_file_writer&) = delete;
  ~table_file_writer();

  std::string& block() noexcept { return block_; }
  void end_object();
  std::uint64_t finish();

private:
  [[noreturn]] void fail(const char* what) const;
  void put(std::string_view bytes);
  void close_block();

  std::filesystem::path file_;
  std::filesystem::path draft_;
  file_ptr out_;
  std::string block_;
  std::size_t last_end_ = 0;
  std::uint32_t in_block_ = 0;
  std::uint64_t objects_ = 0;
};

/// Reads one. Throws table_file_error on whatever is not as written. Confined
/// to its thread.
class table_file_reader {
public:
  explicit table_file_reader(const std::filesystem::path& file);
  ~table_file_reader();

  const table_file_info& info() const noexcept { return *info_; }
  void expect_types(const std::string& row, const std::string& key) const;

  /// Where the next object is; null at the end of a file that is whole.
  table_block* next_object();

private:
  friend table_file_info whole_table_file(const std::filesystem::path& file);

  std::string get(std::size_t n);
  void read_header();
  bool next_block();
  void read_end();
  [[noreturn]] void fail(const std::string& what) const;

  std::filesystem::path file_;
  file_ptr in_;
  std::uint64_t left_ = 0; // bytes of the file
  std::string bytes_;
  table_block block_;
  std::uint32_t in_block_ = 0;
  std::unique_ptr<table_file_info> info_;
};

} // namespace detail
} // namespace bennu::runtime
