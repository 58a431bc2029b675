// What observers see of a node as a whole.
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/probe_sheets.hpp"

#include <cstdio>
#include <fstream>
#include <sstream>
#include <utility>

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

// jemalloc's, when the program is linked with it.
extern "C" __attribute__((weak)) int mallctl(const char* name, void* old,
                                             std::size_t* old_size, void* fresh,
                                             std::size_t fresh_size);

namespace bennu::runtime::detail {

bool refresh_allocator() {
  if (!mallctl)
    return false;
  std::uint64_t epoch = 1;
  auto size = sizeof epoch;
  return mallctl("epoch", &epoch, &size, &epoch, sizeof epoch) == 0;
}

std::size_t allocator_figure(const char* name) {
  std::size_t value = 0;
  auto size = sizeof value;
  return mallctl && mallctl(name, &value, &size, nullptr, 0) == 0 ? value : 0;
}

system_memory read_system_memory() {
  system_memory x;
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  std::size_t total = 0;
  std::size_t resident = 0;
  if (std::ifstream{"/proc/self/statm"} >> total >> resident)
    x.resident = resident * page;
  std::ifstream sockets{"/proc/net/sockstat"};
  for (std::string line; std::getline(sockets, line);) {
    if (!line.starts_with("TCP:"))
      continue;
    std::istringstream words{line};
    for (std::string word; words >> word;)
      if (word == "mem" && words >> x.tcp)
        x.tcp *= page;
  }
  return x;
}

std::size_t thread_cpu_ms() {
  timespec t{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<std::size_t>(t.tv_sec) * 1000
         + static_cast<std::size_t>(t.tv_nsec) / 1'000'000;
}

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

std::size_t file_limit() {
  rlimit x{};
  return ::getrlimit(RLIMIT_NOFILE, &x) == 0 ? x.rlim_cur : 0;
}

void offer_node(row_picker& to, const node_impl& node, time_point since) {
  const auto memory = read_system_memory();
  const auto up = duration_cast<milliseconds>(node.time.now() - since);
  to.offer({"name", text_cell(node.options.name)});
  to.offer({"bennu", BENNU_VERSION});
  to.offer({"compiler", __VERSION__});
  to.offer({"process id", number_cell(static_cast<std::size_t>(::getpid()))});
  to.offer({"uptime ms", number_cell(static_cast<std::size_t>(up.count()))});
  to.offer({"shards", number_cell(node.shards.size())});
  to.offer({"processes max",
            number_cell(node.shards.size() * pid::processes_per_shard_max)});
  to.offer({"tables", number_cell(node.tables.all().size())});
  to.offer({"tables max", number_cell(node.options.tables_max)});
  to.offer({"detached", number_cell(node.detached->processes().size())});
  to.offer({"detached max", number_cell(node.options.detached_max)});
  to.offer({"memory resident", number_cell(memory.resident)});
  to.offer({"memory kernel tcp", number_cell(memory.tcp)});
  to.offer({"files max", number_cell(file_limit())});
}

void offer_shard(row_picker& to, shard_impl& here, const node_impl& node) {
  const auto due = here.next_due();
  const auto wait = due == time_point::max()
                      ? -1
                      : duration_cast<milliseconds>(due - here.now()).count();
  to.offer({number_cell(here.index()), number_cell(here.table().size()),
            number_cell(here.ready_count()), number_cell(here.timer_count()),
            std::int64_t{wait}, number_cell(thread_cpu_ms()),
            number_cell(static_cast<std::size_t>(
              node.time.now().time_since_epoch() / milliseconds{1}))});
}

/// The names, some at a time, so that who registers one waits for no viewer.
class name_scan final : public sheet_scan {
public:
  explicit name_scan(const name_table& names) : names_(names) {}

  progress step(row_picker& to, std::size_t max) override {
    std::vector<name_table::named_pid> some;
    const bool more = names_.page(place_, max, some);
    for (auto& [name, id] : some)
      to.offer(sheet_row{text_cell(std::move(name)), id});
    return more ? progress::more : progress::done;
  }

private:
  const name_table& names_;
  std::size_t place_ = 0;
};

void offer_limits(row_picker& to, const node_impl& node) {
  const auto& x = node.options;
  const auto line = [&to](const char* name, std::size_t limit,
                          const char* what) {
    to.offer({name, number_cell(limit), what});
  };
  line("processes", node.shards.size() * pid::processes_per_shard_max,
       "of a node; a shard has 4,194,304");
  line("tables", x.tables_max, "a table is for a service, not for a client");
  line("names", name_table::names_max, "of a node");
  line("timers", timer_wheel::timers_max, "of a shard");
  line("detached processes", x.detached_max, "each has a thread");
  line("blocking threads", x.blocking_threads, "of the pool for tasks");
  line("blocking queue", x.blocking_queue_max, "tasks that wait for a thread");
  line("handler ms", static_cast<std::size_t>(x.long_handler.count()),
       "a handler that runs longer is reported");
  line("open files", file_limit(),
       x.private_files ? "of each shard (private file tables)"
                       : "of the node; raise with ulimit -n, or give each "
                         "shard its own with private files");
}

void offer_allocator(row_picker& to) {
  const auto line = [&to](const char* name, std::size_t bytes) {
    to.offer({name, number_cell(bytes)});
  };
  line("resident (system)", read_system_memory().resident);
  if (!refresh_allocator())
    return;
  line("allocated", allocator_figure("stats.allocated"));
  line("active", allocator_figure("stats.active"));
  line("metadata", allocator_figure("stats.metadata"));
  line("resident", allocator_figure("stats.resident"));
  line("mapped", allocator_figure("stats.mapped"));
  line("retained", allocator_figure("stats.retained"));
}

/// A sheet of the node's own, all of whose rows `f(picker)` offers.
template <class F>
sheet of_node(const char* name, std::vector<sheet_column> columns, F f) {
  return {.name = name,
          .source = "runtime",
          .columns = std::move(columns),
          .scope = sheet_scope::node,
          .scan = [f](shard*, const sheet_query&) { return scan_once(f); }};
}

} // namespace

void publish_figures(probe& to, node_impl& node) {
  to.publish(figure{.name = "processes", .source = "runtime", .read = [&node] {
                      std::size_t sum = 0;
                      for (const auto& x : node.shards)
                        sum += x->table().size();
                      return static_cast<std::int64_t>(sum);
                    }});
  to.publish(figure{.name = "memory",
                    .source = "runtime",
                    .unit = cell_kind::bytes,
                    .read = [] {
                      return static_cast<std::int64_t>(
                        read_system_memory().resident);
                    }});
  // Of the whole program: what its threads have run on processors.
  to.publish(figure{.name = "cpu",
                    .source = "runtime",
                    .what = figure::kind::count,
                    .unit = cell_kind::time_ms,
                    .read = [] {
                      timespec t{};
                      ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
                      return std::int64_t{t.tv_sec} * 1000
                             + t.tv_nsec / 1'000'000;
                    }});
}

void publish_node_sheets(probe& to, node_impl& node) {
  const std::vector<sheet_column> facts{{"key", cell_kind::text},
                                        {"value", cell_kind::any}};
  to.publish(
    of_node("node", facts, [&node, since = node.time.now()](row_picker& x) {
      offer_node(x, node, since);
    }));
  to.publish(sheet{
    .name = "names",
    .source = "runtime",
    .columns = {{"name", cell_kind::text}, {"pid", cell_kind::process_id}},
    .scope = sheet_scope::node,
    .sort = "name",
    .scan = [&node](shard*, const sheet_query&) {
      return std::make_unique<name_scan>(node.names);
    }});
  to.publish(of_node("limits",
                     {{"limit", cell_kind::text},
                      {"most", cell_kind::integer},
                      {"advice", cell_kind::text}},
                     [&node](row_picker& x) { offer_limits(x, node); }));
  to.publish(of_node("allocator",
                     {{"key", cell_kind::text}, {"bytes", cell_kind::bytes}},
                     [](row_picker& x) { offer_allocator(x); }));
  to.publish({.name = "shards",
              .source = "runtime",
              .columns = {{"shard", cell_kind::integer},
                          {"processes", cell_kind::integer},
                          {"run queue", cell_kind::integer},
                          {"timers", cell_kind::integer},
                          {"next timer", cell_kind::time_ms},
                          {"cpu", cell_kind::time_ms},
                          {"clock", cell_kind::time_ms}},
              .scan = [&node](shard* here, const sheet_query&) {
                return scan_once([&node, here](row_picker& x) {
                  offer_shard(x, static_cast<shard_impl&>(*here), node);
                });
              }});
}

} // namespace bennu::runtime::detail
