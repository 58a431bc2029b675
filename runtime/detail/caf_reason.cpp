#include "runtime/detail/caf_reason.hpp"

#include <caf/exit_reason.hpp>
#include <caf/make_message.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

#include <string>

namespace bennu::runtime::detail {

namespace {

/// A word in the context tells reasons apart that share a code.
constexpr auto killed_word = "killed";
constexpr auto kill_word = "kill";

caf::error with_text(caf::exit_reason code, const std::string& text) {
  auto x = caf::make_error(code);
  if (!text.empty())
    x.context() = caf::make_message(text);
  return x;
}

std::string text_of(const caf::error& x) {
  const auto& context = x.context();
  return context.match_elements<std::string>() ? context.get_as<std::string>(0)
                                               : std::string{};
}

} // namespace

caf::error to_caf(const exit_reason& why) {
  using kind = exit_reason::kind;
  switch (why.what()) {
  case kind::normal:
    return caf::none;
  case kind::shutdown:
    return with_text(caf::exit_reason::user_shutdown, why.detail());
  case kind::kill:
    return with_text(caf::exit_reason::kill, {});
  case kind::killed:
    return with_text(caf::exit_reason::kill, killed_word);
  case kind::noproc:
    return with_text(caf::exit_reason::unknown, {});
  case kind::noconnection:
    return with_text(caf::exit_reason::remote_link_unreachable, {});
  case kind::timeout:
    return caf::make_error(caf::sec::request_timeout);
  case kind::error:
    break;
  }
  return with_text(caf::exit_reason::unhandled_exception, why.detail());
}

caf::error to_caf_over_link(const exit_reason& why) {
  using kind = exit_reason::kind;
  const auto exception = caf::exit_reason::unhandled_exception;
  if (why.is_kill())
    return with_text(exception, kill_word);
  if (why.what() == kind::killed)
    return with_text(exception, killed_word);
  return to_caf(why);
}

exit_reason from_caf(const caf::error& why) {
  if (!why)
    return exit_reason::normal();
  const auto text = text_of(why);
  if (why == caf::exit_reason::user_shutdown)
    return exit_reason::shutdown(text);
  if (why == caf::exit_reason::kill)
    return text == killed_word ? exit_reason::killed() : exit_reason::kill();
  if (why == caf::exit_reason::unknown
      || why == caf::sec::request_receiver_down)
    return exit_reason::noproc();
  if (why == caf::exit_reason::remote_link_unreachable)
    return exit_reason::noconnection();
  if (why == caf::sec::request_timeout)
    return exit_reason::timeout();
  if (why == caf::exit_reason::unhandled_exception && !text.empty()) {
    if (text == kill_word)
      return exit_reason::kill();
    return text == killed_word ? exit_reason::killed()
                               : exit_reason::error(text);
  }
  return exit_reason::error(to_string(why));
}

exit_reason ended_by(const caf::error& why) {
  auto reason = from_caf(why);
  return reason.is_kill() ? exit_reason::killed() : reason;
}

} // namespace bennu::runtime::detail
