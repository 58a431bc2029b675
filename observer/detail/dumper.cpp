#include "observer/detail/dumper.hpp"

#include "observer/detail/history.hpp"
#include "observer/page_json.hpp"
#include "runtime/log.hpp"
#include "runtime/shard.hpp"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <stdexcept>

#include <unistd.h>

namespace bennu::observer::detail {

namespace {

using channels::json;
using namespace std::chrono_literals;

/// How soon a signal is noticed. A handler cannot wake a process.
constexpr std::chrono::milliseconds look_interval{100};
constexpr std::chrono::milliseconds look_interval_busy{5};

/// Of a program that is to abort: the rest of dump_signal's wait is for
/// writing.
constexpr std::chrono::milliseconds fatal_timeout{1'500};

std::string temporary_folder() {
  const char* folder = std::getenv("TMPDIR");
  return folder && *folder ? folder : "/tmp";
}

} // namespace

void dumper::init() {
  signal_.emplace();
  send_after(look_interval, look_again{});
}

void dumper::handle_message(runtime::message& msg) {
  if (const auto* x = msg.value_if<write_dump>()) {
    if (!dump_)
      begin(x->why, false);
    dump_->askers.push_back(take_reply_to());
    return;
  }
  if (!msg.holds<look_again>())
    return;
  look();
  send_after(dump_ ? look_interval_busy : look_interval, look_again{});
}

void dumper::look() {
  const auto reason = dump_signal::fatal();
  if (!reason.empty() && (!dump_ || !dump_->fatal))
    begin(reason, true);
  else if (!dump_ && signal_->asked())
    begin("SIGUSR1", false);
  if (!dump_)
    return;
  ask_more();
  if (is_done() || home().now() > dump_->until)
    finish();
}

void dumper::begin(std::string why, bool fatal) {
  const auto limit = fatal ? fatal_timeout : desk_->options.dump_timeout;
  // Whoever waits for one that is broken off gets this one.
  auto askers =
    dump_ ? std::move(dump_->askers) : std::vector<runtime::reply_to>{};
  dump_ = {.why = std::move(why),
           .fatal = fatal,
           .until = home().now() + limit,
           .askers = std::move(askers)};
  for (auto& x : runtime::probe::of(desk_->observed).sheets())
    if (x.about.empty())
      dump_->sheets.push_back(std::move(x));
}

/// One more each time, so that the shards have time for others; all at once
/// when there is no time.
void dumper::ask_more() {
  auto& x = *dump_;
  do {
    if (x.pages.size() == x.sheets.size())
      return;
    const auto& name = x.sheets[x.pages.size()].name;
    x.pages.emplace_back(
      name, runtime::probe::of(desk_->observed)
              .read({.sheet = name, .limit = desk_->options.dump_rows_max}));
  } while (x.fatal);
}

bool dumper::is_done() const {
  return dump_->pages.size() == dump_->sheets.size()
         && std::all_of(dump_->pages.begin(), dump_->pages.end(),
                        [](auto& x) { return x.second->done(); });
}

void dumper::finish() {
  const auto x = std::move(*dump_);
  dump_.reset();
  auto sheets = json::array();
  for (const auto& one : x.sheets)
    sheets.push_back(to_json(one));
  dump_content content{
    .about = {{"node", to_utf8(desk_->observed.name())},
              {"why", to_utf8(x.why)},
              {"time", std::time(nullptr)},
              {"rows_max", desk_->options.dump_rows_max}},
    .sheets = std::move(sheets),
    .history = history_json(*desk_, desk_->options.history_points_max)};
  for (const auto& [name, reading] : x.pages) {
    reading->cancel();
    content.pages.emplace_back(name, to_json(name, reading->page()));
  }
  const auto written = write(std::move(content), x.why);
  for (const auto& to : x.askers)
    reply(to, written);
  if (x.fatal)
    dump_signal::fatal_done();
}

dump_written dumper::write(dump_content content, const std::string& why) {
  try {
    const auto path = std::filesystem::absolute(
                        write_file(dump_text(std::move(content),
                                             desk_->options.dump_bytes_max)))
                        .lexically_normal();
    runtime::log(runtime::log_level::warning,
                 "observer: {}: dumped to {}; bennu-observer open {} shows it",
                 why, path.native(), path.native());
    return {.path = path};
  } catch (const std::runtime_error& e) {
    runtime::log(runtime::log_level::error, "observer: no dump: {}", e.what());
    return {.error = e.what()};
  }
}

/// Where it was told to, or else where it can.
std::string dumper::write_file(const std::string& text) {
  const auto& folder = desk_->options.dump_dir;
  const auto name = dump_name(desk_->observed.name(), ++written_);
  const auto write_in = [&](const std::string& where) {
    auto path = where + "/" + name;
    write_private_file(path, text);
    return path;
  };
  std::string path;
  if (!folder.empty())
    path = write_in(folder);
  else
    try {
      path = write_in(".");
    } catch (const std::runtime_error&) {
      path = write_in(temporary_folder());
    }
  files_.push_back(path);
  forget_oldest();
  return path;
}

void dumper::forget_oldest() {
  while (files_.size() > desk_->options.dumps_max) {
    ::unlink(files_.front().c_str());
    files_.pop_front();
  }
}

} // namespace bennu::observer::detail
