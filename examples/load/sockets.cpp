#include "examples/load/sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace load {

namespace {

constexpr std::size_t events_max = 512;
constexpr std::size_t read_size = 64 * 1024;

int checked(int result, const char* what) {
  if (result < 0)
    throw std::system_error(errno, std::system_category(), what);
  return result;
}

void close_range_of(unsigned from, unsigned to) {
  if (from <= to)
    ::close_range(from, to, 0);
}

} // namespace

sockets::sockets(world& shared, std::vector<user>& users,
                 std::uint64_t first_user, live_figures& counted)
  : shared_(shared), users_(users), first_user_(first_user), counted_(counted),
    epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
    wake_(checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")),
    events_(events_max), buffer_(read_size) {
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.u32 = nobody;
  checked(::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &e), "epoll_ctl");
  shared.kept_files.insert({epoll_, wake_});
}

sockets::~sockets() {
  ::close(epoll_);
  ::close(wake_);
}

void sockets::take_own_files() {
  checked(::unshare(CLONE_FILES), "unshare");
  // Copies of what others have open would keep it open after they close it.
  // The threads' own stay: a wake from here has to find the same file.
  unsigned from = 3;
  for (const auto fd : shared_.kept_files) {
    const auto kept = static_cast<unsigned>(fd);
    close_range_of(from, kept - 1);
    from = kept + 1;
  }
  close_range_of(from, ~0u);
}

void sockets::wake() const {
  const std::uint64_t one = 1;
  static_cast<void>(::write(wake_, &one, sizeof one));
}

std::size_t sockets::poll(int timeout_ms) {
  const int n = ::epoll_wait(epoll_, events_.data(),
                             static_cast<int>(events_.size()), timeout_ms);
  return n < 0 ? 0 : static_cast<std::size_t>(n);
}

std::pair<std::uint32_t, std::uint32_t> sockets::event_at(std::size_t i) const {
  const auto& e = events_[i];
  if (e.data.u32 == nobody) {
    std::uint64_t sum = 0;
    static_cast<void>(::read(wake_, &sum, sizeof sum));
  }
  return {e.data.u32, e.events};
}

void sockets::watch(std::uint32_t who, int operation,
                    std::uint32_t events) const {
  epoll_event e{};
  e.events = events;
  e.data.u32 = who;
  ::epoll_ctl(epoll_, operation, users_[who].fd, &e);
}

bool sockets::bind_source(std::uint32_t who, int fd) const {
  const auto& how = shared_.how;
  const auto number = first_user_ + who + how.first_user;
  const std::size_t span = how.port_max == 0
                             ? how.ports_per_source
                             : std::size_t{how.port_max} - how.port_min + 1u;
  const auto source = number / span;
  sockaddr_in from{};
  from.sin_family = AF_INET;
  if (!how.sources.empty())
    from.sin_addr = how.sources[source % how.sources.size()];
  else if ((ntohl(shared_.what.target_of(who).address.sin_addr.s_addr) >> 24)
           == 127)
    from.sin_addr.s_addr =
      htonl(INADDR_LOOPBACK + static_cast<std::uint32_t>(source));
  else
    return true;
  if (how.port_max == 0) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return ::bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) == 0;
  }
  // A port that a listener has, or one left in TIME_WAIT: the next one.
  constexpr std::size_t tries_max = 64;
  for (std::size_t i = 0; i < std::min(span, tries_max); ++i) {
    from.sin_port =
      htons(static_cast<std::uint16_t>(how.port_min + (number + i) % span));
    if (::bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof from) == 0)
      return true;
  }
  return false;
}

bool sockets::connect(std::uint32_t who) {
  auto& x = users_[who];
  x.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (x.fd < 0) {
    counted_.add(counter::no_file);
    return false;
  }
  const int on = 1;
  ::setsockopt(x.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto& to = shared_.what.target_of(first_user_ + who).address;
  const bool bound = bind_source(who, x.fd);
  if (!bound
      || (::connect(x.fd, reinterpret_cast<const sockaddr*>(&to), sizeof to)
            != 0
          && errno != EINPROGRESS)) {
    if (!bound || errno == EADDRNOTAVAIL || errno == EADDRINUSE)
      counted_.add(counter::no_port);
    close(who);
    return false;
  }
  watch(who, EPOLL_CTL_ADD, EPOLLIN);
  return true;
}

void sockets::close(std::uint32_t who) {
  auto& x = users_[who];
  release_spill(who);
  x.wants_out = false;
  if (x.fd >= 0)
    ::close(x.fd);
  x.fd = -1;
}

sockets::spill& sockets::spill_of(std::uint32_t who) {
  auto& x = users_[who];
  if (x.spill == nobody) {
    if (free_spills_.empty()) {
      free_spills_.push_back(static_cast<std::uint32_t>(spills_.size()));
      spills_.emplace_back();
    }
    x.spill = free_spills_.back();
    free_spills_.pop_back();
  }
  return spills_[x.spill];
}

void sockets::release_spill(std::uint32_t who) {
  auto& x = users_[who];
  if (x.spill == nobody)
    return;
  spills_[x.spill] = {};
  free_spills_.push_back(x.spill);
  x.spill = nobody;
}

bool sockets::send(std::uint32_t who, std::string_view bytes) {
  auto& x = users_[who];
  if (x.spill != nobody && !spills_[x.spill].out.empty()) {
    spills_[x.spill].out += bytes;
    return true;
  }
  const auto n = ::send(x.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN)
    return false;
  const auto sent = n < 0 ? std::size_t{0} : static_cast<std::size_t>(n);
  counted_.add(counter::bytes_out, sent);
  if (sent < bytes.size()) {
    counted_.add(counter::send_blocked);
    spill_of(who).out = bytes.substr(sent);
    if (!x.wants_out)
      watch(who, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    x.wants_out = true;
  }
  return true;
}

bool sockets::flush(std::uint32_t who) {
  auto& x = users_[who];
  if (x.spill != nobody) {
    const auto waiting = std::exchange(spills_[x.spill].out, {});
    if (!waiting.empty() && !send(who, waiting))
      return false;
    if (!spills_[x.spill].out.empty())
      return true;
    if (spills_[x.spill].in.empty())
      release_spill(who);
  }
  if (x.wants_out)
    watch(who, EPOLL_CTL_MOD, EPOLLIN);
  x.wants_out = false;
  return true;
}

sockets::got sockets::receive(std::uint32_t who, std::string_view& bytes) {
  auto& x = users_[who];
  const auto n = ::recv(x.fd, buffer_.data(), buffer_.size(), 0);
  if (n <= 0)
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? got::nothing
                                                        : got::end;
  const auto size = static_cast<std::size_t>(n);
  counted_.add(counter::bytes_in, size);
  bytes = {buffer_.data(), size};
  if (x.spill != nobody && !spills_[x.spill].in.empty()) {
    // Moved out, so that keep() may store what views into it.
    const auto half = std::exchange(spills_[x.spill].in, {});
    if (buffer_.size() < read_size + half.size())
      buffer_.resize(read_size + half.size());
    std::copy_backward(
      buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size),
      buffer_.begin() + static_cast<std::ptrdiff_t>(size + half.size()));
    std::copy(half.begin(), half.end(), buffer_.begin());
    bytes = {buffer_.data(), half.size() + size};
  }
  return got::bytes;
}

void sockets::keep(std::uint32_t who, std::string_view rest) {
  auto& x = users_[who];
  if (!rest.empty())
    spill_of(who).in = rest;
  else if (x.spill != nobody && spills_[x.spill].out.empty())
    release_spill(who);
}

} // namespace load
