#include "runtime/process_info.hpp"

#include "runtime/detail/describe.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/process_core.hpp"

namespace bennu::runtime {

const char* to_string(priority_level x) {
  switch (x) {
  case priority_level::low:
    return "low";
  case priority_level::normal:
    return "normal";
  case priority_level::high:
    return "high";
  }
  return "";
}

const char* to_string(process_status x) {
  switch (x) {
  case process_status::waiting:
    return "waiting";
  case process_status::runnable:
    return "runnable";
  case process_status::suspended:
    return "suspended";
  case process_status::running:
    return "running";
  }
  return "";
}

namespace {

process_status status_of(const detail::process_core& core) {
  if (core.is_running())
    return process_status::running;
  if (core.is_suspended())
    return process_status::suspended;
  return core.is_runnable() ? process_status::runnable
                            : process_status::waiting;
}

void describe_relations(const detail::process_core& core, process_info& x) {
  using kind = detail::relation::kind;
  core.for_each_relation([&x](const detail::relation& tie) {
    (tie.is_link()                    ? x.links
     : tie.what == kind::monitored_by ? x.monitored_by
                                      : x.monitors)
      .push_back(tie.other);
  });
}

} // namespace

process_info detail::describe(const process_core& core) {
  process_info x{
    .id = core.id(),
    .registered_name =
      core.is_named() ? core.home().owner().names.name_of(core.id()) : "",
    .initial_call = core.initial_call(),
    .label = core.label(),
    .parent = core.parent(),
    .home_shard = core.home().index(),
    .message_queue_len = core.queue_length(),
    .reductions = core.reductions(),
    .memory = core.memory(),
    .status = status_of(core),
    .priority = core.priority(),
    .trap_exit = core.trapping(),
  };
  if (const auto* at = core.current())
    x.current_function = x.initial_call + ": " + at->content.type_name();
  describe_relations(core, x);
  if (const auto* dictionary = core.dictionary_if())
    for (const auto& [key, value] : *dictionary)
      x.dictionary.emplace_back(key, value.render());
  for (const auto& waiting : core.peek(process_info::mailbox_max))
    x.messages.push_back(waiting.render());
  return x;
}

} // namespace bennu::runtime
