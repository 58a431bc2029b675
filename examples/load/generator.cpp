#include "examples/load/generator.hpp"

#include "examples/load/waiting.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <thread>

#include <sys/resource.h>

namespace load {

namespace {

using namespace std::chrono_literals;

std::size_t core_count() {
  return std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

plan checked(plan x) {
  if (x.targets.empty() || x.sessions.empty() || x.users == 0)
    throw std::invalid_argument("a load needs a target, a session and users");
  if (x.users > users_max)
    throw std::invalid_argument("at most " + std::to_string(users_max)
                                + " users");
  return x;
}

} // namespace

std::size_t threads_for(std::uint64_t users, std::size_t asked,
                        std::size_t files_max, std::size_t cores) {
  const auto each =
    files_max > 2 * files_reserved ? files_max - files_reserved : files_max / 2;
  const auto needed = static_cast<std::size_t>(
    std::max<std::uint64_t>(1, (users + each - 1) / each));
  const auto count =
    asked != 0 ? asked
               : std::max(needed, std::min<std::size_t>({cores, 2, users}));
  if (count < needed)
    throw std::invalid_argument(
      std::to_string(users) + " connections need " + std::to_string(needed)
      + " threads, with a file table of " + std::to_string(files_max)
      + " each; raise --threads or `ulimit -n`");
  if (count > threads_max)
    throw std::invalid_argument("at most " + std::to_string(threads_max)
                                + " threads; raise `ulimit -n` instead");
  return count;
}

std::size_t raise_file_limit() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  return files.rlim_max;
}

generator::generator(plan what, generator_options how)
  : plan_(checked(std::move(what))), how_(std::move(how)), cores_(core_count()),
    thread_count_(
      threads_for(plan_.users, how_.threads, raise_file_limit(), cores_)),
    world_(plan_, how_, std::min(cores_, thread_count_)) {
  std::vector<std::uint64_t> of_lane(world_.lanes_max);
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < thread_count_; ++i) {
    const auto next = plan_.users * (i + 1) / thread_count_;
    auto& before = of_lane[i % world_.lanes_max];
    threads_.push_back(std::make_unique<generator_thread>(
      world_, i, first, static_cast<std::uint32_t>(next - first), before));
    before += next - first;
    first = next;
  }
  world_.wake = [this](std::size_t i) {
    if (i < threads_.size())
      threads_[i]->tell([](generator_thread&) {});
  };
  // All have their epoll sets and eventfds by now, see sockets.
  for (auto& x : threads_)
    x->start();
  tell_and_wait([](generator_thread&) {});
}

generator::~generator() {
  wind_down();

  for (auto& x : threads_)
    x->tell([](generator_thread& t) { t.stop(); });
}

void generator::begin() {
  world_.begin_ns = now_ns();
  for (std::size_t i = 0; i < std::min(world_.lanes_max, threads_.size()); ++i)
    threads_[i]->tell([](generator_thread&) {});
}

figures generator::look() const {
  figures out;
  for (const auto& x : threads_)
    out += x->counted();
  return out;
}

std::uint64_t generator::count(counter what) const {
  std::uint64_t sum = 0;
  for (const auto& x : threads_)
    sum += x->counted().get(what);
  return sum;
}

std::string generator::failure() const {
  for (const auto& x : threads_)
    if (auto why = x->failure(); !why.empty())
      return why;
  return {};
}

void generator::tell_all(const std::function<void(generator_thread&)>& f,
                         std::size_t count) {
  for (std::size_t i = 0; i < std::min(count, threads_.size()); ++i)
    threads_[i]->tell(f);
}

void generator::tell_and_wait(const std::function<void(generator_thread&)>& f) {
  std::vector<std::uint64_t> before;
  for (auto& x : threads_) {
    before.push_back(x->done());
    x->tell(f);
  }
  wait_until(1ms, [&] {
    for (std::size_t i = 0; i < threads_.size(); ++i)
      if (threads_[i]->done() == before[i] && threads_[i]->failure().empty())
        return false;
    return true;
  });
}

std::int64_t generator::say(std::size_t target) {
  const auto before = world_.said_ns.load();
  for (auto& x : threads_) {
    std::atomic<int> said{0};
    x->tell([&](generator_thread& t) { said = t.say(target) ? 1 : -1; });
    wait_until(1ms, [&] { return said != 0 || !x->failure().empty(); });
    if (said == 1)
      return world_.said_ns;
  }
  return world_.said_ns != before ? world_.said_ns.load() : 0;
}

std::int64_t generator::last_delivery_ns() const {
  std::int64_t last = 0;
  for (const auto& x : threads_)
    last = std::max(last, x->last_delivery_ns());
  return last;
}

void generator::echo(std::size_t clients, std::size_t outstanding,
                     std::int64_t until_ns) {
  const auto spread = std::min(threads_.size(), cores_);
  const auto each = (clients + spread - 1) / spread;
  tell_all([=](generator_thread& x) { x.echo(each, outstanding, until_ns); },
           spread);
}

void generator::storm() {
  tell_all([](generator_thread& x) { x.storm(); }, threads_.size());
}

void generator::open_gate() {
  world_.gate_open = true;
  tell_all([](generator_thread& x) { x.open_gate(); }, threads_.size());
}

void generator::check_deliveries() {
  tell_and_wait([](generator_thread& x) { x.check_deliveries(); });
}

std::int64_t generator::busiest_cpu_ns() const {
  std::int64_t most = 0;
  for (const auto& x : threads_)
    most = std::max(most, x->cpu_ns());
  return most;
}

} // namespace load
