#include "runtime/probe.hpp"

#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/detail/sheet_gathering.hpp"
#include "runtime/shard.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include <fmt/core.h>

namespace bennu::runtime {

// -- probe_answer -------------------------------------------------------------

bool probe_answer::done() const {
  const std::lock_guard guard{mutex_};
  return done_;
}

message probe_answer::value() const {
  const std::lock_guard guard{mutex_};
  return value_;
}

std::string probe_answer::error() const {
  const std::lock_guard guard{mutex_};
  return error_;
}

void probe_answer::set(message x) {
  const std::lock_guard guard{mutex_};
  value_ = std::move(x);
  done_ = true;
}

void probe_answer::fail(std::string why) {
  const std::lock_guard guard{mutex_};
  error_ = std::move(why);
  done_ = true;
}

// -- sheets -------------------------------------------------------------------

namespace {

bool same(const std::vector<sheet_column>& a,
          const std::vector<sheet_column>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) {
                      return x.name == y.name && x.kind == y.kind;
                    });
}

void check(const sheet_query& what) {
  const auto bounded = [](const std::string& x, const char* name) {
    if (x.size() > sheet_query::text_max)
      throw std::invalid_argument(
        fmt::format("{} is longer than {} bytes", name, sheet_query::text_max));
  };
  bounded(what.sheet, "the name of the sheet");
  bounded(what.about, "what it is about");
  bounded(what.filter, "the filter");
  bounded(what.after, "the place to go on from");
  if (what.limit > sheet_query::rows_max
      || what.offset > sheet_query::rows_max - what.limit)
    throw std::invalid_argument(
      fmt::format("limit and offset are more than {} rows together",
                  sheet_query::rows_max));
}

} // namespace

probe& probe::of(runtime::node& node) noexcept {
  return static_cast<detail::shard_impl&>(node.shard_at(0)).owner().probe;
}

bool probe::publish(sheet x) {
  const std::lock_guard guard{mutex_};
  auto at = sheets_.find(x.name);
  if (at == sheets_.end()) {
    if (sheets_.size() == sheets_max)
      return false;
    at = sheets_.emplace(x.name, std::vector<sheet>{}).first;
  }
  auto& sources = at->second;
  const auto old = std::find_if(sources.begin(), sources.end(),
                                [&](auto& y) { return y.source == x.source; });
  const bool fits = sources.empty() || same(sources.front().columns, x.columns);
  if (!fits || (old == sources.end() && sources.size() == sources_max))
    return false;
  if (old == sources.end())
    sources.push_back(std::move(x));
  else
    *old = std::move(x);
  return true;
}

bool probe::publish(figure x) {
  const std::lock_guard guard{mutex_};
  const auto old = std::find_if(figures_.begin(), figures_.end(), [&](auto& y) {
    return y.name == x.name && y.source == x.source;
  });
  if (old != figures_.end())
    *old = std::move(x);
  else if (figures_.size() == figures_max)
    return false;
  else
    figures_.push_back(std::move(x));
  return true;
}

std::vector<figure_value> probe::figures() const {
  // Read outside the lock: a reader may be slow, e.g. with a file of /proc.
  std::vector<figure> all;
  {
    const std::lock_guard guard{mutex_};
    all = figures_;
  }
  std::map<std::string, figure_value, std::less<>> sums;
  for (const auto& x : all) {
    auto& sum = sums[x.name];
    sum = {x.name, x.what, x.unit, sum.value + x.read()};
  }
  std::vector<figure_value> values;
  values.reserve(sums.size());
  for (auto& [name, value] : sums)
    values.push_back(std::move(value));
  return values;
}

std::vector<probe::description> probe::sheets() const {
  const std::lock_guard guard{mutex_};
  std::vector<description> all;
  for (const auto& [name, sources] : sheets_)
    all.push_back({name, sources.front().columns, sources.front().sort,
                   sources.front().about});
  return all;
}

std::vector<sheet> probe::sources_of(std::string_view name) const {
  const std::lock_guard guard{mutex_};
  const auto at = sheets_.find(name);
  return at == sheets_.end() ? std::vector<sheet>{} : at->second;
}

