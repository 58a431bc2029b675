#include "runtime/detail/process_core.hpp"
#include "runtime/log.hpp"
#include "runtime/process.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace bennu::runtime {

void function_process::init() {
  behavior_ = start_->run(*this);
  start_.reset();
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

namespace {

void erase_all(std::string& text, std::string_view part) {
  for (auto at = text.find(part); at != std::string::npos;
       at = text.find(part, at))
    text.erase(at, part.size());
}

} // namespace

/// A type has no name of a function, but what it takes besides its process
/// tells: "behavior (*)(bennu::runtime::process&, chat::history_limits)" is
/// "function(chat::history_limits)".
std::string function_process::initial_call() const {
  constexpr std::string_view pointer = "behavior (*)(";
  auto text = detail::demangled(call_);
  erase_all(text, "bennu::runtime::");
  if (!text.starts_with(pointer))
    return text;
  text.replace(0, pointer.size(), "function(");
  erase_all(text, "process&, ");
  erase_all(text, "process&");
  return text;
}

} // namespace bennu::runtime
