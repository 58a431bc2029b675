#include "observer/detail/viewer_channel.hpp"

#include "channels/socket.hpp"
#include "observer/detail/dumper.hpp"
#include "observer/detail/history.hpp"
#include "observer/detail/reader.hpp"
#include "observer/page_json.hpp"
#include "runtime/log.hpp"
#include "runtime/supervisor_requests.hpp"
#include "runtime/sys.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace bennu::observer::detail {

namespace {

using channels::json;
using namespace std::chrono_literals;

/// Beyond what the reader itself waits: only its end makes this fire.
constexpr std::chrono::seconds reader_timeout{30};

constexpr std::chrono::milliseconds trace_interval{100};

channels::result refused(const char* reason, std::string text) {
  return channels::error(
    {{"reason", reason}, {"text", to_utf8(std::move(text))}});
}

std::string text_of(const json& x, const char* key) {
  const auto at = x.find(key);
  return at != x.end() && at->is_string() ? at->get<std::string>() : "";
}

std::size_t number_of(const json& x, const char* key, std::size_t otherwise) {
  const auto at = x.find(key);
  return at != x.end() && at->is_number_unsigned() ? at->get<std::size_t>()
                                                   : otherwise;
}

/// What a supervisor or an inspector has said, as an answer to a viewer.
channels::result result_of(const runtime::message& x) {
  if (const auto* child = x.value_if<runtime::child_result>()) {
    if (!child->error.empty())
      return refused("failed", child->error);
    return channels::ok({{"pid", to_json(child->child)}});
  }
  if (const auto* before = x.value_if<bool>())
    return channels::ok({{"was", *before}});
  return channels::ok();
}

runtime::exit_reason reason_of(const std::string& text) {
  if (text.empty() || text == "shutdown")
    return runtime::exit_reason::shutdown();
  if (text == "normal")
    return runtime::exit_reason::normal();
  if (text == "kill")
    return runtime::exit_reason::kill();
  return runtime::exit_reason::error(
    text.substr(0, runtime::sheet_query::text_max));
}

} // namespace

viewer_channel::~viewer_channel() {
  end_trace();
}

channels::event_map<viewer_channel> viewer_channel::events() {
  return {
    {"sheets", &viewer_channel::on_sheets},
    {"read", &viewer_channel::on_read},
    {"history", &viewer_channel::on_history},
    {"trace", &viewer_channel::on_trace},
    {"untrace", &viewer_channel::on_untrace},
    {"kill", &viewer_channel::on_kill},
    {"exit", &viewer_channel::on_exit},
    {"close", &viewer_channel::on_close},
    {"suspend", &viewer_channel::on_suspend},
    {"resume", &viewer_channel::on_resume},
    {"terminate_child", &viewer_channel::on_terminate_child},
    {"restart_child", &viewer_channel::on_restart_child},
    {"dump", &viewer_channel::on_dump},
  };
}

channels::join_result viewer_channel::join(const channels::topic&,
                                           const json&) {
  const auto& node = desk_->observed;
  return channels::accept({
    {"node", to_utf8(node.name())},
    {"read_only", !desk_->options.allow_destructive},
    {"rows_max", runtime::sheet_query::rows_max},
  });
}

channels::result viewer_channel::handle_in(std::string_view event,
                                           const channels::payload&) {
  return refused("unknown_event",
                 "there is no event \"" + std::string(event) + "\"");
}

channels::result viewer_channel::handle_info(runtime::message& msg) {
  if (msg.holds<look_at_trace>())
    push_trace();
  return channels::no_reply;
}

// -- looking ------------------------------------------------------------------

channels::result viewer_channel::on_sheets() {
  auto all = json::array();
  for (const auto& x : runtime::probe::of(desk_->observed).sheets())
    all.push_back(to_json(x));
  return channels::ok({{"sheets", std::move(all)}});
}

bool viewer_channel::is_busy() const {
  return waiting_ >= desk_->options.questions_max;
}

