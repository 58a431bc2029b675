#pragma once

#include "channels/channel.hpp"
#include "observer/detail/desk.hpp"
#include "observer/detail/trace_tap.hpp"
#include "runtime/probe.hpp"

#include <memory>
#include <string>

namespace bennu::observer::detail {

/// What one viewer sees and does. Events, each answered:
///
///     sheets                              what there is to see
///     read {sheet, about, sort, reverse, filter, limit, offset, after}
///     history {points}                    the figures of the last minutes
///     trace {pid, limit, seconds}         pushes trace, and trace_ended
///     untrace
///     close {pid}                         of a socket: its client is closed
///     kill {pid}, exit {pid, reason}, suspend {pid}, resume {pid},
///     terminate_child {supervisor, id}, restart_child {supervisor, id}
///     dump                                to the node's disk: {file}
///
/// Where a pid stands, a registered name may. What is behind `untrace` needs
/// allow_destructive. Errors: `{reason, text}`, the text for people.
class viewer_channel final : public channels::channel {
public:
  explicit viewer_channel(desk_ptr at) : desk_(std::move(at)) {}
  ~viewer_channel() override;

  static channels::event_map<viewer_channel> events();

  channels::join_result join(const channels::topic& on,
                             const channels::json& params) override;
  channels::result handle_in(std::string_view event,
                             const channels::payload& x) override;
  channels::result handle_info(runtime::message& msg) override;

private:
  using json = channels::json;
  using result = channels::result;

  struct look_at_trace {};

  result on_sheets();
  result on_read(const json& x);
  result on_history(const json& x);
  result on_trace(const json& x);
  result on_untrace();
  result on_kill(const json& x);
  result on_exit(const json& x);
  result on_close(const json& x);
  result on_suspend(const json& x);
  result on_resume(const json& x);
  result on_terminate_child(const json& x);
  result on_restart_child(const json& x);
  result on_dump();

  bool is_busy() const;
  result send_exit(const json& x, const runtime::exit_reason& why);
  result child_request(const json& x, runtime::message what);
  result inspect(const json& x, const char* verb,
                 runtime::process::inspector f);
  void answer_later(std::shared_ptr<runtime::probe_answer> what);
  runtime::pid find(const json& x, const char* key) const;
  void note(const char* verb, const runtime::pid& on) const;
  void push_trace();
  void end_trace();

  desk_ptr desk_;
  std::size_t waiting_ = 0;
  trace_tap_ptr trace_;
  runtime::pid traced_;
};

} // namespace bennu::observer::detail
