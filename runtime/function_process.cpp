#include "runtime/detail/process_core.hpp"
#include "runtime/log.hpp"
#include "runtime/process.hpp"

#include <utility>

namespace bennu::runtime {

void function_process::init() {
  behavior_ = (*run_)(*this);
  run_.reset();
  if (!behavior_)
    stop();
}

void function_process::handle_message(message& msg) {
  auto outcome = behavior_(msg);
  if (!outcome.matched) {
    log(log_level::warning, "process {}: unexpected message {}",
        to_string(self()), msg.type_name());
    if (const auto to = take_reply_to())
      reply(to, detail::failed_reply{
                  exit_reason::error("no handler for " + msg.type_name())});
    return;
  }
  if (!outcome.reply)
    return;
  if (const auto to = take_reply_to())
    send_reply(to, std::move(outcome.reply));
}

std::string function_process::initial_call() const {
  return detail::demangled(call_);
}

} // namespace bennu::runtime
