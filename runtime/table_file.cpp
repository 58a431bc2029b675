#include "runtime/table_file.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <system_error>

#include <fmt/core.h>
#include <unistd.h>

namespace bennu::runtime {

namespace {

constexpr std::string_view magic = "bennutab";
constexpr std::uint32_t version = 1;

/// The length of the block that ends a file.
constexpr std::uint32_t no_block = ~std::uint32_t{0};

/// The CRC-32 of a byte: what zlib and Ethernet use.
constexpr auto crc_of_byte = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    auto x = byte;
    for (int bit = 0; bit < 8; ++bit)
      x = (x >> 1) ^ (x & 1 ? 0xEDB88320u : 0);
    table[byte] = x;
  }
  return table;
}();

std::uint32_t crc_of(std::string_view bytes) {
  auto crc = ~std::uint32_t{0};
  for (const char x : bytes)
    crc =
      crc_of_byte[(crc ^ static_cast<unsigned char>(x)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

/// Length and checksum in front.
std::string framed(std::string_view bytes) {
  std::string all;
  detail::encode(all, static_cast<std::uint32_t>(bytes.size()));
  detail::encode(all, crc_of(bytes));
  all += bytes;
  return all;
}

std::string header_of(const table_info& info) {
  std::string x;
  detail::encode(x, info.name);
  detail::encode(x, info.kind);
  detail::encode(x, info.access);
  detail::encode(
    x, std::tuple{info.named, info.read_concurrency, info.write_concurrency});
  detail::encode(x, std::uint64_t{info.objects_max});
  detail::encode(x, info.row_type);
  detail::encode(x, info.key_type);
  return x;
}

void read_options(detail::table_block& from, table_file_info& info) {
  auto& made = info.made_with;
  std::uint64_t objects_max = 0;
  detail::decode(from, made.name);
  detail::decode(from, made.kind);
  detail::decode(from, made.access);
  detail::decode(from, made.named);
  detail::decode(from, made.read_concurrency);
  detail::decode(from, made.write_concurrency);
  detail::decode(from, objects_max);
  detail::decode(from, info.row_type);
  detail::decode(from, info.key_type);
  made.objects_max = objects_max;
  if (made.kind > table_kind::duplicate_bag
      || made.access > table_access::private_ || !from.empty())
    from.damaged();
}

/// Unique among the drafts of this program.
std::filesystem::path draft_of(const std::filesystem::path& file) {
  static std::atomic<unsigned> drafts{0};
  auto draft = file;
  draft += fmt::format(".{}.{}.draft", ::getpid(), drafts++);
  return draft;
}

} // namespace

namespace detail {

// -- a block ------------------------------------------------------------------

std::string_view table_block::take(std::size_t n) {
  if (n > rest_.size())
    damaged();
  const auto taken = rest_.substr(0, n);
  rest_.remove_prefix(n);
  return taken;
}

void table_block::damaged() const {
  throw table_file_error(fmt::format(
    "{} is damaged: an object does not fit its types", file_->string()));
}

// -- writing ------------------------------------------------------------------

table_file_writer::table_file_writer(const std::filesystem::path& file,
                                     const table_info& info)
  : file_(file), draft_(draft_of(file)),
    out_(std::fopen(draft_.c_str(), "wbe")) {
  if (!out_)
    fail("be made");
  std::string start{magic};
  encode(start, version);
  put(start);
  put(framed(header_of(info)));
}

table_file_writer::~table_file_writer() {
  if (!out_)
    return;
  out_.reset();
  std::error_code ignored;
  std::filesystem::remove(draft_, ignored);
}

void table_file_writer::fail(const char* what) const {
  throw table_file_error(fmt::format("{} cannot {}: {}", draft_.string(), what,
                                     std::generic_category().message(errno)));
}

void table_file_writer::put(std::string_view bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), out_.get()) != bytes.size())
    fail("be written");
}

void table_file_writer::end_object() {
  if (block_.size() - last_end_ > table_object_max)
    throw table_file_error(fmt::format(
      "{} cannot be written: an object has {} bytes, {} is the most",
      file_.string(), block_.size() - last_end_, table_object_max));
  last_end_ = block_.size();
  ++in_block_;
  ++objects_;
  if (block_.size() >= table_block_size)
    close_block();
}

