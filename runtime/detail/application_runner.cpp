#include "runtime/detail/application_runner.hpp"

#include "runtime/detail/process_core.hpp"
#include "runtime/environment.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

namespace bennu::runtime::detail {

application_runner::application_runner(applications those) {
  for (auto& x : those)
    apps_.push_back({.spec = std::move(x)});
}

void application_runner::init() {
  trap_exit(true);
  boot_next();
}

void application_runner::handle_message(message& msg) {
  if (const auto* ack = msg.value_if<child_started>())
    on_started(ack->child);
  else if (const auto* end = msg.value_if<exit_message>())
    on_end(end->from, end->reason);
  else if (!handle_request(msg))
    log(log_level::error, "{} received an unexpected message: {}", label(),
        msg.type_name());
}

// -- requests -----------------------------------------------------------------

bool application_runner::handle_request(message& msg) {
  if (msg.holds<which_applications>())
    reply(take_reply_to(), list());
  else if (const auto* loaded = msg.value_if<load_application>())
    answer(take_reply_to(), load(loaded->spec));
  else if (const auto* unloaded = msg.value_if<unload_application>())
    answer(take_reply_to(), unload(unloaded->name));
  else if (const auto* changed = msg.value_if<change_config>())
    answer(take_reply_to(), change(*changed));
  else if (const auto* stopped = msg.value_if<stop_application>())
    stop_one(stopped->name);
  else if (const auto* started = msg.value_if<start_application>())
    start_one(*started);
  else if (const auto* all = msg.value_if<ensure_all_started>())
    start_with_others(all->name);
  else
    return false;
  return true;
}

void application_runner::answer(const reply_to& to, std::string error) {
  reply(to, application_result{std::move(error), {}});
}

std::string application_runner::load(const application_spec& spec) {
  if (spec.name.empty())
    return "one has no name: set application_spec.name";
  if (find(spec.name))
    return "already_loaded";
  if (apps_.size() >= applications_max)
    return "applications_max";
  apps_.push_back({.spec = spec});
  return {};
}

std::string application_runner::unload(const std::string& name) {
  const auto* x = find(name);
  if (!x)
    return "not_loaded: " + name;
  if (x->state != state::stopped || booting_)
    return "running";
  std::erase_if(apps_, [&](const app& y) { return y.spec.name == name; });
  return {};
}

std::string application_runner::change(const change_config& to) {
  auto* x = find(to.name);
  if (!x)
    return "not_loaded: " + to.name;
  config_changes what;
  const auto has = [](const auto& env, const std::string& key) {
    return std::any_of(env.begin(), env.end(),
                       [&](const auto& y) { return y.first == key; });
  };
  for (const auto& [key, value] : to.env)
    (has(x->spec.env, key) ? what.changed : what.added).push_back(key);
  for (const auto& [key, value] : x->spec.env)
    if (!has(to.env, key))
      what.removed.push_back(key);
  x->spec.env = to.env;
  if (x->top) {
    clear_env(*x);
    set_env_of(*x);
  }
  if (!x->spec.config_change)
    return {};
  try {
    x->spec.config_change(node(), what);
  } catch (const std::exception& e) {
    return std::string("config_change: ") + e.what();
  }
  return {};
}

void application_runner::stop_one(const std::string& name) {
  const auto asker = take_reply_to();
  auto* x = find(name);
  if (!x)
    return answer(asker, "not_loaded: " + name);
  if (!x->top || (booting_ && x->state == state::starting))
    return answer(asker, "not_started: " + name);
  x->stoppers.push_back(asker);
  halt(*x);
}

void application_runner::start_one(const start_application& what) {
  const auto asker = take_reply_to();
  auto* x = find(what.name);
  if (!x)
    return answer(asker, "not_loaded: " + what.name);
  if (x->state == state::running)
    return answer(asker, "already_started");
  enqueue({.asker = asker, .left = {what.name}, .type = what.type});
}

void application_runner::start_with_others(const std::string& name) {
  const auto asker = take_reply_to();
  if (!find(name))
    return answer(asker, "not_loaded: " + name);
  applications known;
  for (const auto& x : apps_)
    known.push_back(x.spec);
  std::vector<std::string> left;
  try {
    for (const auto& x : start_order(known, name))
      left.push_back(x.name);
  } catch (const std::invalid_argument& e) {
    return answer(asker, e.what());
  }
  enqueue({.asker = asker, .left = std::move(left)});
}

std::vector<application_info> application_runner::list() const {
  std::vector<application_info> result;
  for (const auto& x : apps_)
    result.push_back({x.spec.name, x.type, x.top});
  return result;
}

// -- starting -----------------------------------------------------------------

void application_runner::boot_next() {
  if (next_ < apps_.size())
    return launch(apps_[next_]);
  booting_ = false;
  started();
  go_on();
}

void application_runner::enqueue(plan x) {
  if (stopping_ || plans_.size() > application_starts_max)
    return answer(x.asker, stopping_ ? "shutting_down" : "busy");
  plans_.push_back(std::move(x));
  if (plans_.size() == 1)
    go_on();
}

/// Takes the next step of the first plan, if nothing of it is under way.
void application_runner::go_on() {
  while (!booting_ && !stopping_ && !plans_.empty()) {
    auto& x = plans_.front();
    if (!x.error.empty() && !x.started.empty()) {
      auto* last = find(x.started.back());
      if (last && last->top)
        return halt(*last);
      x.started.pop_back();
      continue;
    }
    if (!x.error.empty() || x.left.empty()) {
      reply(x.asker, application_result{x.error, x.started});
      plans_.pop_front();
      continue;
    }
    auto* next = find(x.left.front());
    if (next && next->state == state::running) {
      x.left.erase(x.left.begin());
      continue;
    }
    if (!next) {
      x.error = "not_loaded: " + x.left.front();
      continue;
    }
    // Under way; or it is being stopped, and starts again after that.
    if (next->state != state::stopped)
      return;
    std::string missing;
    for (const auto& other : next->spec.depends_on)
      if (const auto* y = find(other); !y || y->state != state::running)
        missing += (missing.empty() ? "" : ", ") + other;
    if (missing.empty()) {
      x.launched = true;
      next->type = x.type.value_or(next->spec.type);
      return launch(*next);
    }
    x.error = "not_started: " + missing;
  }
}

void application_runner::fail(std::string error) {
  plans_.front().launched = false;
  plans_.front().error = std::move(error);
  go_on();
}

void application_runner::launch(app& x) {
  x.state = state::starting;
  x.turn = ++turns_;
  set_env_of(x);
  try {
    const auto top = child_spec(x.spec.tree);
    const auto maker = top.start();
    x.top = spawn_maker(*maker, top.how, relation::child).id;
  } catch (const std::exception& e) {
    has_ended(x, state::starting, exit_reason::error(e.what()));
  }
}

void application_runner::on_started(const pid& from) {
  auto* x = find(from);
  if (!x || x->state != state::starting)
    return;
  x->state = state::running;
  if (booting_) {
    ++next_;
    return boot_next();
  }
  auto& first = plans_.front();
  first.launched = false;
  first.started.push_back(x->spec.name);
  first.left.erase(first.left.begin());
  go_on();
}

// -- stopping -----------------------------------------------------------------

void application_runner::halt(app& x) {
  if (x.state == state::stopping)
    return;
  x.state = state::stopping;
  exit(x.top, exit_reason::shutdown());
}

void application_runner::on_end(const pid& from, const exit_reason& why) {
  if (auto* x = find(from))
    has_ended(*x, x->state, why);
}

void application_runner::has_ended(app& x, state was, const exit_reason& why) {
  x.top = {};
  x.state = state::stopped;
  clear_env(x);
  for (const auto& asker : std::exchange(x.stoppers, {}))
    answer(asker, {});
  if (stopping_)
    return stop_last();
  const auto& name = x.spec.name;
  const auto cause = why.detail().empty() ? to_string(why) : why.detail();
  if (booting_ && was == state::starting)
    return begin_stop(
      exit_reason::error("failed to start application " + name + ": " + cause));
  // One whose start was called off by a stop has not started either.
  if (!plans_.empty() && plans_.front().launched
      && plans_.front().left.front() == name)
    return fail(was == state::starting ? cause : "stopped");
  if (was == state::running) {
    log(log_level::error, "application {} ended: {}", name, to_string(why));
    if (x.type == application_type::permanent
        || (x.type == application_type::transient && !why.is_orderly()))
      return begin_stop(why);
  }
  go_on();
}

void application_runner::begin_stop(const exit_reason& why) {
  if (std::exchange(stopping_, true))
    return;
  why_ = why;
  for (const auto& x : std::exchange(plans_, {}))
    answer(x.asker, "shutting_down");
  stop_last();
}

void application_runner::stop_last() {
  app* last = nullptr;
  for (auto& x : apps_)
    if (x.top && (!last || x.turn > last->turn))
      last = &x;
  if (!last)
    return stop(why_);
  halt(*last);
}

// -- values, places -----------------------------------------------------------

void application_runner::set_env_of(const app& x) {
  for (const auto& [key, value] : x.spec.env)
    if (!get_env(node(), x.spec.name, key))
      set_env(node(), x.spec.name, key, value);
}

void application_runner::clear_env(const app& x) {
  for (const auto& key : node().environment().keys(x.spec.name + "."))
    node().environment().erase(key);
}

application_runner::app* application_runner::find(const std::string& name) {
  const auto at = std::find_if(apps_.begin(), apps_.end(), [&](const app& x) {
    return x.spec.name == name;
  });
  return at == apps_.end() ? nullptr : &*at;
}

application_runner::app* application_runner::find(const pid& top) {
  const auto at = std::find_if(apps_.begin(), apps_.end(), [&](const app& x) {
    return top && x.top == top;
  });
  return at == apps_.end() ? nullptr : &*at;
}

} // namespace bennu::runtime::detail
