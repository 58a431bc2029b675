#pragma once

#include "runtime/figure.hpp"
#include "runtime/message.hpp"
#include "runtime/process.hpp"
#include "runtime/sheet.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bennu::runtime {

namespace detail {
struct node_impl;
}

/// What a question brought. Value.
struct sheet_page {
  std::vector<sheet_column> columns{};
  std::vector<sheet_row> rows{};

  /// Rows looked at.
  std::size_t seen = 0;

  /// What to ask the next page with, of sheets that page so; empty at the end.
  std::string more{};

  /// What to know of the answer: that a filter has not looked at all, e.g.
  std::string note{};

  /// Shards that have not answered yet: held up by a handler, mostly. The rows
  /// are those of the others.
  std::vector<std::size_t> missing{};

  /// Why there is no answer, or not all of it.
  std::string error{};
};

/// A question under way. The shards work at it while the asker does what it
/// likes; it takes what is there when it has waited long enough. Thread-safe.
class sheet_reading {
public:
  virtual ~sheet_reading() = default;

  virtual bool done() const = 0;

  /// What is there by now: all of it once done.
  virtual sheet_page page() const = 0;

  /// Nobody waits any more: shards stop at their next slice.
  virtual void cancel() = 0;
};

/// An answer of one process, under way. Thread-safe.
class probe_answer {
public:
  bool done() const;

  /// No message, or why not: once done.
  message value() const;
  std::string error() const;

  void set(message x);
  void fail(std::string why);

private:
  mutable std::mutex mutex_;
  bool done_ = false;
  message value_;
  std::string error_;
};

/// What observers see of a node: the sheets its layers publish, and ways to ask
/// processes that never wait for them. Mirrors what observer_backend does for
/// Erlang's observer; differs: rows are sorted and cut where they are, shard by
/// shard, in slices between which the shard does its work; nothing of a node is
/// sent to a viewer that has not asked for it. One a node. Thread-safe.
///
///     const auto reading = probe::of(node).read(
///       {.sheet = "processes", .sort = "mailbox"});
///     // ... until reading->done()
///     for (const auto& row : reading->page().rows) ...
class probe {
public:
  explicit probe(detail::node_impl& node) : node_(node) {}

  /// The probe of a node, which lives as long as it does.
  static probe& of(runtime::node& node) noexcept;

  probe(const probe&) = delete;
  probe& operator=(const probe&) = delete;

  /// Sheets at once, each with sources; one more of either is refused. A sheet
  /// is for a kind of thing, a source for a service.
  static constexpr std::size_t sheets_max = 256;
  static constexpr std::size_t sources_max = 256;

  /// Rows a shard looks at before it does something else: a few hundred
  /// microseconds at most.
  static constexpr std::size_t slice = 1024;

  /// False past a limit, or with other columns than the sheet has.
  bool publish(sheet x);

  /// Figures at once, with their sources; one more is refused. Each is read
  /// once a second.
  static constexpr std::size_t figures_max = 256;
  bool publish(figure x);

  /// All as they are now, by name.
  std::vector<figure_value> figures() const;

  /// A sheet as an observer hears of it.
  struct description {
    std::string name{};
    std::vector<sheet_column> columns{};
    std::string sort{};
    std::string about{};
  };
  std::vector<description> sheets() const;

  /// Begins to look. Throws std::invalid_argument, with a text for people, for
  /// a sheet or a column that there is not, and for a limit exceeded.
  std::shared_ptr<sheet_reading> read(const sheet_query& what) const;

  /// Runs an inspector on a process, between two of its handlers. Its throw is
  /// the answer's error, as is a dead process.
  std::shared_ptr<probe_answer> inspect(const pid& of,
                                        process::inspector f) const;

  /// Asks a process as another process would.
  std::shared_ptr<probe_answer> request(const pid& to, duration timeout,
                                        message what) const;

private:
  std::vector<sheet> sources_of(std::string_view name) const;

  detail::node_impl& node_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<sheet>, std::less<>> sheets_;
  std::vector<figure> figures_;
};

/// A place in a shard's process table. Value.
struct process_cursor {
  std::uint32_t next = 0;
  bool done = false;
};

/// Calls `f` for the next processes of the shard that runs this, at most `max`
/// of them: for sheets of a kind of process. Looks at 4 `max` places at most,
/// so that a table of empty places is looked through in slices, too.
void visit_processes(shard& here, process_cursor& at, std::size_t max,
                     const std::function<void(process&)>& f);

/// A scan that calls `f(process&, row_picker&)` for each process of a shard.
std::unique_ptr<sheet_scan>
scan_processes(shard& here, std::function<void(process&, row_picker&)> f);

/// "<1.2.3>" as a pid; nothing for another text.
std::optional<pid> parse_pid(std::string_view text);

} // namespace bennu::runtime