void table_file_writer::close_block() {
  std::string whole;
  encode(whole, in_block_);
  whole += block_;
  put(framed(whole));
  block_.clear();
  last_end_ = 0;
  in_block_ = 0;
}

std::uint64_t table_file_writer::finish() {
  if (in_block_ > 0)
    close_block();
  std::string end;
  encode(end, objects_);
  std::string last;
  encode(last, no_block);
  encode(last, crc_of(end));
  put(last + end);
  if (std::fflush(out_.get()) != 0 || ::fsync(::fileno(out_.get())) != 0)
    fail("be written");
  if (std::rename(draft_.c_str(), file_.c_str()) != 0)
    fail("take its name");
  out_.reset();
  return objects_;
}

// -- reading ------------------------------------------------------------------

table_file_reader::table_file_reader(const std::filesystem::path& file)
  : file_(file), in_(std::fopen(file.c_str(), "rbe")), block_({}, file_),
    info_(std::make_unique<table_file_info>()) {
  std::error_code failure;
  left_ = in_ ? std::filesystem::file_size(file, failure) : 0;
  if (!in_ || failure)
    fail(fmt::format("cannot be read: {}", std::generic_category().message(
                                             in_ ? failure.value() : errno)));
  read_header();
}

table_file_reader::~table_file_reader() = default;

void table_file_reader::fail(const std::string& what) const {
  throw table_file_error(file_.string() + " " + what);
}

std::string table_file_reader::get(std::size_t n) {
  // Asked of the file's real length first: a damaged one allocates nothing.
  std::string bytes;
  if (n > left_)
    fail("is cut short");
  bytes.resize(n);
  if (std::fread(bytes.data(), 1, n, in_.get()) != n)
    fail("is cut short");
  left_ -= n;
  return bytes;
}

void table_file_reader::read_header() {
  if (left_ < magic.size() || get(magic.size()) != magic)
    fail("is no table's file");
  const auto start = get(sizeof(std::uint32_t));
  table_block numbers{start, file_};
  decode(numbers, info_->version);
  if (info_->version != version)
    fail(fmt::format("is of format {}; this program reads {}", info_->version,
                     version));
  if (!next_block())
    fail("is damaged: it has no header");
  read_options(block_, *info_);
}

bool table_file_reader::next_block() {
  const auto start = get(2 * sizeof(std::uint32_t));
  table_block numbers{start, file_};
  std::uint32_t size = 0;
  std::uint32_t crc = 0;
  decode(numbers, size);
  decode(numbers, crc);
  const bool more = size != no_block;
  bytes_ = get(more ? size : sizeof(std::uint64_t));
  if (crc_of(bytes_) != crc)
    fail("is damaged: a checksum is wrong");
  block_ = table_block{bytes_, file_};
  return more;
}

void table_file_reader::read_end() {
  std::uint64_t objects = 0;
  decode(block_, objects);
  if (objects != info_->objects)
    fail(fmt::format("is damaged: it has {} objects of {}", info_->objects,
                     objects));
  if (left_ > 0)
    fail("is damaged: there is more behind its end");
}

table_block* table_file_reader::next_object() {
  if (in_block_ == 0) {
    if (!block_.empty())
      block_.damaged();
    if (!next_block()) {
      read_end();
      return nullptr;
    }
    decode(block_, in_block_);
    if (in_block_ == 0)
      fail("is damaged: a block is empty");
  }
  --in_block_;
  ++info_->objects;
  return &block_;
}

void table_file_reader::expect_types(const std::string& row,
                                     const std::string& key) const {
  if (row != info_->row_type || key != info_->key_type)
    fail(fmt::format("holds rows {} under keys {}, not {} under {}",
                     info_->row_type, info_->key_type, row, key));
}

table_file_info whole_table_file(const std::filesystem::path& file) {
  table_file_reader in{file};
  while (in.next_block()) {
    std::uint32_t objects = 0;
    decode(in.block_, objects);
    in.info_->objects += objects;
  }
  in.read_end();
  return *in.info_;
}

} // namespace detail

table_file_info tabfile_info(const std::filesystem::path& file) {
  return detail::whole_table_file(file);
}

} // namespace bennu::runtime
