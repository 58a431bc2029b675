#include "runtime/task.hpp"

#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/process_core.hpp"

#include <stdexcept>

namespace bennu::runtime::detail {

namespace {

/// The one request a task answers; anything else it hears is ignored.
struct fetch {};
struct look_again {};

/// No task runs longer; a timer wheel knows no "for ever".
constexpr std::chrono::hours task_max{24 * 365};

/// The process of a task: as long as its function is under way.
class task_process final : public process {
public:
  explicit task_process(std::shared_ptr<task_job> job) : job_(std::move(job)) {}
  ~task_process() override { job_->stop.request_stop(); }

protected:
  void init() override {
    auto& home = static_cast<shard_impl&>(this->home());
    home.owner().pool->submit(self(), job_);
  }

  void handle_message(message& msg) override {
    if (msg.holds<fetch>()) {
      asked_ = take_reply_to();
    } else if (const auto* outcome = msg.value_if<task_outcome>()) {
      if (outcome->failed)
        throw std::runtime_error(outcome->error);
      send_reply(asked_, outcome->value);
      stop();
    }
  }

  std::string label() const override { return "task"; }

private:
  std::shared_ptr<task_job> job_;
  reply_to asked_;
};

} // namespace

started_task start_task(process& owner, std::shared_ptr<task_job> job,
                        bool linked) {
  auto maker = make_maker<task_process>(std::move(job));
  const auto tie = linked ? process::relation::link : process::relation::none;
  const auto id = owner.spawn_maker(maker, {}, tie).id;
  auto state = std::make_shared<task_state>();
  // Asked before it can be over: so the reason of its end is not missed.
  owner.request(id, task_max, fetch{})
    .then_message([state](message* value, const exit_reason* why) {
      if (value)
        state->value = *value;
      else
        state->failed = *why;
    });
  return {id, std::move(state)};
}

void when_over(process& owner, const started_task& task, duration timeout,
               std::function<void()> f) {
  // Never answered: it fails when the task ends, behind a value sent before.
  // Which of two requests hears of a failure first is open.
  owner.request(task.id, timeout, look_again{})
    .then_message(
      [state = task.state, f = std::move(f)](message*, const exit_reason* why) {
        const bool over = why && why->what() != exit_reason::kind::timeout;
        if (over && !state->value && !state->failed)
          state->failed = *why;
        f();
      });
}

} // namespace bennu::runtime::detail
