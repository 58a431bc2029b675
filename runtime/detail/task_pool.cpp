#include "runtime/detail/task_pool.hpp"

#include "runtime/detail/border.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/log.hpp"

#include <caf/ref_counted.hpp>
#include <caf/resumable.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>

#include <stdexcept>
#include <utility>

namespace bennu::runtime::detail {

/// A job as CAF's scheduler takes it. It owns itself.
class task_pool::work final : public caf::resumable, public caf::ref_counted {
public:
  work(task_pool& pool, const pid& owner, std::shared_ptr<task_job> job)
    : pool_(pool), owner_(owner), job_(std::move(job)) {}

  subtype_t subtype() const override { return function_object; }

  resume_result resume(caf::execution_unit*, std::size_t) override {
    --pool_.waiting_;
    if (pool_.begin()) {
      pool_.run(owner_, *job_);
      // Before the pool may be taken for idle: the function's captures go.
      job_.reset();
      pool_.end();
    }
    return done;
  }

  void intrusive_ptr_add_ref_impl() override { ref(); }
  void intrusive_ptr_release_impl() override { deref(); }

private:
  task_pool& pool_;
  pid owner_;
  std::shared_ptr<task_job> job_;
};

void task_pool::submit(const pid& owner, std::shared_ptr<task_job> job) {
  if (owner_.simulated) {
    owner_.home_of(owner).post([this, owner, job] { run(owner, *job); });
    return;
  }
  const auto max = owner_.options.blocking_queue_max;
  if (waiting_.fetch_add(1) >= max) {
    --waiting_;
    throw std::runtime_error(
      fmt::format("blocking_queue_max of {} reached: the blocking pool takes "
                  "no more functions",
                  max));
  }
  owner_.system->scheduler().enqueue(new work(*this, owner, std::move(job)));
}

void task_pool::run(const pid& owner, task_job& job) {
  if (job.stop.stop_requested())
    return;
  task_outcome outcome;
  try {
    outcome.value = job.run(job.stop.get_token());
  } catch (const std::exception& e) {
    outcome = {{}, e.what(), true};
  } catch (...) {
    outcome = {{}, "an exception that is no std::exception", true};
  }
  auto letter = std::make_unique<envelope>();
  letter->content = make_message(std::move(outcome));
  owner_.border->push({owner, std::move(letter), nullptr});
}

bool task_pool::begin() {
  const std::lock_guard guard{mutex_};
  if (stopped_)
    return false;
  ++running_;
  return true;
}

void task_pool::end() {
  const std::lock_guard guard{mutex_};
  if (--running_ == 0)
    idle_.notify_all();
}

bool task_pool::stop(std::chrono::milliseconds limit) {
  std::unique_lock lock{mutex_};
  stopped_ = true;
  const bool all =
    idle_.wait_for(lock, limit, [this] { return running_ == 0; });
  if (!all)
    log(log_level::error,
        "node {}: {} functions of tasks still run; left "
        "behind",
        owner_.options.name, running_);
  return all;
}

} // namespace bennu::runtime::detail
