#include "runtime/detail/sheet_gathering.hpp"

#include "runtime/shard.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::runtime::detail {

namespace {

/// How long a shard does other things before it asks again a scan that waits.
constexpr std::chrono::milliseconds ask_again{2};

std::size_t column_of(const sheet& x, const std::string& name) {
  if (name.empty())
    return row_picker::no_column;
  for (std::size_t i = 0; i < x.columns.size(); ++i)
    if (x.columns[i].name == name)
      return i;
  std::string all;
  for (const auto& one : x.columns)
    all += (all.empty() ? "" : ", ") + one.name;
  throw std::invalid_argument(
    fmt::format("sheet \"{}\" has no column \"{}\", but {}", x.name,
                name.substr(0, sheet_query::text_max), all));
}

/// Of numbers the greatest are looked for, of texts the first.
bool is_descending(const sheet& x, std::size_t column, bool reverse) {
  if (column == row_picker::no_column)
    return false;
  const auto kind = x.columns[column].kind;
  const bool is_number =
    kind != cell_kind::text && kind != cell_kind::process_id;
  return is_number != reverse;
}

} // namespace

sheet_gathering::sheet_gathering(sheet_query what, const sheet& like)
  : what_(std::move(what)), columns_(like.columns),
    sort_(column_of(like, what_.sort.empty() ? like.sort : what_.sort)),
    descending_(is_descending(like, sort_, what_.reverse)), picked_(picker()) {}

row_picker sheet_gathering::picker() const {
  return {sort_, descending_, what_.limit + what_.offset, what_.filter};
}

void sheet_gathering::look(const sheet& source, shard* where) {
  const auto x = std::make_shared<part>(part{source, where, picker()});
  if (!where) {
    while (step(*x) == sheet_scan::progress::more) {
    }
    return finish(*x);
  }
  {
    const std::lock_guard guard{mutex_};
    missing_.push_back(where->index());
  }
  where->post([self = shared_from_this(), x] { self->go_on(x); });
}

sheet_scan::progress sheet_gathering::step(part& x) {
  try {
    if (!x.scan)
      x.scan = x.source.scan(x.where, what_);
    return x.scan && !cancelled_ && !x.picked.full()
             ? x.scan->step(x.picked, probe::slice)
             : sheet_scan::progress::done;
  } catch (const std::exception& e) {
    fail(e.what());
    return sheet_scan::progress::done;
  }
}

void sheet_gathering::go_on(const part_ptr& x) {
  const auto again = [self = shared_from_this(), x] { self->go_on(x); };
  switch (step(*x)) {
  case sheet_scan::progress::more:
    return x->where->post(again);
  case sheet_scan::progress::later:
    x->where->call_after(ask_again, again);
    return;
  case sheet_scan::progress::done:
    return finish(*x);
  }
}

void sheet_gathering::finish(part& x) {
  x.scan.reset();
  const std::lock_guard guard{mutex_};
  picked_.merge(x.picked);
  if (!x.where)
    return;
  const auto at = std::find(missing_.begin(), missing_.end(), x.where->index());
  if (at != missing_.end())
    missing_.erase(at);
}

void sheet_gathering::fail(const std::string& why) {
  const std::lock_guard guard{mutex_};
  error_ = why;
}

bool sheet_gathering::done() const {
  const std::lock_guard guard{mutex_};
  return missing_.empty();
}

sheet_page sheet_gathering::page() const {
  const std::lock_guard guard{mutex_};
  sheet_page x{.columns = columns_,
               .rows = picked_.sorted(),
               .seen = picked_.seen(),
               .more = picked_.more(),
               .note = picked_.note(),
               .missing = missing_,
               .error = error_};
  const auto skipped = std::min(what_.offset, x.rows.size());
  x.rows.erase(x.rows.begin(),
               x.rows.begin() + static_cast<std::ptrdiff_t>(skipped));
  std::sort(x.missing.begin(), x.missing.end());
  x.missing.erase(std::unique(x.missing.begin(), x.missing.end()),
                  x.missing.end());
  return x;
}

} // namespace bennu::runtime::detail
