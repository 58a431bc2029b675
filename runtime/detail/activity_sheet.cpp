// What observers see of what processes do just now.
#include "runtime/detail/activity_book.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/probe_sheets.hpp"
#include "runtime/detail/process_access.hpp"
#include "runtime/detail/process_core.hpp"

#include <algorithm>
#include <utility>

namespace bennu::runtime::detail {

// -- activity_snapshot --------------------------------------------------------

void activity_snapshot::note(const process_core& x) {
  const auto place = x.id().index();
  auto& part = chunks_[place >> chunk_bits];
  if (!part)
    part = std::make_unique<chunk>();
  (*part)[place & (chunk_size - 1)] = {
    x.id().serial, static_cast<std::uint32_t>(x.reductions()),
    static_cast<std::uint32_t>(x.queue_length())};
}

activity_snapshot::growth
activity_snapshot::since(const process_core& x) const {
  const auto place = x.id().index();
  const auto& part = chunks_[place >> chunk_bits];
  counts before;
  if (part && (*part)[place & (chunk_size - 1)].serial == x.id().serial)
    before = (*part)[place & (chunk_size - 1)];
  // Reductions are counted in 32 bits and begin anew.
  const auto reductions =
    static_cast<std::uint32_t>(x.reductions()) - before.reductions;
  return {reductions, static_cast<std::int64_t>(x.queue_length())
                        - static_cast<std::int64_t>(before.mailbox)};
}

// -- activity_book ------------------------------------------------------------

activity_snapshot_ptr activity_book::base(time_point now) const {
  if (newer_ && now - newer_->taken() >= window_min)
    return newer_;
  return older_;
}

bool activity_book::is_due(time_point now) const {
  return !newer_ || now - newer_->taken() >= window_min;
}

void activity_book::keep(activity_snapshot_ptr x) {
  older_ = std::exchange(newer_, std::move(x));
}

bool activity_book::drop_old(time_point now) {
  if (newer_ && now - newer_->taken() < kept_for)
    return true;
  older_.reset();
  newer_.reset();
  return false;
}

std::int64_t per_second(std::int64_t growth, duration elapsed) {
  const auto ms = std::max<std::int64_t>(
    1, std::chrono::duration_cast<std::chrono::milliseconds>(elapsed).count());
  const auto up = growth > 0 ? ms - 1 : growth < 0 ? 1 - ms : 0;
  return (growth * 1000 + up) / ms;
}

namespace {

/// A book, and whether a timer is to empty it.
struct kept_book {
  activity_book book;
  bool watched = false;
};
using book_ptr = std::shared_ptr<kept_book>;

/// Takes the memory back once nobody looks any more.
void watch(shard& here, const book_ptr& x) {
  if (std::exchange(x->watched, true))
    return;
  here.call_after(activity_book::kept_for, [&here, weak = std::weak_ptr{x}] {
    const auto alive = weak.lock();
    if (!alive)
      return;
    alive->watched = false;
    if (alive->book.drop_old(here.now()))
      watch(here, alive);
  });
}

const std::vector<sheet_column> activity_columns{
  {"pid", cell_kind::process_id},       {"name", cell_kind::text},
  {"reductions/s", cell_kind::integer}, {"mailbox/s", cell_kind::integer},
  {"reductions", cell_kind::integer},   {"mailbox", cell_kind::integer},
  {"memory", cell_kind::bytes},         {"status", cell_kind::text},
};

/// Looks at all processes: once, when there is something to compare with; else
/// twice, window_min apart.
class activity_scan final : public sheet_scan {
public:
  activity_scan(shard& here, book_ptr book)
    : here_(here), book_(std::move(book)) {
    begin_pass();
  }

  progress step(row_picker& to, std::size_t max) override {
    if (!base_ && !taking_) {
      if (book_->book.is_due(here_.now()))
        begin_pass();
      return base_ ? progress::more : progress::later;
    }
    visit_processes(here_, at_, max, [&](process& x) { look(x, to); });
    if (!at_.done)
      return progress::more;
    if (taking_)
      book_->book.keep(std::move(taking_));
    return base_ ? progress::done : progress::later;
  }

private:
  enum column : std::size_t {
    at_pid,
    at_name,
    at_reductions_rate,
    at_mailbox_rate,
    at_reductions,
    at_mailbox,
    at_memory,
    at_status,
  };

  void begin_pass() {
    const auto now = here_.now();
    at_ = {};
    base_ = book_->book.base(now);
    elapsed_ = base_ ? now - base_->taken() : duration{};
    if (book_->book.is_due(now))
      taking_ = std::make_shared<activity_snapshot>(now);
    watch(here_, book_);
  }

  void look(process& x, row_picker& to) {
    const auto& core = process_access::core(x);
    if (taking_)
      taking_->note(core);
    if (!base_)
      return;
    const auto growth = base_->since(core);
    to.offer(cell_of(core, growth, to.sort_column()), [&] {
      sheet_row row;
      for (std::size_t i = 0; i < activity_columns.size(); ++i)
        row.push_back(cell_of(core, growth, i));
      return row;
    });
  }

  cell cell_of(const process_core& core,
               const activity_snapshot::growth& growth, std::size_t at) const {
    switch (at) {
    case at_name:
      return text_cell(calling_name(core));
    case at_reductions_rate:
      return per_second(growth.reductions, elapsed_);
    case at_mailbox_rate:
      return per_second(growth.mailbox, elapsed_);
    case at_reductions:
      return number_cell(core.reductions());
    case at_mailbox:
      return number_cell(core.queue_length());
    case at_memory:
      return number_cell(core.memory());
    case at_status:
      return status_name(core);
    default:
      return core.id();
    }
  }

  shard& here_;
  book_ptr book_;
  process_cursor at_;
  activity_snapshot_ptr base_;
  std::shared_ptr<activity_snapshot> taking_;
  duration elapsed_{};
};

} // namespace

void publish_activity_sheet(probe& to, node_impl& node) {
  std::vector<book_ptr> books;
  for (std::size_t i = 0; i < node.shards.size(); ++i)
    books.push_back(std::make_shared<kept_book>());
  to.publish({.name = "activity",
              .source = "runtime",
              .columns = activity_columns,
              .sort = "reductions/s",
              .scan = [books](shard* here, const sheet_query&) {
                return std::make_unique<activity_scan>(*here,
                                                       books[here->index()]);
              }});
}

} // namespace bennu::runtime::detail
