#include "runtime/detail/table_core.hpp"

#include <utility>

#include <fmt/core.h>

namespace bennu::runtime::detail {

namespace {

std::uint64_t next_table_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::uint64_t packed(const pid& x) noexcept {
  return (std::uint64_t{x.slot} << 32) | x.serial;
}

} // namespace

table_core::table_core(table_options options, const pid& owner)
  : options_(std::move(options)), id_(next_table_id()), node_(owner.node),
    owner_(packed(owner)),
    name_(options_.name), heir_{options_.heir, options_.heir_data} {}

table_core::~table_core() = default;

std::string table_core::name() const {
  const std::lock_guard guard{mutex_};
  return name_;
}

pid table_core::owner() const noexcept {
  const auto x = owner_.load(std::memory_order_acquire);
  return {.node = node_,
          .slot = static_cast<std::uint32_t>(x >> 32),
          .serial = static_cast<std::uint32_t>(x)};
}

table_core::inheritance table_core::heir() const {
  const std::lock_guard guard{mutex_};
  return heir_;
}

void table_core::set_owner(const pid& who) noexcept {
  owner_.store(packed(who), std::memory_order_release);
}

void table_core::set_name(std::string_view name) {
  const std::lock_guard guard{mutex_};
  name_ = name;
}

void table_core::set_heir(inheritance heir) {
  const std::lock_guard guard{mutex_};
  heir_ = std::move(heir);
}

void table_core::close(std::string why) {
  {
    const std::lock_guard guard{mutex_};
    why_closed_ = std::move(why);
  }
  closed_.store(true, std::memory_order_release);
  wait_for_all();
}

table_info table_core::describe() const {
  return {.name = name(),
          .kind = options_.kind,
          .objects_max = options_.objects_max,
          .id = id_,
          .named = options_.named,
          .owner = owner(),
          .heir = heir().heir,
          .access = options_.access,
          .read_concurrency = options_.read_concurrency,
          .write_concurrency = options_.write_concurrency,
          .row_type = row_type(),
          .key_type = key_type()};
}

void table_core::refuse(const pid& who, const char* what) const {
  // What has gone says so, whoever asks.
  check_open();
  throw table_error(fmt::format(
    "table {} is {}: it cannot be {} by {}, only by its owner {}", name(),
    to_string(options_.access), what,
    who ? to_string(who) : "what is no process", to_string(owner())));
}

void table_core::refuse_closed() const {
  const std::lock_guard guard{mutex_};
  throw table_error(fmt::format("table {} is gone: {}", name_, why_closed_));
}

void table_core::refuse_in_predicate() {
  throw table_error("a predicate may not use a table: it runs inside one");
}

} // namespace bennu::runtime::detail
