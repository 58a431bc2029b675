#include "observer/detail/report_book.hpp"

#include "runtime/node.hpp"
#include "runtime/probe.hpp"
#include "runtime/report.hpp"

#include <ctime>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace bennu::observer::detail {

namespace {

namespace events = runtime::events;

/// Those that are rare: what each socket's end tells would cost each socket.
constexpr std::string_view noted[] = {
  events::child_restarted,
  events::intensity_reached,
  events::process_crashed,
  events::long_handler,
};

std::string handler_id(std::string_view event) {
  return fmt::format("bennu.observer {}", event);
}

runtime::sheet as_sheet(const std::shared_ptr<report_book>& book) {
  using runtime::cell_kind;
  return {
    .name = "reports",
    .source = "observer",
    .columns = {{"no", cell_kind::integer},
                {"time", cell_kind::text},
                {"event", cell_kind::text},
                {"who", cell_kind::text},
                {"details", cell_kind::text}},
    .scope = runtime::sheet_scope::node,
    .sort = "no",
    .scan = [weak = std::weak_ptr{book}](runtime::shard*,
                                         const runtime::sheet_query&)
      -> std::unique_ptr<runtime::sheet_scan> {
      auto alive = weak.lock();
      if (!alive)
        return nullptr;
      return runtime::scan_once(
        [alive = std::move(alive)](runtime::row_picker& to) {
          alive->offer(to);
        });
    },
  };
}

} // namespace

std::string time_of_day(std::int64_t seconds) {
  const std::time_t when = seconds;
  std::tm parts{};
  ::localtime_r(&when, &parts);
  char text[16] = "";
  std::strftime(text, sizeof text, "%H:%M:%S", &parts);
  return text;
}

std::shared_ptr<report_book> report_book::open(runtime::node& node) {
  std::shared_ptr<report_book> book{new report_book(node)};
  // A handler may still run when it has been detached.
  for (const auto event : noted)
    node.telemetry().attach(
      handler_id(event), std::string{event},
      [weak = std::weak_ptr{book}](const runtime::telemetry_event& x) {
        if (const auto alive = weak.lock())
          alive->note(x);
      });
  runtime::probe::of(node).publish(as_sheet(book));
  return book;
}

report_book::~report_book() {
  for (const auto event : noted)
    node_.telemetry().detach(handler_id(event));
}

void report_book::note(const runtime::telemetry_event& x) {
  report made{.time = std::time(nullptr), .event = std::string{x.name}};
  for (const auto& [key, value] : x.metadata) {
    const bool is_who = key == "supervisor" || key == "id" || key == "pid";
    auto& to = is_who ? made.who : made.details;
    to += fmt::format("{}{}: {}", to.empty() ? "" : ", ", key, value);
  }
  for (const auto& [key, value] : x.measurements)
    made.details +=
      fmt::format("{}{}: {}", made.details.empty() ? "" : ", ", key, value);
  const std::lock_guard guard{mutex_};
  made.number = ++last_;
  if (reports_.size() == reports_max)
    reports_.pop_front();
  reports_.push_back(std::move(made));
}

void report_book::offer(runtime::row_picker& to) const {
  using runtime::text_cell;
  const std::lock_guard guard{mutex_};
  for (const auto& x : reports_)
    to.offer({runtime::number_cell(x.number), time_of_day(x.time),
              text_cell(x.event), text_cell(x.who), text_cell(x.details)});
}

} // namespace bennu::observer::detail
