// What a running supervisor is asked.
#include "runtime/supervisor_requests.hpp"

#include "runtime/supervisor.hpp"

#include <utility>

namespace bennu::runtime {

template <class F>
void supervisor::with_child(std::size_t at, F act) {
  if (at == children_.size())
    reply(take_reply_to(), child_result{{}, "not_found"});
  else
    act(at);
}

bool supervisor::handle_request(message& msg) {
  if (msg.holds<which_children>())
    reply(take_reply_to(), list());
  else if (msg.holds<count_children>())
    reply(take_reply_to(), count());
  else if (const auto* added = msg.value_if<start_child>())
    add(added->spec);
  else if (const auto* ended = msg.value_if<terminate_child>())
    with_child(index_of(ended->id),
               [&](std::size_t i) { terminate_by_request(i); });
  else if (const auto* killed = msg.value_if<terminate_child_pid>())
    with_child(index_of(killed->child),
               [&](std::size_t i) { terminate_by_request(i); });
  else if (const auto* again = msg.value_if<restart_child>())
    with_child(index_of(again->id),
               [&](std::size_t i) { restart_by_request(i); });
  else if (const auto* gone = msg.value_if<delete_child>())
    with_child(index_of(gone->id),
               [&](std::size_t i) { delete_by_request(i); });
  else if (msg.holds<start_child_with>())
    reply(take_reply_to(),
          child_result{{}, "no template: send start_child with a spec"});
  else if (const auto* asked = msg.value_if<get_childspec>()) {
    const auto at = index_of(asked->id);
    reply(take_reply_to(), at < children_.size()
                             ? std::optional{children_[at].spec}
                             : std::nullopt);
  } else
    return false;
  return true;
}

void supervisor::add(const child_spec& spec) {
  if (auto wrong = check_childspec(spec, auto_shutdown_))
    return reply(take_reply_to(), child_result{{}, *std::move(wrong)});
  const auto at = index_of(spec.id);
  if (at < children_.size()) {
    const auto& there = children_[at];
    const auto* word = there.id ? "already_started" : "already_present";
    return reply(take_reply_to(), child_result{there.id, word});
  }
  if (phase_ == phase::stopping)
    return reply(take_reply_to(), child_result{{}, "shutting_down"});
  auto& x = children_.emplace_back();
  x.spec = spec;
  x.state = state::wanted;
  x.on_trial = true;
  x.starter = take_reply_to();
  advance();
}

void supervisor::terminate_by_request(std::size_t index) {
  auto& x = children_[index];
  detail::answer_starter(*this, x, {{}, "terminated"});
  x.again = false;
  x.on_trial = false;
  switch (x.state) {
  case state::running:
  case state::starting:
    x.state = state::doomed;
    break;
  case state::wanted:
  case state::retrying:
    forget_tries(x);
    x.state = state::stopped;
    break;
  case state::doomed:
  case state::stopping:
  case state::stopped:
    break;
  }
  x.stoppers.push_back(take_reply_to());
  if (x.state == state::stopped) {
    detail::answer_stoppers(*this, x);
    if (x.spec.restart == restart_type::temporary)
      remove(index);
  }
  advance();
}

void supervisor::restart_by_request(std::size_t index) {
  auto& x = children_[index];
  if (phase_ == phase::stopping)
    return reply(take_reply_to(), child_result{x.id, "shutting_down"});
  if (x.state != state::stopped) {
    const auto* word = x.state == state::wanted || x.state == state::starting
                           || x.state == state::retrying
                         ? "restarting"
                         : "running";
    return reply(take_reply_to(), child_result{x.id, word});
  }
  x.state = state::wanted;
  x.starter = take_reply_to();
  advance();
}

void supervisor::delete_by_request(std::size_t index) {
  const auto& x = children_[index];
  if (x.state == state::stopped) {
    remove(index);
    return reply(take_reply_to(), child_result{});
  }
  const bool restarting =
    x.state == state::wanted || x.state == state::retrying;
  reply(take_reply_to(),
        child_result{x.id, restarting ? "restarting" : "running"});
}

child_counts supervisor::count() const {
  child_counts result{.specs = children_.size()};
  for (const auto& x : children_) {
    result.active += x.id ? 1 : 0;
    ++(x.spec.type == child_spec::kind::worker ? result.workers
                                               : result.supervisors);
  }
  return result;
}

std::vector<child_info> supervisor::list() const {
  std::vector<child_info> result;
  result.reserve(children_.size());
  for (const auto& x : children_)
    result.push_back({
      .id = x.spec.id,
      .child = x.id,
      .type = x.spec.type,
      .restarting = x.state == state::wanted || x.state == state::retrying,
      .restarts = x.restarts,
      .last_exit = x.last_exit ? to_string(*x.last_exit) : "",
    });
  return result;
}

} // namespace bennu::runtime
