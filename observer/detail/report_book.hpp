#pragma once

#include "runtime/sheet.hpp"
#include "runtime/telemetry.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

namespace bennu::runtime {
class node;
}

namespace bennu::observer::detail {

/// What went wrong in a node of late: restarts, supervisors that gave up,
/// crashes and handlers that ran long, from its telemetry, shown as the sheet
/// `reports`. Thread-safe.
class report_book {
public:
  /// Enough to see what a restart loop is made of.
  static constexpr std::size_t reports_max = 500;

  /// Keeps what happens in `node` from now on, until the book is gone.
  static std::shared_ptr<report_book> open(runtime::node& node);
  report_book(const report_book&) = delete;
  report_book& operator=(const report_book&) = delete;
  ~report_book();

  void note(const runtime::telemetry_event& x);
  void offer(runtime::row_picker& to) const;

private:
  struct report {
    std::uint64_t number = 0;
    std::int64_t time = 0;
    std::string event{};
    std::string who{};
    std::string details{};
  };

  explicit report_book(runtime::node& node) : node_(node) {}

  runtime::node& node_;
  mutable std::mutex mutex_;
  std::deque<report> reports_;
  std::uint64_t last_ = 0;
};

/// "23:59:59", of seconds since 1970, where the program runs.
std::string time_of_day(std::int64_t seconds);

} // namespace bennu::observer::detail
