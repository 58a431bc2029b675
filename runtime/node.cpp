#include "runtime/node.hpp"

#include "runtime/assert.hpp"
#include "runtime/detail/border.hpp"
#include "runtime/detail/describe.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/root_process.hpp"
#include "runtime/log.hpp"
#include "runtime/supervisor.hpp"

#include <algorithm>
#include <csignal>
#include <future>
#include <stdexcept>
#include <utility>

namespace bennu::runtime {

node::node(node_options options)
  : node(std::move(options), real_clock(), false) {}

node::node(node_options options, const clock& time, bool simulated)
  : impl_(std::make_unique<impl>(*this, std::move(options), time, simulated)) {
  if (!simulated)
    impl_->start_threads();
}

namespace {

/// Where leak checkers find it.
void keep_for_ever(void* what) {
  static auto& kept = *new std::vector<void*>;
  kept.push_back(what);
}

} // namespace

node::~node() {
  stop();
  if (impl_->stop_threads())
    return;
  // Whoever blocks may come back to it.
  impl_->border->close();
  keep_for_ever(impl_.release());
}

const std::string& node::name() const noexcept {
  return impl_->options.name;
}

std::size_t node::shard_count() const noexcept {
  return impl_->shards.size();
}

runtime::shard& node::shard_at(std::size_t index) noexcept {
  return *impl_->shards[index];
}

runtime::telemetry& node::telemetry() noexcept {
  return impl_->events;
}

runtime::environment& node::environment() noexcept {
  return impl_->shared;
}

// -- running a tree -----------------------------------------------------------

void node::begin(const child_spec& tree) {
  if (impl_->root)
    throw std::logic_error("this node runs a tree already; stop it first");
  impl_->tree.started = false;
  impl_->tree.ended.reset();
  impl_->root = spawn({.shard = 0}, std::in_place_type<detail::root_process>,
                      &impl_->tree, tree);
}

std::optional<exit_reason> node::start(const child_spec& tree) {
  begin(tree);
  auto& progress = impl_->tree;
  impl_->await_tree([&] { return progress.started || progress.ended; },
                    std::nullopt);
  if (!progress.ended)
    return std::nullopt;
  impl_->root = {};
  return progress.ended;
}

exit_reason node::stop() {
  if (!impl_->root)
    return exit_reason::normal();
  auto& progress = impl_->tree;
  const auto ended = [&] { return progress.ended.has_value(); };
  send(impl_->root, detail::stop_tree{});
  if (!impl_->await_tree(ended, impl_->options.stop_timeout)) {
    log(log_level::error, "node {}: the tree did not stop within {} ms; killed",
        name(), impl_->options.stop_timeout.count());
    send(impl_->root, detail::kill_tree{});
    impl_->await_tree(ended, std::nullopt);
  }
  impl_->root = {};
  return *progress.ended;
}

namespace {

/// SIGTERM and SIGINT go to whoever waits for them, from here on.
class stop_signals {
public:
  stop_signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;
  ~stop_signals() {
    // One sent twice does not kill what has stopped in order.
    while (wait(std::chrono::milliseconds{0})) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

  /// True once one has come within `limit`.
  bool wait(std::chrono::milliseconds limit) const {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(limit);
    const timespec how_long{seconds.count(),
                            std::chrono::nanoseconds(limit - seconds).count()};
    return sigtimedwait(&set_, nullptr, &how_long) > 0;
  }

private:
  sigset_t set_;
  sigset_t before_;
};

} // namespace

int node::run(const child_spec& tree, const std::function<void()>& started) {
  // Signals are looked at while the tree starts, too: a child that hangs there
  // must not hold the program.
  const stop_signals signals;
  begin(tree);
  constexpr std::chrono::milliseconds look_again{50};
  auto& progress = impl_->tree;
  bool told = false;
  bool ended = false;
  do {
    {
      const std::lock_guard guard{progress.mutex};
      ended = progress.ended.has_value();
      if (!progress.started || ended)
        continue;
    }
    if (!std::exchange(told, true) && started)
      started();
  } while (!ended && !signals.wait(look_again));
  if (!ended)
    log(log_level::info, "node {}: stopping", name());
  const auto why = stop();
  if (ended)
    log(log_level::error, "node {}: {}{}", name(),
        told ? "the tree ended: " : "", to_string(why));
  else
    log(log_level::info, "node {}: stopped", name());
  return ended || !why.is_orderly() ? 1 : 0;
}

// -- from outside -------------------------------------------------------------

pid node::spawn_maker(detail::process_maker& maker, const spawn_options& how) {
  auto* here = impl_->here();
  if (here)
    return here->spawn({maker, how, nullptr, process::relation::none}).id;
  auto where = how.detached ? 0 : how.shard;
  if (where == spawn_options::any_shard)
    where = impl_->next_shard++ % impl_->shards.size();
  if (where >= impl_->shards.size())
    throw std::out_of_range("this node has no such shard");
  pid id;
  std::exception_ptr failure;
  run_on(where, [&] {
    try {
      id = impl_->shards[where]
             ->spawn({maker, how, nullptr, process::relation::none})
             .id;
    } catch (...) {
      failure = std::current_exception();
    }
  });
  if (failure)
    std::rethrow_exception(failure);
  return id;
}

pid node::start_process_maker(detail::process_maker& maker,
                              const spawn_options& how, duration timeout) {
  if (impl_->here())
    throw std::logic_error("node::start_process would block its own shard; use "
                           "process::start_link");
  auto started = std::make_shared<std::promise<pid>>();
  auto answer = started->get_future();
  // A process of its own starts it, lets go of it, and ends.
  spawn([&maker, how, timeout, started](process& self) -> behavior {
    self.start_maker(maker, how, timeout)
      .then(
        [&self, started](const pid& id) {
          self.unlink(id);
          started->set_value(id);
          self.stop();
        },
        [&self, started](const exit_reason& why) {
          started->set_exception(std::make_exception_ptr(
            std::runtime_error("the start failed: " + to_string(why))));
          self.stop();
        });
    return {[](message&) {}};
  });
  if (impl_->simulated)
    impl_->await_tree(
      [&] {
        return answer.wait_for(std::chrono::seconds{0})
               == std::future_status::ready;
      },
      std::nullopt);
  return answer.get();
}

void node::send_message(const pid& to, message msg) {
  if (!to || !impl_->is_here(to))
    return;
  auto x = std::make_unique<detail::envelope>();
  x->content = std::move(msg);
  if (auto* here = impl_->here())
    return here->route(to, std::move(x));
  impl_->home_of(to).push({to, std::move(x), nullptr});
}

void node::ask(const pid& to, message msg, duration timeout,
               pending_request::any_answer then) {
  spawn([=](process& self) -> behavior {
    self.request_message(to, timeout, msg)
      .then_message([&self, then](message* answer, const exit_reason* why) {
        then(answer, why);
        self.stop();
      });
    return {[](message&) {}};
  });
}

message node::call_message(const pid& to, message msg, duration timeout) {
  if (const auto* here = impl_->here(); here && !here->is_lone())
    throw std::logic_error("node::call would block its own shard; use "
                           "process::request");
  // Shared: should the node stop first, the asker ends without calling.
  auto outcome = std::make_shared<std::promise<message>>();
  auto answer = outcome->get_future();
  ask(to, std::move(msg), timeout,
      [outcome, to](message* got, const exit_reason* why) {
        if (got)
          outcome->set_value(*got);
        else
          outcome->set_exception(std::make_exception_ptr(std::runtime_error(
            "no answer from " + to_string(to) + ": " + to_string(*why))));
      });
  return answer.get();
}

void node::exit(const pid& to, exit_reason why) {
  if (!to || !impl_->is_here(to))
    return;
  auto x = std::make_unique<detail::signal>();
  x->what = detail::signal::kind::exit;
  x->why = std::move(why);
  if (auto* here = impl_->here())
    return here->route(to, std::move(x));
  impl_->home_of(to).push({to, nullptr, std::move(x)});
}

// -- names --------------------------------------------------------------------

bool node::register_name(std::string_view name, const pid& id) {
  if (!id || !impl_->is_here(id))
    return false;
  bool done = false;
  run_on(id.shard(), [&] {
    auto* core = impl_->home_of(id).find_core(id);
    if (!core || !impl_->names.insert(name, id))
      return;
    core->named();
    done = true;
  });
  return done;
}

bool node::unregister_name(std::string_view name) {
  return impl_->names.erase(name);
}

pid node::whereis(std::string_view name) const {
  return impl_->names.find(name);
}

std::vector<std::string> node::registered() const {
  return impl_->names.all();
}

// -- looking in ---------------------------------------------------------------

namespace {

/// How long a look at a detached process waits for its handler.
constexpr std::chrono::milliseconds look_max{100};

/// Asks the home shard of `id`; empty when a handler of a detached process
/// blocks it.
template <class T>
std::optional<T> look(detail::node_impl& inside, const pid& id,
                      std::function<T(detail::process_core*)> f) {
  auto& home = inside.home_of(id);
  const auto ask = [f, id, &home] { return f(home.find_core(id)); };
  if (!home.is_lone() || inside.simulated || inside.here() == &home) {
    T result;
    inside.run_on(id.shard(), [&] { result = ask(); });
    return result;
  }
  auto answer = std::make_shared<std::promise<T>>();
  auto result = answer->get_future();
  home.post([answer, ask] { answer->set_value(ask()); });
  if (result.wait_for(look_max) != std::future_status::ready)
    return std::nullopt;
  try {
    return result.get();
  } catch (const std::future_error&) {
    return T{}; // its shard has stopped, and dropped the question
  }
}

} // namespace

std::optional<process_info> node::info(const pid& id) {
  if (!id || !impl_->is_here(id))
    return std::nullopt;
  using found = std::optional<process_info>;
  auto seen = look<found>(*impl_, id, [](detail::process_core* core) {
    return core ? found{detail::describe(*core)} : std::nullopt;
  });
  if (!seen) {
    const auto detached = impl_->detached->processes();
    const bool alive =
      std::find(detached.begin(), detached.end(), id) != detached.end();
    process_info blocked;
    blocked.id = id;
    blocked.status = process_status::running;
    seen.emplace(alive ? found{blocked} : std::nullopt);
  }
  if (*seen)
    (*seen)->registered_name = impl_->names.name_of(id);
  return *seen;
}

std::vector<pid> node::ancestors(const pid& id) {
  std::vector<pid> line;
  auto at = info(id);
  while (at && at->parent && line.size() < ancestors_max) {
    line.push_back(at->parent);
    at = info(at->parent);
  }
  return line;
}

std::vector<running_handler> node::running() const {
  std::vector<running_handler> result;
  if (impl_->watch)
    for (const auto& x : impl_->watch->running())
      result.push_back({x.shard, x.id, x.for_at_least});
  return result;
}

message node::inspect(const pid& id, const process::inspector& f) {
  message answer;
  std::exception_ptr failure;
  bool found = false;
  if (id && impl_->is_here(id))
    run_on(id.shard(), [&] {
      auto* core = impl_->home_of(id).find_core(id);
      found = core != nullptr;
      try {
        if (core)
          answer = f(*core->object());
      } catch (...) {
        failure = std::current_exception();
      }
    });
  if (failure)
    std::rethrow_exception(failure);
  if (!found)
    throw std::runtime_error("no process " + to_string(id) + " is alive");
  return answer;
}

std::vector<std::string> node::peek_mailbox(const pid& id, std::size_t max) {
  using kinds = std::vector<std::string>;
  if (!id || !impl_->is_here(id))
    return {};
  return look<kinds>(*impl_, id,
                     [max](detail::process_core* core) {
                       kinds all;
                       if (core)
                         for (const auto& x : core->peek(max))
                           all.push_back(x.render());
                       return all;
                     })
    .value_or(kinds{});
}

std::vector<pid> node::processes(const pid& after, std::size_t max) {
  std::vector<pid> page;
  for (auto i = after ? after.shard() : 0; i < impl_->shards.size(); ++i) {
    if (page.size() == max)
      break;
    const auto first =
      after && i == after.shard() ? after.index() + 1 : std::uint32_t{0};
    run_on(i, [&] {
      impl_->shards[i]->table().visit(first, pid::processes_per_shard_max,
                                      [&](detail::process_core& x) {
                                        page.push_back(x.id());
                                        return page.size() < max;
                                      });
    });
  }
  for (const auto& id : impl_->detached->processes())
    if (page.size() < max && (!after || after < id))
      page.push_back(id);
  return page;
}

bool node::is_alive(const pid& id) {
  return info(id).has_value();
}

std::size_t node::process_count() const {
  auto count = impl_->detached->processes().size();
  for (const auto& shard : impl_->shards)
    impl_->run_on(shard->index(), [&] { count += shard->table().size(); });
  return count;
}

void node::run_on(std::size_t shard, const std::function<void()>& f) {
  impl_->run_on(shard, f);
}

} // namespace bennu::runtime
