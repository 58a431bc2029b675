#include "transport/detail/accept_turn.hpp"

#include <algorithm>

#include <linux/filter.h>
#include <sys/socket.h>

namespace bennu::transport::detail {

namespace {

/// A program of one line: the listener that came `whose`th to this port. Where
/// there is none, as when one has just ended, the kernel spreads connections.
bool direct(int fd, std::uint32_t whose) noexcept {
  sock_filter line{BPF_RET | BPF_K, 0, 0, whose};
  const sock_fprog program{1, &line};
  return ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
                      sizeof program)
         == 0;
}

} // namespace

std::size_t accept_turn::length(std::uint64_t held,
                                std::uint64_t mean) const noexcept {
  if (held > mean + length_)
    return 1;
  if (held + length_ >= mean)
    return length_;
  return std::min<std::size_t>(mean - held, catch_up_max * length_);
}

bool accept_turn::begin(int fd) const noexcept {
  return direct(fd, whose_.load() % listeners_);
}

void accept_turn::pass(int fd) noexcept {
  // Several who pass at once skip none, but may leave the kernel with another
  // turn than the last: it is passed on like any.
  direct(fd, (whose_.fetch_add(1) + 1) % listeners_);
}

} // namespace bennu::transport::detail
