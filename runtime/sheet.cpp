#include "runtime/sheet.hpp"

#include <algorithm>
#include <cctype>
#include <limits>

namespace bennu::runtime {

const char* to_string(cell_kind x) {
  switch (x) {
  case cell_kind::text:
    return "text";
  case cell_kind::integer:
    return "integer";
  case cell_kind::bytes:
    return "bytes";
  case cell_kind::percent:
    return "percent";
  case cell_kind::time_ms:
    return "duration";
  case cell_kind::process_id:
    return "pid";
  case cell_kind::any:
    return "any";
  }
  return "";
}

std::string to_string(const cell& x) {
  if (const auto* words = std::get_if<std::string>(&x))
    return *words;
  if (const auto* count = std::get_if<std::int64_t>(&x))
    return std::to_string(*count);
  const auto& id = std::get<pid>(x);
  return id ? to_string(id) : "";
}

cell number_cell(std::uint64_t x) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::min(x, most));
}

cell text_cell(std::string x) {
  if (x.size() > cell_text_max) {
    x.resize(cell_text_max - 3);
    x += "...";
  }
  return x;
}

namespace {

char lower(char x) {
  return static_cast<char>(std::tolower(static_cast<unsigned char>(x)));
}

std::string lower(std::string x) {
  for (auto& c : x)
    c = lower(c);
  return x;
}

} // namespace

row_picker::row_picker(std::size_t sort, bool descending, std::size_t max,
                       std::string filter)
  : sort_(sort), descending_(descending), max_(max),
    filter_(lower(std::move(filter))) {}

bool row_picker::wants(const cell& key) const {
  if (rows_.size() < max_)
    return true;
  if (sort_ == no_column || max_ == 0)
    return false;
  const auto& worst = rows_.front()[sort_];
  return descending_ ? worst < key : key < worst;
}

void row_picker::offer(sheet_row x) {
  ++seen_;
  if (sort_ == no_column ? rows_.size() < max_ : wants(x[sort_]))
    add(std::move(x));
}

bool row_picker::passes(const sheet_row& x) const {
  if (filter_.empty())
    return true;
  return std::any_of(x.begin(), x.end(), [this](const cell& one) {
    return lower(to_string(one)).find(filter_) != std::string::npos;
  });
}

/// Rows that are equal by the sorting cell come in the order of the rest.
bool row_picker::better(const sheet_row& a, const sheet_row& b) const {
  if (a[sort_] != b[sort_])
    return descending_ ? b[sort_] < a[sort_] : a[sort_] < b[sort_];
  return a < b;
}

void row_picker::add(sheet_row x) {
  if (!passes(x))
    return;
  rows_.push_back(std::move(x));
  if (sort_ == no_column)
    return;
  // The worst row lies at the front of the heap.
  const auto order = [this](const auto& a, const auto& b) {
    return better(a, b);
  };
  std::push_heap(rows_.begin(), rows_.end(), order);
  if (rows_.size() > max_) {
    std::pop_heap(rows_.begin(), rows_.end(), order);
    rows_.pop_back();
  }
}

void row_picker::merge(row_picker& other) {
  seen_ += other.seen_;
  for (auto& x : other.rows_)
    if (sort_ == no_column ? rows_.size() < max_ : wants(x[sort_]))
      add(std::move(x));
  other.rows_.clear();
  if (!other.more_.empty())
    more_ = std::move(other.more_);
  if (!other.note_.empty())
    note_ = std::move(other.note_);
}

std::vector<sheet_row> row_picker::sorted() const {
  auto result = rows_;
  if (sort_ != no_column)
    std::sort(result.begin(), result.end(),
              [this](const auto& a, const auto& b) { return better(a, b); });
  return result;
}

} // namespace bennu::runtime
