#include "examples/load/run.hpp"

#include "examples/load/waiting.hpp"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <thread>

#include <unistd.h>

namespace load {

namespace {

using namespace std::chrono_literals;

constexpr std::int64_t second_ns = 1'000'000'000;

/// Samples kept; past it every second one is left out, so that a day has the
/// same number as an hour.
constexpr std::size_t samples_max = 4'000;

volatile std::sig_atomic_t interrupted = 0;

double seconds(duration x) {
  return std::chrono::duration<double>{x}.count();
}

double rounded(double x) {
  return std::round(x * 1000) / 1000;
}

double us_per(duration x, std::uint64_t units) {
  return units == 0 ? 0
                    : rounded(seconds(x) * 1e6 / static_cast<double>(units));
}

double ms(std::uint64_t ns) {
  return rounded(static_cast<double>(ns) / 1e6);
}

double cores() {
  return std::max(1u, std::thread::hardware_concurrency());
}

} // namespace

void catch_interrupts() {
  const auto note = [](int) { interrupted = 1; };
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
}

json to_json(const sample& x) {
  return {{"at_s", rounded(x.at_s)},
          {"users", x.users},
          {"connected", x.connected},
          {"joined", x.joined},
          {"errors", x.errors},
          {"joins_per_second", rounded(x.joins_per_second)},
          {"deliveries_per_second", rounded(x.deliveries_per_second)},
          {"replies_per_second", rounded(x.replies_per_second)},
          {"join_p50_ms", x.join_p50_ms},
          {"join_p99_ms", x.join_p99_ms},
          {"reply_p50_ms", x.reply_p50_ms},
          {"reply_p99_ms", x.reply_p99_ms},
          {"delivery_p50_ms", x.delivery_p50_ms},
          {"delivery_p99_ms", x.delivery_p99_ms},
          {"server_cpu", rounded(x.server_cpu)},
          {"own_cpu", rounded(x.own_cpu)}};
}

json phase::to_json(bool has_server) const {
  json out{{"name", name},
           {"unit", unit},
           {"units", units},
           {"took_ms", rounded(seconds(took) * 1e3)},
           {"per_second", took.count() == 0 ? 0
                                            : rounded(static_cast<double>(units)
                                                      / seconds(took))},
           {"own_cpu_us_per_unit", us_per(own_cpu, units)},
           {"latency", during.latency()}};
  if (expected != 0)
    out["expected"] = expected;
  if (has_server)
    out["server_cpu_us_per_unit"] = us_per(server_cpu, units);
  out.update(more);
  return out;
}

run::run(plan what, generator_options how, run_options options)
  : options_(std::move(options)), memory_before_(memory_of_machine()),
    generator_(std::move(what), std::move(how)) {
  server_ = options_.server_pid != 0
              ? options_.server_pid
              : listener_of(planned().targets.front().port);
  if (server_ != 0)
    server_before_ = use_of(server_);
  begin_ns_ = sampled_ns_ = now_ns();
  server_cpu_before_ = cpu_of(server_);
  own_cpu_before_ = cpu_of(::getpid());
  machine_cpu_before_ = cpu_of_machine();
}

bool run::wait(const std::function<bool()>& is_so, duration at_most,
               std::chrono::milliseconds every) {
  const auto until = now_ns() + at_most.count();
  bool so = false;
  wait_until(every, [&] {
    so = is_so();
    if (so)
      return true;
    tick();
    return is_cut_short() || now_ns() > until;
  });
  return so;
}

void run::tick() {
  const auto now = now_ns();
  if (interrupted != 0)
    cut_ = cut_short::interrupted;
  if (now - sampled_ns_ < second_ns)
    return;
  if (memory_of_machine().free_bytes < options_.memory_free_min)
    cut_ = cut_short::memory;
  if (!generator_.failure().empty())
    cut_ = cut_short::thread_failed;
  take_sample(now);
}

void run::take_sample(std::int64_t now) {
  auto all = generator_.look();
  const auto during = all.since(sampled_);
  const auto took = static_cast<double>(now - sampled_ns_) / second_ns;
  const auto rate = [&](counter x) {
    return static_cast<double>(during[x]) / took;
  };
  const auto own = cpu_of(::getpid());
  const auto server = server_ != 0 ? cpu_of(server_) : duration{0};
  sample x;
  x.at_s = static_cast<double>(now - begin_ns_) / second_ns;
  x.users = all.users();
  x.connected = all.connected();
  x.joined = all.joined_now();
  x.errors = all.errors();
  x.joins_per_second = rate(counter::joined);
  x.deliveries_per_second = rate(counter::deliveries);
  x.replies_per_second = rate(counter::replies);
  x.join_p50_ms = ms(during[timing::join].at(0.5));
  x.join_p99_ms = ms(during[timing::join].at(0.99));
  x.reply_p50_ms = ms(during[timing::reply].at(0.5));
  x.reply_p99_ms = ms(during[timing::reply].at(0.99));
  x.delivery_p50_ms = ms(during[timing::delivery].at(0.5));
  x.delivery_p99_ms = ms(during[timing::delivery].at(0.99));
  x.server_cpu = seconds(server - server_cpu_before_) / took;
  x.own_cpu = seconds(own - own_cpu_before_) / took;
  const auto busiest = generator_.busiest_cpu_ns();
  busiest_thread_ =
    std::max(busiest_thread_,
             static_cast<double>(busiest - busiest_before_ns_) / 1e9 / took);
  busiest_machine_ =
    std::max(busiest_machine_, (x.server_cpu + x.own_cpu) / cores());
  const auto machine = cpu_of_machine();
  const auto everyone = seconds(machine - machine_cpu_before_) / took;
  busiest_others_ =
    std::max(busiest_others_, (everyone - x.server_cpu - x.own_cpu) / cores());
  machine_cpu_before_ = machine;
  busiest_before_ns_ = busiest;
  server_cpu_before_ = server;
  own_cpu_before_ = own;
  sampled_ns_ = now;
  sampled_ = std::move(all);
  if (samples_.size() >= samples_max) {
    std::size_t i = 0;
    std::erase_if(samples_, [&](const sample&) { return i++ % 2 == 1; });
  }
  samples_.push_back(x);
  show(x);
  if (listener_)
    listener_(x);
}

void run::show(const sample& x) {
  if (options_.quiet)
    return;
  const bool is_terminal = ::isatty(STDERR_FILENO) != 0;
  // A log is not to grow by a line a second.
  if (!is_terminal && samples_.size() % 5 != 1)
    return;
  std::fprintf(
    stderr,
    "%s%6.0f s  users %llu  connected %llu  joined %llu  joins/s "
    "%.0f  deliveries/s %.0f  replies/s %.0f  errors %llu%s",
    is_terminal ? "\r" : "", x.at_s, static_cast<unsigned long long>(x.users),
    static_cast<unsigned long long>(x.connected),
    static_cast<unsigned long long>(x.joined), x.joins_per_second,
    x.deliveries_per_second, x.replies_per_second,
    static_cast<unsigned long long>(x.errors), is_terminal ? "\x1b[K" : "\n");
}

phase& run::measure(std::string name, std::string unit,
                    const std::function<void(phase&)>& work) {
  auto& x = phases_.emplace_back();
  x.name = std::move(name);
  x.unit = std::move(unit);
  const auto before = generator_.look();
  const auto server = cpu_of(server_);
  const auto own = cpu_of(::getpid());
  const auto begin = now_ns();
  work(x);
  if (x.took.count() == 0)
    x.took = duration{now_ns() - begin};
  x.server_cpu = server_ != 0 ? cpu_of(server_) - server : duration{0};
  x.own_cpu = cpu_of(::getpid()) - own;
  x.during = generator_.look().since(before);
  const auto joined = generator_.look().joined_now();
  if (joined >= peak_) {
    peak_ = joined;
    const auto use = server_ != 0 ? use_of(server_) : std::nullopt;
    const auto mine = use_of(::getpid());
    at_peak_ = {{"server", use ? use->user_bytes : 0},
                {"own", mine ? mine->user_bytes : 0},
                {"slab", memory_of_machine().slab_bytes},
                {"connected", generator_.look().connected()}};
  }
  return x;
}

bool run::is_good() const {
  return cut_ == cut_short::no && generator_.look().errors() == 0;
}

} // namespace load
