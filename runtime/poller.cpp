#include "runtime/poller.hpp"

#include "runtime/assert.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <limits>
#include <stdexcept>
#include <system_error>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace bennu::runtime {

namespace {

/// In place of a handler and its key.
constexpr std::uint64_t woken = ~std::uint64_t{0};

int opened(int fd, const char* what) {
  if (fd < 0)
    throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

epoll_event event_of(std::uint8_t who, poller::key which,
                     std::uint32_t events) {
  BENNU_ASSERT(which >> poller::key_bits == 0);
  epoll_event out{};
  out.events = events;
  out.data.u64 = std::uint64_t{who} << poller::key_bits | which;
  return out;
}

/// For epoll_wait, which counts milliseconds and takes -1 for no limit.
int milliseconds(duration limit) {
  if (limit == duration::max())
    return -1;
  const auto whole = std::chrono::ceil<std::chrono::milliseconds>(limit);
  return static_cast<int>(std::clamp<std::chrono::milliseconds::rep>(
    whole.count(), 0, std::numeric_limits<int>::max()));
}

} // namespace

poller::poller()
  : epoll_(opened(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
    wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
    found_(std::make_unique<epoll_event[]>(events_max)) {
  epoll_event event{};
  // By edges: then nobody has to read it.
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = woken;
  if (wake_ >= 0 && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) == 0)
    return;
  const auto error = errno;
  ::close(epoll_);
  if (wake_ >= 0)
    ::close(wake_);
  throw std::system_error(error, std::generic_category(), "eventfd");
}

poller::~poller() {
  ::close(wake_);
  ::close(epoll_);
}

poller::handler_number poller::add(handler& who) {
  auto at = std::find(handlers_.begin(), handlers_.end(), nullptr);
  if (at == handlers_.end()) {
    if (handlers_.size() == handlers_max)
      throw std::length_error("too many handlers of descriptors on one shard");
    at = handlers_.insert(at, nullptr);
  }
  *at = &who;
  return static_cast<handler_number>(at - handlers_.begin());
}

void poller::remove(handler_number who) noexcept {
  handlers_[who] = nullptr;
  // Another may get its number before they are told.
  for (std::size_t i = 0; i < found_count_; ++i)
    if (found_[i].data.u64 >> key_bits == who)
      found_[i].data.u64 = woken;
}

bool poller::watch(handler_number who, int fd, key which,
                   std::uint32_t events) noexcept {
  auto event = event_of(who, which, events);
  return ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0;
}

void poller::change(handler_number who, int fd, key which,
                    std::uint32_t events) noexcept {
  auto event = event_of(who, which, events);
  ::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event);
}

void poller::wait(duration limit) noexcept {
  const auto n =
    ::epoll_wait(epoll_, found_.get(), events_max, milliseconds(limit));
  found_count_ = n < 0 ? 0 : static_cast<std::size_t>(n);
}

bool poller::dispatch() {
  const auto count = found_count_;
  for (std::size_t i = 0; i < count; ++i) {
    const auto [events, data] = found_[i];
    if (data.u64 != woken)
      handlers_[data.u64 >> key_bits]->ready(
        data.u64 & ((key{1} << key_bits) - 1), events);
  }
  found_count_ = 0;
  return count > 0;
}

void poller::wake() noexcept {
  // A full counter has woken it.
  static_cast<void>(::eventfd_write(wake_, 1));
}

} // namespace bennu::runtime
