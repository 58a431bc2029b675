// What observers see of tables.
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/probe_sheets.hpp"
#include "runtime/table_sheet.hpp"

#include <charconv>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::runtime {

std::vector<sheet_column> table_columns() {
  return {
    {"name", cell_kind::text},       {"id", cell_kind::integer},
    {"type", cell_kind::text},       {"objects", cell_kind::integer},
    {"memory", cell_kind::bytes},    {"owner", cell_kind::process_id},
    {"owner name", cell_kind::text}, {"protection", cell_kind::text},
    {"row type", cell_kind::text},
  };
}

std::vector<sheet_column> table_row_columns() {
  return {{"key", cell_kind::text}, {"row", cell_kind::text}};
}

sheet_row table_cells(const table_info& x, std::string owner_name) {
  return {text_cell(x.name),
          number_cell(x.id),
          to_string(x.kind),
          number_cell(x.size),
          number_cell(x.memory),
          x.owner,
          text_cell(std::move(owner_name)),
          to_string(x.access),
          text_cell(x.row_type)};
}

namespace detail {

namespace {

/// Where pages have ended, so that the next can go on there: the last
/// `places_max` of them, for viewers who do not come back. Thread-safe.
class page_ends {
public:
  static constexpr std::size_t places_max = 256;

  std::string keep(std::any where) {
    const std::lock_guard guard{mutex_};
    places_.emplace_back(++last_, std::move(where));
    if (places_.size() > places_max)
      places_.pop_front();
    return std::to_string(last_);
  }

  std::any find(const std::string& token) const {
    if (token.empty())
      return {};
    const std::lock_guard guard{mutex_};
    for (const auto& [number, where] : places_)
      if (std::to_string(number) == token)
        return where;
    throw std::runtime_error("this page is forgotten; begin with the first");
  }

private:
  mutable std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::deque<std::pair<std::uint64_t, std::any>> places_;
};

table_ptr find_table(const table_registry& tables, const std::string& about) {
  if (auto named = tables.find(about))
    return named;
  std::uint64_t id = 0;
  const auto* const end = about.data() + about.size();
  const auto [at, error] = std::from_chars(about.data(), end, id);
  return error == std::errc{} && at == end ? tables.find(id) : nullptr;
}

/// A table's rows, some hundred at a time; a filter looks at so many rows and
/// gives what it has found by then.
class row_scan final : public sheet_scan {
public:
  static constexpr std::size_t filtered_max = 20'000;

  row_scan(table_ptr table, std::any at, std::shared_ptr<page_ends> ends)
    : table_(std::move(table)), at_(std::move(at)), ends_(std::move(ends)) {}

  progress step(row_picker& to, std::size_t max) override {
    const auto wanted = std::min(max, to.room());
    auto page = table_->rows(wanted, at_);
    for (auto& x : page.lines)
      to.offer({text_cell(std::move(x.key)), text_cell(std::move(x.row))});
    looked_ += page.lines.size();
    at_ = std::move(page.more);
    if (!at_.has_value())
      return progress::done;
    if (to.room() > 0 && looked_ < filtered_max)
      return progress::more;
    if (to.room() > 0)
      to.note(fmt::format("only {} rows were looked at; go on with the next "
                          "page",
                          looked_));
    to.more(ends_->keep(std::move(at_)));
    return progress::done;
  }

private:
  table_ptr table_;
  std::any at_;
  std::shared_ptr<page_ends> ends_;
  std::size_t looked_ = 0;
};

} // namespace

void publish_table_sheets(probe& to, node_impl& node) {
  to.publish({.name = "tables",
              .source = "runtime",
              .columns = table_columns(),
              .scope = sheet_scope::node,
              .sort = "memory",
              .scan = [&node](shard*, const sheet_query&) {
                return scan_once([&node](row_picker& picker) {
                  for (const auto& x : node.tables.all()) {
                    const auto info = x->info();
                    picker.offer(
                      table_cells(info, node.names.name_of(info.owner)));
                  }
                });
              }});
  const auto ends = std::make_shared<page_ends>();
  to.publish({.name = "rows",
              .source = "runtime",
              .columns = table_row_columns(),
              .scope = sheet_scope::node,
              .about = "a table's name or id",
              .scan = [&node, ends](shard*, const sheet_query& q)
                -> std::unique_ptr<sheet_scan> {
                auto table = find_table(node.tables, q.about);
                if (!table)
                  return nullptr;
                return std::make_unique<row_scan>(std::move(table),
                                                  ends->find(q.after), ends);
              }});
}

} // namespace detail
} // namespace bennu::runtime
