#include "runtime/dynamic_supervisor.hpp"

#include "runtime/log.hpp"

#include <utility>

namespace bennu::runtime {

namespace {

struct stop_timed_out {};

} // namespace

dynamic_supervisor::dynamic_supervisor(dynamic_supervisor_options options)
  : options_(std::move(options)) {}

std::string dynamic_supervisor::label() const {
  return "dynamic_supervisor " + options_.name;
}

void dynamic_supervisor::init() {
  trap_exit(true);
}

pid dynamic_supervisor::start_child(detail::process_maker& maker) {
  if (stopping_ || children_ >= options_.children_max)
    return {};
  const auto id = spawn_maker(maker, {}, relation::member).id;
  ++children_;
  return id;
}

std::vector<pid> dynamic_supervisor::children() const {
  return members();
}

void dynamic_supervisor::handle_message(message& msg) {
  if (msg.holds<exit_message>()) {
    if (--children_ == 0 && stopping_)
      stop(why_);
    return;
  }
  if (msg.holds<stop_timed_out>()) {
    for (const auto& child : children())
      exit(child, exit_reason::kill());
    return;
  }
  log(log_level::error, "{} received an unexpected message: {}", label(),
      msg.type_name());
}

void dynamic_supervisor::parent_exited(const exit_reason& why) {
  if (stopping_)
    return;
  stopping_ = true;
  why_ = why;
  if (children_ == 0)
    return stop(why);
  // All at once, under one timer: a million children stop in the time of one.
  for (const auto& child : children())
    exit(child, exit_reason::shutdown());
  send_after(options_.shutdown, stop_timed_out{});
}

child_spec dynamic_supervisor_spec(dynamic_supervisor_options options) {
  return {
    .id = options.name,
    .start = [options]() -> std::unique_ptr<detail::process_maker> {
      return detail::make_maker<dynamic_supervisor>(options).moved();
    },
    .shutdown = shutdown_policy::infinity(),
    .type = child_spec::kind::supervisor,
    .how = {.name = options.name, .shard = options.shard},
  };
}

} // namespace bennu::runtime
