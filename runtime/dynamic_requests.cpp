// What a running dynamic supervisor is asked.
#include "runtime/detail/process_core.hpp"
#include "runtime/detail/supervision.hpp"
#include "runtime/dynamic_supervisor.hpp"
#include "runtime/shard.hpp"

#include <exception>
#include <utility>

namespace bennu::runtime {

bool dynamic_supervisor::handle_request(message& msg) {
  if (const auto* added = msg.value_if<runtime::start_child>())
    add(added->spec);
  else if (const auto* with = msg.value_if<start_child_with>())
    add_from_template(with->args);
  else if (const auto* ended = msg.value_if<terminate_child_pid>())
    terminate_by_request(ended->child);
  else if (msg.holds<which_children>())
    reply(take_reply_to(), list());
  else if (msg.holds<count_children>())
    reply(take_reply_to(), count());
  else if (msg.holds<get_childspec>())
    reply(take_reply_to(),
          options_.child ? std::optional{options_.child->spec} : std::nullopt);
  else if (msg.holds<terminate_child>() || msg.holds<restart_child>()
           || msg.holds<delete_child>())
    reply(take_reply_to(), child_result{{}, "simple_one_for_one"});
  else
    return false;
  return true;
}

/// Why a child of this kind cannot be added; empty when it can.
std::string dynamic_supervisor::refusal(bool by_template) const {
  if (by_template != options_.child.has_value())
    return by_template ? "no template: send start_child with a spec"
                       : "simple_one_for_one: send start_child_with arguments";
  if (stopping_)
    return "shutting_down";
  return child_count() >= options_.children_max ? "max_children" : "";
}

void dynamic_supervisor::add(child_spec spec) {
  const auto asker = take_reply_to();
  if (spec.id.empty())
    spec.id = options_.name;
  auto wrong = refusal(false);
  if (wrong.empty())
    wrong = check_childspec(spec).value_or("");
  if (!wrong.empty())
    return reply(asker, child_result{{}, wrong});
  try {
    const auto maker = spec.start();
    if (spec.restart == restart_type::temporary)
      spec.start = {};
    launch_first(std::make_shared<const child_spec>(std::move(spec)), asker,
                 *maker);
  } catch (const std::exception& e) {
    reply(asker, child_result{{}, e.what()});
  }
}

void dynamic_supervisor::add_from_template(const message& args) {
  const auto asker = take_reply_to();
  if (const auto wrong = refusal(true); !wrong.empty())
    return reply(asker, child_result{{}, wrong});
  try {
    const auto maker = options_.child->start(args);
    auto spec = shared_spec_;
    if (spec->restart != restart_type::temporary) {
      auto own = *spec;
      own.start = [make = options_.child->start, args] { return make(args); };
      spec = std::make_shared<const child_spec>(std::move(own));
    }
    launch_first(std::move(spec), asker, *maker);
  } catch (const std::exception& e) {
    reply(asker, child_result{{}, e.what()});
  }
}

void dynamic_supervisor::terminate_by_request(const pid& child) {
  const auto at = tracked_.find(child);
  if (at == tracked_.end())
    return terminate_member(child);
  auto& x = at->second;
  detail::answer_starter(*this, x, {{}, "terminated"});
  if (x.state == state::retrying) {
    cancel_timer(x.timer);
    reply(take_reply_to(), child_result{});
    return forget(at);
  }
  x.stoppers.push_back(take_reply_to());
  if (x.state == state::stopping)
    return;
  take_down(at);
  if (const auto& limit = x.spec->shutdown.timeout)
    x.timer = send_after(*limit, late_stop{child});
}

void dynamic_supervisor::terminate_member(const pid& child) {
  if (!is_member(child))
    return reply(take_reply_to(), child_result{{}, "not_found"});
  auto& stop = member_stops_[child];
  stop.stoppers.push_back(take_reply_to());
  if (stop.stoppers.size() > 1)
    return;
  exit(child, exit_reason::shutdown());
  stop.timer = send_after(options_.shutdown, late_stop{child});
}

bool dynamic_supervisor::is_member(const pid& child) const {
  const auto* found = home().find(child);
  return found && found->parent() == self();
}

child_counts dynamic_supervisor::count() const {
  child_counts result{
    .specs = child_count(), .active = members_, .workers = members_};
  for (const auto& [id, x] : tracked_) {
    result.active += x.state == state::retrying ? 0 : 1;
    ++(x.spec->type == child_spec::kind::worker ? result.workers
                                                : result.supervisors);
  }
  return result;
}

std::vector<child_info> dynamic_supervisor::list() const {
  std::vector<child_info> result;
  result.reserve(child_count());
  for (const auto& id : members())
    result.push_back({.child = id});
  for (const auto& [id, x] : tracked_) {
    const bool retrying = x.state == state::retrying;
    result.push_back({.child = retrying ? pid{} : id,
                      .type = x.spec->type,
                      .restarting = retrying,
                      .restarts = x.restarts,
                      .last_exit = x.last_exit ? to_string(*x.last_exit) : ""});
  }
  return result;
}

} // namespace bennu::runtime
