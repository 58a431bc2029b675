#pragma once

#include "runtime/fwd.hpp"
#include "runtime/pid.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bennu::runtime {

/// How an observer shows a cell. `integer`, `bytes`, `percent` and `time_ms`
/// (a duration) are numbers; `any` says of each cell by its own type.
enum class cell_kind : std::uint8_t {
  text,
  integer,
  bytes,
  percent,
  time_ms,
  process_id,
  any,
};

/// "bytes"
const char* to_string(cell_kind x);

/// What a sheet shows in one place.
using cell = std::variant<std::string, std::int64_t, pid>;

/// As a filter and a person read it.
std::string to_string(const cell& x);

/// What an observer may show at most of a text: a page of the longest stays
/// well below a viewer's queue.
inline constexpr std::size_t cell_text_max = 1024;

/// A count, as far as a cell can hold it.
cell number_cell(std::uint64_t x);

/// A text, cut to cell_text_max.
cell text_cell(std::string x);

using sheet_row = std::vector<cell>;

struct sheet_column {
  std::string name;
  cell_kind kind = cell_kind::text;
};

/// What an observer wants to see of a sheet. Value.
struct sheet_query {
  std::string sheet{};

  /// What it is about, for a sheet that says so: a pid, a table's name.
  std::string about{};

  /// A column; empty: the sheet's own order. Numbers sort the greatest first,
  /// texts the smallest first, and `reverse` turns that round.
  std::string sort{};
  bool reverse = false;

  /// Rows with a cell that contains this text, capitals or not.
  std::string filter{};

  /// Rows of the page, and those before it in the same order. Together at most
  /// rows_max.
  std::size_t limit = 20;
  std::size_t offset = 0;

  /// Where a page before has ended: its `more`. Of sheets that page so.
  std::string after{};

  /// What a shard keeps for one question. Enough to look through; more is a
  /// dump.
  static constexpr std::size_t rows_max = 1'000;

  /// Bytes of a filter, of a name and of a column's.
  static constexpr std::size_t text_max = 256;

  friend auto operator<=>(const sheet_query&, const sheet_query&) = default;
};

/// Keeps the best rows of those it is offered, at most `max`, in a heap: the
/// others are not even made. Confined to its thread.
class row_picker {
public:
  static constexpr std::size_t no_column = ~std::size_t{0};

  /// `sort`: the column by which rows are better; no_column: the first ones
  /// are.
  row_picker(std::size_t sort, bool descending, std::size_t max,
             std::string filter);

  std::size_t sort_column() const noexcept { return sort_; }

  /// Offers the row that `make()` returns and whose sorting cell is `key`.
  template <class F>
  void offer(const cell& key, F make) {
    ++seen_;
    if (wants(key))
      add(make());
  }

  /// Offers a row that is made already.
  void offer(sheet_row x);

  /// Takes over what another has picked.
  void merge(row_picker& other);

  /// The sheet goes on behind what was offered: for a next page.
  void more(std::string token) { more_ = std::move(token); }
  const std::string& more() const noexcept { return more_; }

  /// What the viewer should know of the answer.
  void note(std::string text) { note_ = std::move(text); }
  const std::string& note() const noexcept { return note_; }

  /// Nothing more would be kept: a sheet in its own order may stop.
  bool full() const noexcept {
    return sort_ == no_column && rows_.size() == max_;
  }
  std::size_t room() const noexcept { return max_ - rows_.size(); }
  std::size_t seen() const noexcept { return seen_; }

  /// The picked rows, the best first.
  std::vector<sheet_row> sorted() const;

private:
  bool wants(const cell& key) const;
  void add(sheet_row x);
  bool passes(const sheet_row& x) const;
  bool better(const sheet_row& a, const sheet_row& b) const;

  std::size_t sort_;
  bool descending_;
  std::size_t max_;
  std::string filter_;
  std::vector<sheet_row> rows_;
  std::size_t seen_ = 0;
  std::string more_;
  std::string note_;
};

/// A look through one part of a sheet, in slices. Confined to its thread.
class sheet_scan {
public:
  enum class progress { more, later, done };

  virtual ~sheet_scan() = default;

  /// Offers about `max` rows and says whether there are more: now, or later,
  /// when it waits for somebody.
  virtual progress step(row_picker& to, std::size_t max) = 0;
};

/// Where the rows of a sheet are to be found.
enum class sheet_scope : std::uint8_t {
  /// In thread-safe places: looked through by whoever asks, a few rows.
  node,

  /// On every shard, by its thread.
  shards,

  /// On the first shard: for what asks processes and waits for them.
  first_shard,

  /// On the home shard of the process that the question is about.
  process,
};

/// Rows under a name, for observers who do not know what they are. A layer
/// publishes it once it has something to show; nothing of it runs until
/// somebody looks. Two of one name are one sheet with the rows of both: their
/// columns are the same. Value.
struct sheet {
  std::string name{};

  /// Whose rows these are; publishing again with the same source replaces.
  std::string source{};

  std::vector<sheet_column> columns{};
  sheet_scope scope = sheet_scope::shards;

  /// Sorted by this column unless asked otherwise; empty: as the rows come.
  std::string sort{};

  /// What `about` has to be, for people: "a pid"; empty: nothing.
  std::string about{};

  /// Begins to look: on the shard's thread, or with null on the asker's. What
  /// it throws is the answer's error; null: nothing to see here. A scan may
  /// end on any thread.
  std::function<std::unique_ptr<sheet_scan>(shard*, const sheet_query&)> scan{};
};

/// A scan of a function that offers all its rows at once: for sheets of few.
template <class F>
std::unique_ptr<sheet_scan> scan_once(F f) {
  class once final : public sheet_scan {
  public:
    explicit once(F x) : f_(std::move(x)) {}
    progress step(row_picker& to, std::size_t) override {
      f_(to);
      return progress::done;
    }

  private:
    F f_;
  };
  return std::make_unique<once>(std::move(f));
}

} // namespace bennu::runtime
