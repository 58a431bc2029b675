#include "runtime/sys.hpp"

#include "runtime/detail/describe.hpp"
#include "runtime/detail/process_access.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/detail/shard_impl.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bennu::runtime {

namespace sys {

using detail::process_access;

namespace {

message no_answer() {
  return make_message(true);
}

} // namespace

process::inspector get_state() {
  return [](process& x) {
    auto state = process_access::state(x);
    if (!state)
      throw std::runtime_error(
        "this process shows no state; it must override process::visible_state");
    return state;
  };
}

process::inspector replace_state(message state) {
  return [state = std::move(state)](process& x) {
    if (!process_access::replace_state(x, state))
      throw std::runtime_error("this process takes no state of type "
                               + state.type_name());
    return no_answer();
  };
}

process::inspector get_status() {
  return [](process& x) {
    return make_message(status{describe(process_access::core(x)),
                               process_access::state(x).render()});
  };
}

process::inspector terminate(exit_reason why) {
  return [why = std::move(why)](process& x) {
    process_access::core(x).end(why, true);
    return no_answer();
  };
}

process::inspector suspend() {
  return [](process& x) {
    auto& core = process_access::core(x);
    const bool ran = !core.is_suspended();
    core.wait_until_resumed();
    return make_message(ran);
  };
}

process::inspector resume() {
  return [](process& x) {
    auto& core = process_access::core(x);
    const bool suspended = core.is_suspended();
    core.go_on();
    return make_message(suspended);
  };
}

// -- tracing ------------------------------------------------------------------

std::string to_string(const event& x) {
  const auto line = [who = to_string(x.process)](const auto&... parts) {
    return (who + ... + parts);
  };
  switch (x.what) {
  case event::kind::in:
    return line(" got ", x.content.render(), " from ", to_string(x.other));
  case event::kind::out:
    return line(" sent ", x.content.render(), " to ", to_string(x.other));
  case event::kind::spawned:
    return line(" spawned ", to_string(x.other));
  case event::kind::linked:
    return line(" is linked to ", to_string(x.other));
  case event::kind::unlinked:
    return line(" is unlinked from ", to_string(x.other));
  case event::kind::ended:
    break;
  }
  return line(" ended: ", x.content.render());
}

process::inspector trace(std::function<void(const event&)> f) {
  return [f = std::move(f)](process& x) {
    auto& watch = process_access::core(x).watch_it();
    watch.trace = f;
    watch.kept.clear();
    return no_answer();
  };
}

process::inspector trace_to_log() {
  return trace([](const event& x) {
    runtime::log(log_level::info, "trace: {}", to_string(x));
  });
}

process::inspector log(std::size_t max) {
  return [max = std::min(max, log_max)](process& x) {
    auto& watch = process_access::core(x).watch_it();
    watch.kept.clear();
    watch.trace = {};
    if (max > 0)
      watch.trace = [max, &watch](const event& what) {
        if (watch.kept.size() == max)
          watch.kept.pop_front();
        watch.kept.push_back(what);
      };
    return no_answer();
  };
}

process::inspector get_log() {
  return [](process& x) {
    const auto& kept = process_access::core(x).watch_it().kept;
    return make_message(std::vector<event>(kept.begin(), kept.end()));
  };
}

// -- statistics ---------------------------------------------------------------

process::inspector statistics(bool on) {
  return [on](process& x) {
    auto& core = process_access::core(x);
    auto& watch = core.watch_it();
    watch.counting = on;
    watch.since = core.home().now();
    watch.reductions_before = core.reductions();
    watch.messages_in = 0;
    watch.messages_out = 0;
    return no_answer();
  };
}

process::inspector get_statistics() {
  return [](process& x) {
    const auto& core = process_access::core(x);
    const auto* watch = core.watch();
    if (!watch || !watch->counting)
      throw std::runtime_error("nothing is counted; run sys::statistics(true)");
    return make_message(statistics_info{
      .running_for = core.home().now() - watch->since,
      .reductions = core.reductions() - watch->reductions_before,
      .messages_in = watch->messages_in,
      .messages_out = watch->messages_out,
    });
  };
}

} // namespace sys

} // namespace bennu::runtime
