#pragma once

#include "runtime/detail/task_pool.hpp"
#include "runtime/process.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

namespace bennu::runtime {

namespace detail {

/// What has come of a task so far. Confined to the process that owns it.
struct task_state {
  std::optional<message> value;
  std::optional<exit_reason> failed;
};

struct started_task {
  pid id;
  std::shared_ptr<task_state> state;
};

started_task start_task(process& owner, std::shared_ptr<task_job> job,
                        bool linked);

/// Calls `f` in `owner` when the task is over, or after `timeout`.
void when_over(process& owner, const started_task& task, duration timeout,
               std::function<void()> f);

template <class F>
decltype(auto) call_job(F& f, std::stop_token stop) {
  if constexpr (std::is_invocable_v<F&, std::stop_token>)
    return f(std::move(stop));
  else
    return f();
}

template <class F>
using job_result =
  decltype(call_job(std::declval<F&>(), std::declval<std::stop_token>()));

template <class F>
class job_of final : public task_job {
public:
  explicit job_of(F f) : f_(std::move(f)) {}
  message run(std::stop_token token) override {
    if constexpr (std::is_void_v<job_result<F>>) {
      call_job(f_, std::move(token));
      return make_message();
    } else {
      return make_message(call_job(f_, std::move(token)));
    }
  }

private:
  F f_;
};

} // namespace detail

/// A look at a task: `value` when it is done (true for `void`), `failed` when
/// it ended without one, neither while it runs. Value.
template <class T>
struct yielded {
  using type = std::conditional_t<std::is_void_v<T>, bool, T>;
  std::optional<type> value{};
  std::optional<exit_reason> failed{};
  bool pending() const noexcept { return !value && !failed; }
};

/// A function that runs on the node's blocking pool, for the process that
/// started it. It may block and take its time; the process handles messages
/// meanwhile. Mirrors Elixir's Task:
///
/// | Elixir | here |
/// |---|---|
/// | `Task.async(f)` | `async(self, f)` |
/// | `Task.Supervisor.async_nolink(f)` | `async_nolink(self, f)` |
/// | `Task.await(t, timeout)` | `t.await(then, failed, timeout)` |
/// | `Task.yield(t, timeout)` | `t.yield(timeout, f)` |
/// | `Task.shutdown(t)` | `t.shutdown()` |
/// | `Task.async_stream(items, f)` | `async_map(self, items, f, options, done)`
/// |
///
/// A small process owns each task, so it has a pid, is seen by observers and
/// can be linked and monitored. What `f` throws ends it with `error: what()`;
/// a linked owner hears of that over the link, as in Elixir.
///
/// Differs: nothing waits; what `await` and `yield` find out comes to a
/// continuation, a handler of the owner. A thread cannot be killed: when the
/// task is shut down, or its owner ends with an error, `f` is asked by its
/// std::stop_token and what it returns is dropped; if it still waited for a
/// thread, it never runs. `f` runs beside the process: it may not touch the
/// process or its state.
///
/// Limits: node_options::blocking_threads functions run at once,
/// blocking_queue_max wait; one more ends its task with an error. The end of a
/// node waits blocked_timeout for those that run. In a simulated node they run
/// in a step, in order.
///
/// Value: copies mean the same task. Confined to the process that started it.
///
///     auto size = async(self, [path] { return read_file(path).size(); });
///     size.await([&](std::size_t n) { reply(to, n); });
template <class T>
class task {
public:
  using value_type = typename yielded<T>::type;

  /// Elixir's default for await.
  static constexpr duration patience = std::chrono::seconds{5};

  task() = default;
  task(process& owner, detail::started_task started)
    : owner_(&owner), started_(std::move(started)) {}

  /// The process of the task.
  pid id() const noexcept { return started_.id; }

  /// Calls `then` with what the function returned, or `failed` with why there
  /// is nothing: the reason the task ended with, or `timeout`, after which it
  /// goes on and may be asked again. Without `failed`, the owner exits with
  /// that reason.
  template <class F>
  void await(F then, on_error failed = {}, duration timeout = patience) const;

  /// Calls `f` with a yielded<T> when the task is over, or after `timeout`
  /// while it runs; may be asked again.
  template <class F>
  void yield(duration timeout, F f) const;

