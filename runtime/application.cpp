#include "runtime/application.hpp"

#include "runtime/detail/process_core.hpp"
#include "runtime/environment.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace bennu::runtime {

namespace {

[[noreturn]] void refuse(std::string why) {
  throw std::invalid_argument("bad applications: " + std::move(why));
}

std::string env_key(std::string_view application, std::string_view key) {
  return fmt::format("{}.{}", application, key);
}

/// Puts an application behind those it depends on.
class sorter {
public:
  explicit sorter(applications those) : those_(std::move(those)) {
    for (const auto& x : those_) {
      if (x.name.empty())
        refuse("one has no name: set application_spec.name");
      if (!by_name_.emplace(x.name, place{&x}).second)
        refuse(x.name + " is there twice");
    }
  }

  applications sorted() {
    for (const auto& x : those_)
      visit(x.name, x.name);
    return std::move(result_);
  }

private:
  struct place {
    const application_spec* spec;
    bool entered = false;
    bool done = false;
  };

  void visit(const std::string& name, const std::string& wanted_by) {
    const auto at = by_name_.find(name);
    if (at == by_name_.end())
      refuse(fmt::format("{} depends on {}, which is not among them", wanted_by,
                         name));
    auto& x = at->second;
    if (x.done)
      return;
    if (std::exchange(x.entered, true))
      refuse(
        fmt::format("{} depends on itself, by way of {}", name, wanted_by));
    for (const auto& other : x.spec->depends_on)
      visit(other, name);
    x.done = true;
    result_.push_back(*x.spec);
  }

  applications those_;
  std::map<std::string, place> by_name_;
  applications result_;
};

/// Runs the applications of a node, one after the other.
class controller final : public process {
public:
  explicit controller(applications those) {
    for (auto& x : those)
      apps_.push_back({std::move(x), {}});
  }

protected:
  void init() override {
    trap_exit(true);
    start_next();
  }

  bool starts_with_init() const override { return false; }

  void handle_message(message& msg) override {
    if (const auto* ack = msg.value_if<detail::child_started>())
      on_started(ack->child);
    else if (const auto* end = msg.value_if<exit_message>())
      on_end(end->from, end->reason);
    else if (msg.holds<which_applications>())
      reply(take_reply_to(), list());
    else
      log(log_level::error, "{} received an unexpected message: {}", label(),
          msg.type_name());
  }

  void parent_exited(const exit_reason& why) override { begin_stop(why); }

  std::string label() const override { return "application_controller"; }

private:
  struct app {
    application_spec spec;
    pid top;
  };

  void start_next() {
    if (next_ == apps_.size())
      return started();
    auto& x = apps_[next_];
    for (const auto& [key, value] : x.spec.env)
      if (!get_env(node(), x.spec.name, key))
        set_env(node(), x.spec.name, key, value);
    const auto top = child_spec(x.spec.tree);
    const auto maker = top.start();
    x.top = spawn_maker(*maker, top.how, relation::child).id;
  }

  void on_started(const pid& from) {
    if (stopping_ || next_ == apps_.size() || apps_[next_].top != from)
      return;
    ++next_;
    start_next();
  }

  void on_end(const pid& from, const exit_reason& why) {
    const auto at = std::find_if(apps_.begin(), apps_.end(), [&](const app& x) {
      return from && x.top == from;
    });
    if (at == apps_.end())
      return;
    at->top = {};
    clear_env(*at);
    if (stopping_)
      return stop_last();
    const auto& spec = at->spec;
    if (next_ < apps_.size() && at - apps_.begin() == std::ptrdiff_t(next_)) {
      const auto cause = why.detail().empty() ? to_string(why) : why.detail();
      return begin_stop(exit_reason::error("failed to start application "
                                           + spec.name + ": " + cause));
    }
    log(log_level::error, "application {} ended: {}", spec.name,
        to_string(why));
    if (spec.type == application_type::permanent
        || (spec.type == application_type::transient && !why.is_orderly()))
      begin_stop(why);
  }

  void begin_stop(const exit_reason& why) {
    if (std::exchange(stopping_, true))
      return;
    why_ = why;
    stop_last();
  }

  void stop_last() {
    const auto last = std::find_if(apps_.rbegin(), apps_.rend(),
                                   [](const app& x) { return bool(x.top); });
    if (last == apps_.rend())
      return stop(why_);
    if (std::exchange(told_, last->top) != last->top)
      exit(last->top, exit_reason::shutdown());
  }

  void clear_env(const app& x) {
    for (const auto& key : node().environment().keys(env_key(x.spec.name, "")))
      node().environment().erase(key);
  }

  std::vector<application_info> list() const {
    std::vector<application_info> result;
    for (const auto& x : apps_)
      result.push_back({x.spec.name, x.spec.type, x.top});
    return result;
  }

  std::vector<app> apps_;
  std::size_t next_ = 0;
  bool stopping_ = false;
  pid told_;
  exit_reason why_;
};

} // namespace

applications start_order(applications those) {
  return sorter{std::move(those)}.sorted();
}

child_spec application_controller(applications those) {
  const std::string name = "application_controller";
  auto start = [order = start_order(std::move(
                  those))]() -> std::unique_ptr<detail::process_maker> {
    return detail::make_maker<controller>(order).moved();
  };
  return {.id = name,
          .start = std::move(start),
          .shutdown = shutdown_policy::infinity(),
          .type = child_spec::kind::supervisor,
          .how = {.name = name}};
}

void set_env(node& where, std::string_view application, std::string_view key,
             message value) {
  where.environment().set(env_key(application, key), std::move(value));
}

message get_env(node& where, std::string_view application,
                std::string_view key) {
  return where.environment().get(env_key(application, key));
}

} // namespace bennu::runtime