std::shared_ptr<sheet_reading> probe::read(const sheet_query& what) const {
  check(what);
  const auto sources = sources_of(what.sheet);
  if (sources.empty())
    throw std::invalid_argument(
      fmt::format("there is no sheet \"{}\"", what.sheet));
  const auto all =
    std::make_shared<detail::sheet_gathering>(what, sources.front());
  for (const auto& x : sources)
    switch (x.scope) {
    case sheet_scope::node:
      all->look(x, nullptr);
      break;
    case sheet_scope::first_shard:
      all->look(x, node_.shards.front().get());
      break;
    case sheet_scope::shards:
      for (const auto& shard : node_.shards)
        all->look(x, shard.get());
      break;
    case sheet_scope::process: {
      const auto id = parse_pid(what.about);
      if (!id)
        throw std::invalid_argument("\"" + what.about + "\" is not a pid");
      if (!node_.is_here(*id))
        throw std::invalid_argument("no process " + what.about + " is here");
      all->look(x, &node_.home_of(*id));
      break;
    }
    }
  return all;
}

// -- processes ----------------------------------------------------------------

std::shared_ptr<probe_answer> probe::inspect(const pid& of,
                                             process::inspector f) const {
  auto answer = std::make_shared<probe_answer>();
  if (!of || !node_.is_here(of)) {
    answer->fail("no process " + to_string(of) + " is alive");
    return answer;
  }
  auto& home = node_.home_of(of);
  home.post([answer, of, f = std::move(f), &home] {
    auto* found = home.find(of);
    if (!found)
      return answer->fail("no process " + to_string(of) + " is alive");
    try {
      answer->set(f(*found));
    } catch (const std::exception& e) {
      answer->fail(e.what());
    }
  });
  return answer;
}

std::shared_ptr<probe_answer> probe::request(const pid& to, duration timeout,
                                             message what) const {
  auto answer = std::make_shared<probe_answer>();
  if (!to || !node_.is_here(to)) {
    answer->fail("no process " + to_string(to) + " is alive");
    return answer;
  }
  const auto ask = [=](process& self) -> behavior {
    self.request_message(to, timeout, what)
      .then_message([&self, answer](message* got, const exit_reason* why) {
        if (got)
          answer->set(*got);
        else
          answer->fail(to_string(*why));
        self.stop();
      });
    return {[](message&) {}};
  };
  node_.home_of(to).post([&node = node_, ask] { node.self.spawn(ask); });
  return answer;
}

void visit_processes(shard& here, process_cursor& at, std::size_t max,
                     const std::function<void(process&)>& f) {
  auto& table = static_cast<detail::shard_impl&>(here).table();
  constexpr std::size_t places_a_process = 4;
  std::size_t found = 0;
  at.next = table.visit(at.next, max * places_a_process,
                        [&](detail::process_core& core) {
                          if (auto* object = core.object())
                            f(*object);
                          return ++found < max;
                        });
  at.done = at.next == pid::processes_per_shard_max;
}

std::unique_ptr<sheet_scan>
scan_processes(shard& here, std::function<void(process&, row_picker&)> f) {
  class scan final : public sheet_scan {
  public:
    scan(shard& here, std::function<void(process&, row_picker&)> f)
      : here_(here), f_(std::move(f)) {}

    progress step(row_picker& to, std::size_t max) override {
      visit_processes(here_, at_, max, [&](process& x) { f_(x, to); });
      return at_.done ? progress::done : progress::more;
    }

  private:
    shard& here_;
    std::function<void(process&, row_picker&)> f_;
    process_cursor at_;
  };
  return std::make_unique<scan>(here, std::move(f));
}

std::optional<pid> parse_pid(std::string_view text) {
  if (text.size() < 2 || text.front() != '<' || text.back() != '>')
    return std::nullopt;
  pid id;
  const char* at = text.data() + 1;
  const char* const end = text.data() + text.size() - 1;
  for (auto* part : {&id.node, &id.slot, &id.serial}) {
    const auto [next, error] = std::from_chars(at, end, *part);
    const bool last = part == &id.serial;
    if (error != std::errc{} || (last ? next != end : next == end)
        || (!last && *next != '.'))
      return std::nullopt;
    at = last ? next : next + 1;
  }
  return id;
}

} // namespace bennu::runtime
