#pragma once

#include "runtime/probe.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace bennu::runtime::detail {

/// A question under way: what the shards have picked so far, and who has not
/// answered. Kept alive by the slices that are still to run. Thread-safe.
class sheet_gathering final
  : public sheet_reading,
    public std::enable_shared_from_this<sheet_gathering> {
public:
  sheet_gathering(sheet_query what, const sheet& like);

  /// Looks through a source: on a shard, soon, or with null here and now.
  void look(const sheet& source, shard* where);

  bool done() const override;
  sheet_page page() const override;
  void cancel() override { cancelled_ = true; }

private:
  /// One source on one shard.
  struct part {
    sheet source;
    shard* where = nullptr;
    row_picker picked;
    std::unique_ptr<sheet_scan> scan{};
  };
  using part_ptr = std::shared_ptr<part>;

  row_picker picker() const;
  sheet_scan::progress step(part& x);
  void go_on(const part_ptr& x);
  void finish(part& x);
  void fail(const std::string& why);

  const sheet_query what_;
  const std::vector<sheet_column> columns_;
  const std::size_t sort_;
  const bool descending_;
  std::atomic<bool> cancelled_{false};

  mutable std::mutex mutex_; // of what follows
  row_picker picked_;
  std::vector<std::size_t> missing_;
  std::string error_;
};

} // namespace bennu::runtime::detail
