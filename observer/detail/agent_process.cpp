#include "observer/detail/agent_process.hpp"

#include "channels/pubsub/pubsub.hpp"
#include "observer/detail/dumper.hpp"
#include "observer/detail/gate.hpp"
#include "observer/detail/history.hpp"
#include "observer/detail/reader.hpp"
#include "runtime/log.hpp"
#include "runtime/probe.hpp"
#include "runtime/supervisor.hpp"
#include "transport/endpoint.hpp"

#include <charconv>
#include <cstdint>
#include <stdexcept>
#include <utility>

#include <unistd.h>

namespace bennu::observer::detail {

namespace {

using runtime::log_level;
using namespace std::chrono_literals;

constexpr auto endpoint_name = "observer.endpoint";
constexpr auto pubsub_name = "observer.pubsub";

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// Its thread runs one viewer's question after the other: it needs few of
/// anything.
runtime::node_options own_node(const std::string& observed) {
  return {.name = "observer of " + observed,
          .shards = 1,
          .long_handler = 1'000ms,
          .detached_max = 1,
          .blocking_threads = 1,
          .stop_timeout = 5'000ms};
}

bool uses_tls(const agent_options& x) {
  return !x.certificate_file.empty();
}

runtime::supervisor_spec tree(const desk_ptr& at) {
  const auto& x = at->options;
  return runtime::rest_for_one(
    "observer", {.max_restarts = 10, .within = 5s},
    channels::pubsub_spec({.name = pubsub_name}),
    runtime::worker_of<reader>(reader_name, at),
    runtime::worker_of<historian>("observer.historian", at),
    runtime::worker_of<dumper>(dumper_name, at),
    transport::endpoint({
      .name = endpoint_name,
      .port = uses_tls(x) ? std::uint16_t{0} : x.port,
      .host = uses_tls(x) ? "127.0.0.1" : x.host,
      .pubsub = pubsub_name,
      .sockets = {{"/observer", viewer_socket(at)}},
      .static_dir = x.static_dir,
      .message_max = x.message_max,
      .write_queue_max = x.write_queue_max,
      .pending_max = 4 * x.viewers_max,
      .backlog = 64,
      .connections_expected = 5 * x.viewers_max,
      .drain = {.batch_size = x.viewers_max, .shutdown = 1'000ms},
    }));
}

/// `after`: the number of the last line that the viewer has; `about`: the least
/// level, all when it is none.
std::unique_ptr<runtime::sheet_scan>
look_at_log(const runtime::log_tap& log, const runtime::sheet_query& q) {
  std::uint64_t after = 0;
  std::from_chars(q.after.data(), q.after.data() + q.after.size(), after);
  return runtime::scan_once(
    [lines = log.lines(after), level = q.about](auto& to) {
      const auto least =
        level.empty() ? log_level::debug : runtime::parse_log_level(level);
      for (const auto& x : lines)
        if (x.level >= least)
          to.offer({runtime::number_cell(x.number), time_of_day(x.time),
                    to_string(x.level), runtime::text_cell(x.text)});
    });
}

/// The log, as long as somebody keeps it.
void publish_log(runtime::node& node,
                 const std::shared_ptr<runtime::log_tap>& log) {
  using runtime::cell_kind;
  runtime::probe::of(node).publish({
    .name = "log",
    .source = "observer",
    .columns = {{"no", cell_kind::integer},
                {"time", cell_kind::text},
                {"level", cell_kind::text},
                {"line", cell_kind::text}},
    .scope = runtime::sheet_scope::node,
    .sort = "no",
    .scan = [weak = std::weak_ptr{log}](runtime::shard*,
                                        const runtime::sheet_query& q)
      -> std::unique_ptr<runtime::sheet_scan> {
      const auto alive = weak.lock();
      return alive ? look_at_log(*alive, q) : nullptr;
    },
  });
}

} // namespace

agent_process::agent_process(agent_options options)
  : options_(std::move(options)) {}

agent_process::~agent_process() {
  // Kept until now, so that who finds it finds an agent.
  if (!written_token_.empty())
    ::unlink(written_token_.c_str());
}

token agent_process::find_token() const {
  return options_.token_file.empty() ? token::random()
                                     : token::read(options_.token_file);
}

void agent_process::init() {
  trap_exit(true);
  if (!is_loopback(options_.host) && !uses_tls(options_))
    exit(runtime::exit_reason::error(
      fmt::format("the observer listens on loopback addresses only, not on {}: "
                  "without TLS its token could be read on the way; give it "
                  "certificate_file and key_file (of bennu-chat: "
                  "--observer-certificate and --observer-key), or use "
                  "127.0.0.1 and, from elsewhere, ssh -L",
                  options_.host)));
  if (uses_tls(options_) == options_.key_file.empty())
    exit(runtime::exit_reason::error(
      "the observer's certificate_file and key_file go together"));
  try {
    start(std::make_shared<desk>(node(), options_, find_token()));
  } catch (const std::runtime_error& e) {
    exit(runtime::exit_reason::error(e.what()));
  }
}

void agent_process::start(const desk_ptr& at) {
  log_ = std::make_shared<runtime::log_tap>();
  publish_log(node(), log_);
  reports_ = report_book::open(node());
  publish_history(node(), at->past);
  own_ = std::make_unique<runtime::node>(own_node(node().name()));
  if (const auto why = own_->start(tree(at)))
    throw std::runtime_error(why->detail().empty() ? to_string(*why)
                                                   : why->detail());
  port_ = transport::bound_port(*own_, endpoint_name);
  if (uses_tls(options_))
    secure(at);
  auto where = options_.token_file;
  if (where.empty()) {
    where = written_token_ = token_path(port_);
    at->secret.write(where);
  }
  runtime::log(log_level::info, "observer: {}://{}:{}, {}; the token is in {}",
               uses_tls(options_) ? "wss" : "ws", options_.host, port_,
               options_.allow_destructive ? "may kill" : "read-only", where);
}

/// The endpoint itself listens on a port of the machine only.
void agent_process::secure(const desk_ptr& at) {
  relay_ = std::make_unique<transport::tls_relay>(
    transport::tls_relay_options{.host = options_.host,
                                 .port = options_.port,
                                 .certificate_file = options_.certificate_file,
                                 .key_file = options_.key_file,
                                 .to_port = port_,
                                 .connections_max = 4 * options_.viewers_max});
  at->relay = relay_.get();
  port_ = relay_->port();
}

void agent_process::handle_message(runtime::message&) {}

void agent_process::terminate(const runtime::exit_reason&) {
  own_.reset();
}

} // namespace bennu::observer::detail
