#pragma once

#include "runtime/behavior.hpp"
#include "runtime/exit_reason.hpp"
#include "runtime/fwd.hpp"
#include "runtime/message.hpp"
#include "runtime/pid.hpp"

#include <cstdint>
#include <functional>
#include <utility>

namespace bennu::runtime {

/// Whom a request came from: keep it to answer later with process::reply.
/// Mirrors gen_server's From. Value.
struct reply_to {
  pid from;
  std::uint64_t request = 0;
  explicit operator bool() const noexcept { return request != 0; }
};

/// What ended a request without an answer: `timeout`, `noproc`, or the reason
/// the answering process ended with.
using on_error = std::function<void(const exit_reason&)>;

/// A request that was sent and waits for `then`. Mirrors
/// gen_server:send_request. Confined to the asking process.
class [[nodiscard]] pending_request {
public:
  /// Calls `f` with the answer, whose types are exactly its parameters, or
  /// `failed` with the reason there is none. Both run as handlers of the
  /// asking process. An answer of other types is a failure. Without `failed` a
  /// failure ends the asking process, as it does in gen_server:call.
  template <class F>
  void then(F f, on_error failed = {});

  /// The same for an answer of any type; one of the two is null.
  using any_answer = std::function<void(message*, const exit_reason*)>;
  void then_message(any_answer f);

  /// Drops the answer and every failure.
  void ignore() {}

private:
  friend class process;
  pending_request(process& self, monitor_ref ref) : self_(self), ref_(ref) {}

  static void end_by_failed_request(process& self, const exit_reason& why);

  process& self_;
  monitor_ref ref_;
};

template <class F>
void pending_request::then(F f, on_error failed) {
  then_message([f = std::move(f), failed = std::move(failed), self = &self_](
                 message* answer, const exit_reason* why) mutable {
    detail::handled outcome;
    if (answer && detail::try_handler(f, *answer, outcome))
      return;
    const auto reason =
      why ? *why
          : exit_reason::error("unexpected answer " + answer->type_name());
    if (failed)
      failed(reason);
    else
      end_by_failed_request(*self, reason);
  });
}

} // namespace bennu::runtime
