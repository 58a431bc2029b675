#include "runtime/gen_server.hpp"

#include "runtime/log.hpp"

#include <stdexcept>
#include <string>
#include <utility>

namespace bennu::runtime {

void detail::no_clause(const char* what, const message& msg) {
  throw std::invalid_argument(std::string{what} + ": no handler for "
                              + msg.type_name());
}

gen_server_base::~gen_server_base() {
  if (last_caller_)
    send_reply(last_caller_, std::move(last_answer_));
}

message gen_server_base::handle_call(message& request) {
  detail::no_clause("bad_call", request);
}

void gen_server_base::handle_cast(message& msg) {
  detail::no_clause("bad_cast", msg);
}

void gen_server_base::handle_info(message& msg) {
  log(log_level::error, "{} {} received an unexpected message: {}",
      initial_call(), to_string(self()), msg.render());
}

void gen_server_base::handle_continue(message& msg) {
  detail::no_clause("bad_continue", msg);
}

void gen_server_base::idle_after(duration after) {
  if (idle_ != 0)
    cancel_timer(idle_);
  idle_ = start_timer(after, idle_timeout{});
}

void gen_server_base::handle_message(message& msg) {
  if (const auto* x = msg.value_if<continue_message>()) {
    auto content = x->content;
    return handle_continue(content);
  }
  const auto* timeout = msg.value_if<timeout_message>();
  if (timeout && timeout->content.holds<idle_timeout>()) {
    // One that was in the mailbox before another message cancelled it.
    if (timeout->ref != idle_)
      return;
    idle_ = 0;
    auto idle = make_message(idle_timeout{});
    return handle_info(idle);
  }
  if (idle_ != 0)
    cancel_timer(std::exchange(idle_, 0));
  dispatch(msg);
}

void gen_server_base::dispatch(message& msg) {
  if (const auto* x = msg.value_if<cast_message>()) {
    auto content = x->content;
    return handle_cast(content);
  }
  if (!is_request())
    return handle_info(msg);
  auto answer = handle_call(msg);
  if (!answer)
    return;
  const auto caller = take_reply_to();
  if (!caller)
    return;
  if (!is_stopping())
    return send_reply(caller, std::move(answer));
  last_caller_ = caller;
  last_answer_ = std::move(answer);
}

} // namespace bennu::runtime
