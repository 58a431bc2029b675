#include "transport/listener.hpp"

#include "runtime/log.hpp"
#include "runtime/shard.hpp"
#include "transport/detail/file_limit.hpp"
#include "transport/detail/tcp.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bennu::transport {

namespace {

using runtime::log_level;

struct resume_accepting {};

constexpr std::chrono::milliseconds pause_length{100};

int open_reserve() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

} // namespace

listener::listener(detail::endpoint_state_ptr state)
  : state_(std::move(state)) {}

listener::~listener() {
  if (shared_)
    shared_->connections.close(id_);
  if (reserve_ >= 0)
    ::close(reserve_);
}

detail::endpoint_state::part& listener::part() {
  return *state_->parts[home().index()];
}

std::string listener::label() const {
  return "listener of " + state_->options.name;
}

void listener::init() {
  const auto& options = state_->options;
  shared_ = part().transport;
  shared_->end_drain();
  const auto shared_port = state_->port.load();
  const auto wanted = options.port ? options.port : state_->last_port->load();
  int fd = -1;
  try {
    fd = detail::listen_on({.host = options.host,
                            .port = shared_port ? shared_port : wanted,
                            .backlog = options.backlog,
                            .shared = shared_port != 0});
  } catch (const detail::listen_error& e) {
    // The user's mistake, not a crash: one line, no report.
    exit(runtime::exit_reason::error(e.what()));
  }
  state_->port = detail::local_port(fd);
  *state_->last_port = state_->port.load();
  if (state_->turn.taken() && !state_->turn.begin(fd))
    runtime::log(log_level::warning,
                 "{} takes no turns, the kernel spreads connections: {}",
                 label(), std::strerror(errno));
  reserve_ = open_reserve();
  id_ = shared_->connections.add(fd, *this, detail::patience::endless);
  if (!id_)
    exit(runtime::exit_reason::error("the listening socket is not watched"));
}

void listener::handle_message(runtime::message& msg) {
  if (msg.holds<resume_accepting>())
    return resume();
  if (msg.holds<stop_accepting>()) {
    shared_->connections.close(std::exchange(id_, {}));
    return reply(take_reply_to(), accepting_stopped{});
  }
  runtime::log(log_level::error, "{} received an unexpected message: {}",
               label(), msg.type_name());
}

// -- accepting ----------------------------------------------------------------

void listener::ready(detail::connection_id, readiness) {
  home().run_as(*this, [this] { accept_some(); });
}

void listener::accept_some() {
  for (std::size_t i = 0; i < state_->options.accept_batch_max; ++i) {
    const auto fd = accept_one();
    if (fd < 0) {
      if (!accept_failed(errno))
        return;
      continue;
    }
    if (std::exchange(refusing_, false))
      runtime::log(log_level::info,
                   "{} accepts again; {} connections were refused", label(),
                   std::exchange(refused_, 0));
    part().counters.accepted.add();
    part().http->accepted(fd);
    count_turn();
  }
}

void listener::count_turn() {
  if (!state_->turn.taken())
    return;
  if (late_ > 0) {
    --late_;
    return;
  }
  if (left_ == 0)
    left_ = state_->turn.length(part().counters.open.value(),
                                state_->count().open / state_->parts.size());
  if (--left_ == 0)
    pass_turn();
}

void listener::pass_turn() {
  const auto fd = shared_->connections.fd(id_);
  state_->turn.pass(fd);
  late_ = detail::waiting_to_be_accepted(fd);
}

int listener::accept_one() {
  return ::accept4(shared_->connections.fd(id_), nullptr, nullptr,
                   SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/// True when the next one may fare better.
bool listener::accept_failed(int error) {
  switch (error) {
  case EAGAIN:
    late_ = 0;
    return false;
  case EMFILE:
  case ENFILE:
  case ENOBUFS:
  case ENOMEM:
    begin_refusing(error);
    // Others may have room.
    if (state_->turn.taken())
      pass_turn();
    if (refuse_one())
      return true;
    pause();
    return false;
  case EINTR:
  case ECONNABORTED:
  case EPROTO:
  case EPERM:
    return true;
  default:
    runtime::log(log_level::error, "{} cannot accept: {}", label(),
                 std::strerror(error));
    pause();
    return false;
  }
}

// -- out of descriptors -------------------------------------------------------

void listener::begin_refusing(int error) {
  if (std::exchange(refusing_, true))
    return;
  refused_ = 0;
  runtime::log(log_level::error,
               "{} is out of file descriptors ({}): new connections get 503. "
               "{}",
               label(), std::strerror(error), detail::how_to_raise_limit());
}

bool listener::refuse_one() {
  if (reserve_ < 0)
    return false;
  ::close(std::exchange(reserve_, -1));
  const auto fd = accept_one();
  const auto error = errno;
  if (fd >= 0) {
    detail::refuse_connection(
      fd, detail::refusal(503, "This node is full: try again later."));
    part().counters.accepted.add();
    part().counters.refused.add();
    ++refused_;
  }
  reserve_ = open_reserve();
  return fd >= 0 || error == EAGAIN;
}

/// Another thread may have taken the reserve: leave the socket alone for a
/// moment, since it stays readable and would keep the shard busy.
void listener::pause() {
  shared_->connections.watch(id_, detail::connection_set::interest::nothing);
  send_after(pause_length, resume_accepting{});
}

void listener::resume() {
  if (reserve_ < 0)
    reserve_ = open_reserve();
  shared_->connections.watch(id_, detail::connection_set::interest::read);
}

} // namespace bennu::transport
