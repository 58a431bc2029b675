#include "runtime/detail/root_process.hpp"

namespace bennu::runtime::detail {

void root_process::init() {
  trap_exit(true);
  const auto maker = top_.start();
  child_ = spawn_maker(*maker, top_.how, relation::child).id;
  note([this] { progress_->top = child_; });
}

void root_process::handle_message(message& msg) {
  if (msg.holds<child_started>()) {
    note([this] { progress_->started = true; });
  } else if (msg.holds<stop_tree>()) {
    exit(child_, exit_reason::shutdown());
  } else if (msg.holds<kill_tree>()) {
    exit(child_, exit_reason::kill());
  } else if (const auto* end = msg.value_if<exit_message>()) {
    note([&] { progress_->ended = end->reason; });
    stop();
  }
}

void root_process::note(const std::function<void()>& change) {
  {
    const std::lock_guard guard{progress_->mutex};
    change();
  }
  progress_->changed.notify_all();
}

} // namespace bennu::runtime::detail
