#include "transport/detail/send_ring.hpp"

#include "runtime/assert.hpp"

#include <array>
#include <cerrno>

#include <liburing.h>
#include <sys/socket.h>

namespace bennu::transport::detail {

struct send_ring::ring {
  io_uring kernel{};

  /// Of what was added, in order; the kernel takes it in order, too.
  std::array<std::uint32_t, size_max> tags{};
  unsigned added = 0;

  unsigned under_way = 0; // taken by the kernel, and no result seen
  unsigned told = 0;      // taken by the kernel, or told that it was not
  bool refused = false;
};

void send_ring::closing::operator()(ring* x) const noexcept {
  ::io_uring_queue_exit(&x->kernel);
  delete x;
}

send_ring::send_ring() {
  auto made = std::make_unique<ring>();
  const auto opens = [&](unsigned flags) {
    return ::io_uring_queue_init(size_max, &made->kernel, flags) == 0;
  };
  // Since Linux 6.0; without them it is a little slower.
  if (opens(IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_COOP_TASKRUN) || opens(0))
    ring_.reset(made.release());
}

send_ring::send_ring(std::nullptr_t) noexcept {}
send_ring::send_ring(send_ring&&) noexcept = default;
send_ring& send_ring::operator=(send_ring&&) noexcept = default;
send_ring::~send_ring() = default;

bool send_ring::is_full() const noexcept {
  return ring_->added == size_max;
}

void send_ring::add(int fd, std::string_view bytes,
                    std::uint32_t tag) noexcept {
  auto& x = *ring_;
  BENNU_ASSERT(!is_full());
  auto* entry = ::io_uring_get_sqe(&x.kernel);
  // Not waiting, it is done or not when the call returns.
  ::io_uring_prep_send(entry, fd, bytes.data(), bytes.size(),
                       MSG_NOSIGNAL | MSG_DONTWAIT);
  entry->user_data = tag;
  x.tags[x.added++] = tag;
}

void send_ring::submit() noexcept {
  auto& x = *ring_;
  while (x.under_way < x.added) {
    const auto n = ::io_uring_submit(&x.kernel);
    if (n == -EINTR)
      continue;
    if (n <= 0)
      break;
    x.under_way += static_cast<unsigned>(n);
  }
  x.told = x.under_way;
  x.refused = x.told < x.added;
}

bool send_ring::next(result& x) noexcept {
  auto& from = *ring_;
  if (from.under_way > 0) {
    io_uring_cqe* seen = nullptr;
    while (::io_uring_wait_cqe(&from.kernel, &seen) < 0) {
    }
    x = {static_cast<std::uint32_t>(seen->user_data), seen->res};
    ::io_uring_cqe_seen(&from.kernel, seen);
    --from.under_way;
    return true;
  }
  if (from.told < from.added) {
    x = {from.tags[from.told++], -EAGAIN};
    return true;
  }
  from.added = 0;
  if (from.refused)
    ring_.reset();
  return false;
}

} // namespace bennu::transport::detail