channels::result viewer_channel::on_read(const json& x) {
  if (is_busy())
    return refused("busy", "too many questions at once");
  runtime::sheet_query what;
  try {
    what = query_of(x);
  } catch (const std::invalid_argument& e) {
    return refused("bad_question", e.what());
  }
  // A name may stand for a process's pid.
  if (what.sheet == "process" || what.sheet == "messages")
    if (const auto named = desk_->observed.whereis(what.about))
      what.about = to_string(named);
  ++waiting_;
  request(node().whereis(reader_name), reader_timeout, read_sheet{what})
    .then_message([this, to = ref(), sheet = what.sheet](
                    runtime::message* answer, const runtime::exit_reason* why) {
      --waiting_;
      if (!answer)
        reply(to, refused("failed", to_string(*why)));
      else if (const auto* page = answer->value_if<page_ptr>())
        reply(to, channels::ok(to_json(sheet, **page)));
      else if (const auto* text = answer->value_if<std::string>())
        reply(to, refused(*text == "busy" ? "busy" : "bad_question", *text));
    });
  return channels::no_reply;
}

channels::result viewer_channel::on_history(const json& x) {
  const auto most = desk_->options.history_points_max;
  return channels::ok(history_json(*desk_, number_of(x, "points", most)));
}

// -- tracing ------------------------------------------------------------------

channels::result viewer_channel::on_trace(const json& x) {
  if (trace_)
    return refused("busy", "one process is traced at a time; untrace it first");
  const auto id = find(x, "pid");
  if (!id)
    return refused("noproc", "there is no such process");
  const auto seconds = std::clamp<std::size_t>(
    number_of(x, "seconds", 10), 1,
    static_cast<std::size_t>(trace_tap::time_max.count()));
  trace_ = std::make_shared<trace_tap>(number_of(x, "limit", 100),
                                       runtime::real_clock().now()
                                         + std::chrono::seconds{seconds});
  traced_ = id;
  note("traces", id);
  answer_later(
    runtime::probe::of(desk_->observed)
      .inspect(id, runtime::sys::trace(
                     [tap = trace_](const runtime::sys::event& what) {
                       tap->note(what);
                     })));
  send_after(trace_interval, look_at_trace{});
  return channels::no_reply;
}

channels::result viewer_channel::on_untrace() {
  end_trace();
  return channels::ok();
}

void viewer_channel::push_trace() {
  if (!trace_)
    return;
  const auto [lines, over] = trace_->take();
  for (const auto& x : lines)
    push("trace", {{"text", to_utf8(x)}});
  if (!over) {
    send_after(trace_interval, look_at_trace{});
    return;
  }
  end_trace();
  push("trace_ended", json::object());
}

void viewer_channel::end_trace() {
  if (!trace_)
    return;
  trace_.reset();
  runtime::probe::of(desk_->observed).inspect(traced_, runtime::sys::trace({}));
}

// -- steering -----------------------------------------------------------------

runtime::pid viewer_channel::find(const json& x, const char* key) const {
  const auto text = text_of(x, key);
  return runtime::parse_pid(text).value_or(desk_->observed.whereis(text));
}

void viewer_channel::note(const char* verb, const runtime::pid& on) const {
  runtime::log(runtime::log_level::warning, "observer: {} {} {}",
               assigns<session>().peer, verb, to_string(on));
}

channels::result viewer_channel::send_exit(const json& x,
                                           const runtime::exit_reason& why) {
  if (!desk_->options.allow_destructive)
    return refused("read_only", "this node lets nobody kill: start it with "
                                "--allow-destructive");
  const auto id = find(x, "pid");
  if (!id)
    return refused("noproc", "there is no such process");
  note(why.is_kill() ? "kills" : "sends an exit signal to", id);
  desk_->observed.exit(id, why);
  return channels::ok({{"pid", to_json(id)}});
}

channels::result viewer_channel::on_kill(const json& x) {
  return send_exit(x, runtime::exit_reason::kill());
}