  /// Ends the task with `shutdown` and drops what it returns. The owner hears
  /// nothing of it over their link.
  void shutdown() const {
    owner_->unlink(id());
    owner_->exit(id(), exit_reason::shutdown());
  }

private:
  yielded<T> look() const;

  process* owner_ = nullptr;
  detail::started_task started_;
};

/// Runs `f()`, or `f(std::stop_token)`, on the blocking pool, linked to `self`.
template <class F>
auto async(process& self, F f) {
  using job = detail::job_of<F>;
  return task<detail::job_result<F>>{
    self, detail::start_task(self, std::make_shared<job>(std::move(f)), true)};
}

/// The same without the link: a throw in `f` only fails await.
template <class F>
auto async_nolink(process& self, F f) {
  using job = detail::job_of<F>;
  return task<detail::job_result<F>>{
    self, detail::start_task(self, std::make_shared<job>(std::move(f)), false)};
}

/// How async_map goes about its items.
struct async_map_options {
  /// Tasks at once; as the pool has threads by default.
  std::size_t concurrency_max = 4;

  /// For each task; past it the owner exits with `timeout`.
  duration timeout = std::chrono::seconds{5};
};

/// Calls `done` with a vector of `f(item)`, in the order of the items, each
/// made by a task of its own. A task that fails ends the owner, as in
/// Elixir's async_stream; so all or nothing. Differs: results come together,
/// not one by one.
template <class T, class F, class Done>
void async_map(process& self, std::vector<T> items, F f,
               async_map_options options, Done done);

// -- inline implementation ----------------------------------------------------

template <class T>
yielded<T> task<T>::look() const {
  const auto& state = *started_.state;
  yielded<T> result{.failed = state.failed};
  if constexpr (std::is_void_v<T>) {
    if (state.value)
      result.value = true;
  } else if (state.value) {
    result.value = *state.value->template value_if<value_type>();
  }
  return result;
}

template <class T>
template <class F>
void task<T>::yield(duration timeout, F f) const {
  detail::when_over(*owner_, started_, timeout,
                    [self = *this, f]() mutable { f(self.look()); });
}

template <class T>
template <class F>
void task<T>::await(F then, on_error failed, duration timeout) const {
  yield(timeout, [=, owner = owner_](const yielded<T>& x) mutable {
    if (x.value) {
      if constexpr (std::is_void_v<T>)
        then();
      else
        then(*x.value);
      return;
    }
    const auto why = x.failed.value_or(exit_reason::timeout());
    if (!failed)
      owner->exit(why);
    failed(why);
  });
}

namespace detail {

/// One async_map under way.
template <class T, class R, class F, class Done>
struct map_run : std::enable_shared_from_this<map_run<T, R, F, Done>> {
  map_run(process& owner, std::vector<T> xs, F f, duration limit, Done then)
    : self(owner), items(std::move(xs)), results(items.size()),
      left(items.size()), call(std::move(f)), timeout(limit),
      done(std::move(then)) {}

  void start_next() {
    if (next == items.size())
      return;
    const auto at = next++;
    async(self, [f = call, x = items[at]]() mutable { return f(x); })
      .await(
        [run = this->shared_from_this(), at](const R& value) {
          run->results[at] = value;
          run->finished_one();
        },
        {}, timeout);
  }

  void finished_one() {
    if (--left > 0)
      return start_next();
    std::vector<R> all;
    all.reserve(results.size());
    for (auto& x : results)
      all.push_back(std::move(*x));
    done(std::move(all));
  }

  process& self;
  std::vector<T> items;
  std::vector<std::optional<R>> results;
  std::size_t next = 0;
  std::size_t left;
  F call;
  duration timeout;
  Done done;
};

} // namespace detail

template <class T, class F, class Done>
void async_map(process& self, std::vector<T> items, F f,
               async_map_options options, Done done) {
  using result = std::decay_t<std::invoke_result_t<F&, T&>>;
  if (items.empty())
    return done(std::vector<result>{});
  const auto run = std::make_shared<detail::map_run<T, result, F, Done>>(
    self, std::move(items), std::move(f), options.timeout, std::move(done));
  for (std::size_t i = 0; i < options.concurrency_max; ++i)
    run->start_next();
}

} // namespace bennu::runtime