channels::result viewer_channel::on_exit(const json& x) {
  return send_exit(x, reason_of(text_of(x, "reason")));
}

channels::result viewer_channel::inspect(const json& x, const char* verb,
                                         runtime::process::inspector f) {
  if (!desk_->options.allow_destructive)
    return refused("read_only", "this node lets nobody act: start it with "
                                "--allow-destructive");
  const auto id = find(x, "pid");
  if (!id)
    return refused("noproc", "there is no such process");
  note(verb, id);
  answer_later(runtime::probe::of(desk_->observed).inspect(id, std::move(f)));
  return channels::no_reply;
}

/// The client gets 1012, as when the node drains: it comes back.
channels::result viewer_channel::on_close(const json& x) {
  return inspect(x, "closes", [](runtime::process& who) {
    if (!dynamic_cast<channels::socket*>(&who))
      throw std::runtime_error("this is no socket; exit ends any process");
    who.node().send(who.self(), channels::phx_drain{});
    return runtime::message{};
  });
}

channels::result viewer_channel::on_suspend(const json& x) {
  return inspect(x, "suspends", runtime::sys::suspend());
}

channels::result viewer_channel::on_resume(const json& x) {
  return inspect(x, "resumes", runtime::sys::resume());
}

channels::result viewer_channel::child_request(const json& x,
                                               runtime::message what) {
  if (!desk_->options.allow_destructive)
    return refused("read_only", "this node lets nobody steer supervisors: "
                                "start it with --allow-destructive");
  const auto supervisor = find(x, "supervisor");
  if (!supervisor)
    return refused("noproc", "there is no such supervisor");
  note("steers a child of", supervisor);
  answer_later(runtime::probe::of(desk_->observed)
                 .request(supervisor, 10s, std::move(what)));
  return channels::no_reply;
}

channels::result viewer_channel::on_terminate_child(const json& x) {
  const auto id = text_of(x, "id");
  if (const auto child = runtime::parse_pid(id))
    return child_request(
      x, runtime::make_message(runtime::terminate_child_pid{*child}));
  return child_request(x, runtime::make_message(runtime::terminate_child{id}));
}

channels::result viewer_channel::on_restart_child(const json& x) {
  return child_request(
    x, runtime::make_message(runtime::restart_child{text_of(x, "id")}));
}

/// A file there, not here: only where acting is allowed.
channels::result viewer_channel::on_dump() {
  if (!desk_->options.allow_destructive)
    return refused("read_only", "this node writes no file for a viewer: start "
                                "it with --allow-destructive, or dump to a "
                                "file of your own");
  if (is_busy())
    return refused("busy", "too many questions at once");
  const auto& peer = assigns<session>().peer;
  runtime::log(runtime::log_level::warning, "observer: {} asks for a dump",
               peer);
  ++waiting_;
  request(node().whereis(dumper_name), reader_timeout,
          write_dump{"asked for by " + peer})
    .then_message([this, to = ref()](runtime::message* answer,
                                     const runtime::exit_reason* why) {
      --waiting_;
      const auto* written = answer ? answer->value_if<dump_written>() : nullptr;
      if (written && written->error.empty())
        return reply(to, channels::ok({{"file", to_utf8(written->path)}}));
      reply(to, refused("failed", written ? written->error
                                  : why   ? to_string(*why)
                                          : "no answer"));
    });
  return channels::no_reply;
}

void viewer_channel::answer_later(std::shared_ptr<runtime::probe_answer> what) {
  request(node().whereis(reader_name), reader_timeout,
          await_answer{std::move(what)})
    .then_message([this, to = ref()](runtime::message* answer,
                                     const runtime::exit_reason* why) {
      if (!answer)
        reply(to, refused("failed", to_string(*why)));
      else if (const auto* text = answer->value_if<std::string>())
        reply(to, refused("failed", *text));
      else
        reply(to, result_of(*answer));
    });
}

} // namespace bennu::observer::detail
