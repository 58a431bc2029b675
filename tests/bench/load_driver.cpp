#include "tests/bench/load_driver.hpp"

#include "tests/bench/process_meter.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bennu::bench {

namespace {

/// A client's text frame with a mask of zero, so that it can be built once.
std::string masked_frame(std::string_view payload) {
  std::string frame{
    static_cast<char>(0x81),
    static_cast<char>(0x80 | std::min<std::size_t>(payload.size(), 126))};
  if (payload.size() >= 126) {
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  }
  frame.append(4, '\0');
  return frame.append(payload);
}

const std::string upgrade_request =
  "GET /socket/websocket?vsn=2.0.0 HTTP/1.1\r\n"
  "Host: 127.0.0.1\r\n"
  "Upgrade: websocket\r\n"
  "Connection: Upgrade\r\n"
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
  "Sec-WebSocket-Version: 13\r\n\r\n";
const std::string join_frame =
  masked_frame(R"(["1","1","rooms:lobby","phx_join",{}])");
const std::string ping_frame =
  masked_frame(R"(["1","7","rooms:lobby","ping",{"n":1}])");
const std::string message_frame =
  masked_frame(R"(["1","9","rooms:lobby","new_msg",{"body":")"
               + std::string(64, 'x') + "\"}]");

/// Ephemeral ports taken of one source address: far fewer than it has, since
/// the kernel searches longer for a free one the fewer there are.
constexpr std::size_t ports_per_address = 5'000;

enum class stage : std::uint8_t {
  idle,
  connecting,
  upgrading,
  joining,
  joined
};

struct client {
  int fd = -1;
  bench::stage stage = bench::stage::idle;
  std::string partial;
};

/// One thread's share of the connections.
class worker {
public:
  worker(const load_options& options, std::size_t first, std::size_t count)
    : options_(options), first_(first), clients_(count) {}

  void open() {
    ::unshare(CLONE_FILES);
    epoll_ = ::epoll_create1(0);
  }

  void close() {
    for (auto& x : clients_)
      if (x.fd >= 0)
        ::close(x.fd);
    ::close(epoll_);
  }

  load_result ramp(std::chrono::nanoseconds until) {
    result_ = {};
    next_ = 0;
    in_flight_ = 0;
    while (result_.done + result_.failed < clients_.size()
           && monotonic_now() < until) {
      while (in_flight_ < options_.in_flight_max && next_ < clients_.size())
        begin(next_++);
      poll([this](std::size_t i, unsigned) { step(i); });
    }
    result_.failed = clients_.size() - result_.done;
    return result_;
  }

  /// Awaits one frame on every joined connection.
  load_result receive(std::chrono::nanoseconds until, std::size_t expected) {
    result_ = {};
    while (result_.done < expected && monotonic_now() < until)
      poll([this](std::size_t i, unsigned) {
        result_.done += read_frames(clients_[i]);
      });
    result_.failed = expected - std::min(expected, result_.done);
    return result_;
  }

  void send_message() { send(clients_[0], message_frame); }

  load_result echo(std::size_t count, std::size_t outstanding,
                   std::chrono::nanoseconds until) {
    result_ = {};
    count = std::min(count, clients_.size());
    const auto burst = [&](std::size_t n) {
      std::string bytes;
      for (std::size_t i = 0; i < n; ++i)
        bytes += ping_frame;
      return bytes;
    };
    const auto first = burst(outstanding);
    for (std::size_t i = 0; i < count; ++i)
      send(clients_[i], first);
    while (monotonic_now() < until)
      poll([&](std::size_t i, unsigned) {
        const auto got = read_frames(clients_[i]);
        result_.done += got;
        if (got == 1)
          send(clients_[i], ping_frame);
        else if (got > 1)
          send(clients_[i], burst(got));
      });
    // Leaves nothing under way for the next phase.
    auto left = count * outstanding;
    const auto end = monotonic_now() + std::chrono::seconds{5};
    while (left > 0 && monotonic_now() < end)
      poll([&](std::size_t i, unsigned) {
        left -= std::min(left, read_frames(clients_[i]));
      });
    return result_;
  }

  std::size_t joined() const {
    return static_cast<std::size_t>(
      std::count_if(clients_.begin(), clients_.end(),
                    [](const client& x) { return x.stage == stage::joined; }));
  }

private:
  template <class F>
  void poll(F f) {
    std::array<epoll_event, 256> events{};
    const int n = ::epoll_wait(epoll_, events.data(), 256, 100);
    for (int i = 0; i < n; ++i) {
      const auto& e = events[static_cast<std::size_t>(i)];
      f(e.data.u32, e.events);
    }
  }

  void begin(std::size_t i) {
    auto& x = clients_[i];
    x.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (x.fd < 0)
      return fail(x);
    const int on = 1;
    ::setsockopt(x.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(x.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr =
      htonl(INADDR_LOOPBACK
            + static_cast<unsigned>((first_ + i) / ports_per_address));
    ::bind(x.fd, reinterpret_cast<sockaddr*>(&from), sizeof from);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(options_.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(x.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0
        && errno != EINPROGRESS)
      return fail(x);
    x.stage = stage::connecting;
    ++in_flight_;
    epoll_event e{};
    e.events = EPOLLOUT;
    e.data.u32 = static_cast<unsigned>(i);
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, x.fd, &e);
  }

  void step(std::size_t i) {
    auto& x = clients_[i];
    if (x.stage == stage::connecting) {
      x.stage = stage::upgrading;
      epoll_event e{};
      e.events = EPOLLIN;
      e.data.u32 = static_cast<unsigned>(i);
      ::epoll_ctl(epoll_, EPOLL_CTL_MOD, x.fd, &e);
      return send(x, upgrade_request);
    }
    if (x.stage == stage::joined)
      return static_cast<void>(read_frames(x));
    std::array<char, 4096> bytes{};
    const auto n = ::recv(x.fd, bytes.data(), bytes.size(), 0);
    if (n <= 0)
      return errno == EAGAIN && n < 0 ? void() : fail_in_flight(x);
    x.partial.append(bytes.data(), static_cast<std::size_t>(n));
    if (x.stage == stage::upgrading) {
      const auto end = x.partial.find("\r\n\r\n");
      if (end == std::string::npos)
        return;
      if (x.partial.compare(0, 12, "HTTP/1.1 101") != 0)
        return fail_in_flight(x);
      x.partial.erase(0, end + 4);
      x.stage = stage::joining;
      return send(x, join_frame);
    }
    if (take_frames(x) == 0)
      return;
    x.stage = stage::joined;
    x.partial.shrink_to_fit();
    --in_flight_;
    ++result_.done;
  }

  std::size_t read_frames(client& x) {
    std::array<char, 16384> bytes{};
    const auto n = ::recv(x.fd, bytes.data(), bytes.size(), 0);
    if (n <= 0)
      return 0;
    x.partial.append(bytes.data(), static_cast<std::size_t>(n));
    return take_frames(x);
  }

  /// Removes whole frames from the front; returns how many.
  static std::size_t take_frames(client& x) {
    std::size_t count = 0;
    std::string_view left = x.partial;
    while (left.size() >= 2) {
      std::size_t size = static_cast<unsigned char>(left[1]) & 0x7Fu;
      std::size_t header = 2;
      if (size == 126) {
        if (left.size() < 4)
          break;
        size =
          (static_cast<std::size_t>(static_cast<unsigned char>(left[2])) << 8)
          | static_cast<unsigned char>(left[3]);
        header = 4;
      }
      if (left.size() < header + size)
        break;
      left.remove_prefix(header + size);
      ++count;
    }
    x.partial.erase(0, x.partial.size() - left.size());
    return count;
  }

  static void send(client& x, std::string_view bytes) {
    static_cast<void>(::send(x.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }

  void fail_in_flight(client& x) {
    --in_flight_;
    fail(x);
  }

  void fail(client& x) {
    if (x.fd >= 0)
      ::close(std::exchange(x.fd, -1));
    x.stage = stage::idle;
    ++result_.failed;
  }

  const load_options& options_;
  std::size_t first_;
  std::vector<client> clients_;
  int epoll_ = -1;
  std::size_t next_ = 0;
  std::size_t in_flight_ = 0;
  load_result result_;
};

} // namespace

struct load_driver::impl {
  explicit impl(const load_options& o) : options(o) {
    auto threads =
      (o.connections + o.connections_per_thread - 1) / o.connections_per_thread;
    threads = std::max<std::size_t>(threads, 2);
    std::size_t first = 0;
    for (std::size_t i = 0; i < threads; ++i) {
      const auto next = o.connections * (i + 1) / threads;
      workers.push_back(std::make_unique<worker>(options, first, next - first));
      first = next;
    }
    for (auto& x : workers)
      running.emplace_back([this, &x] { serve(*x); });
  }

  ~impl() {
    run([](worker& x) {
      x.close();
      return load_result{};
    });
    stopping = true;
    ++round;
    round.notify_all();
    for (auto& x : running)
      x.join();
  }

  void serve(worker& mine) {
    mine.open();
    for (std::size_t seen = 0;;) {
      round.wait(seen);
      ++seen;
      if (stopping)
        return;
      const auto result = job(mine);
      done += result.done;
      failed += result.failed;
      --busy;
      busy.notify_all();
    }
  }

  load_result run(std::function<load_result(worker&)> what,
                  const std::function<void()>& meanwhile = {}) {
    job = std::move(what);
    done = failed = 0;
    busy = workers.size();
    const auto begin = monotonic_now();
    ++round;
    round.notify_all();
    if (meanwhile)
      meanwhile();
    for (auto left = busy.load(); left > 0; left = busy.load())
      busy.wait(left);
    return {monotonic_now() - begin, done, failed};
  }

  const load_options options;
  std::vector<std::unique_ptr<worker>> workers;
  std::vector<std::thread> running;
  std::function<load_result(worker&)> job;
  std::atomic<std::size_t> round{0};
  std::atomic<std::size_t> busy{0};
  std::atomic<std::size_t> done{0};
  std::atomic<std::size_t> failed{0};
  std::atomic<bool> stopping{false};
};

load_driver::load_driver(const load_options& options)
  : impl_(std::make_unique<impl>(options)) {}

load_driver::~load_driver() = default;

load_result load_driver::ramp(std::chrono::seconds limit) {
  const auto until = monotonic_now() + limit;
  return impl_->run([until](worker& x) { return x.ramp(until); });
}

load_result load_driver::broadcast(std::chrono::seconds limit) {
  const auto until = monotonic_now() + limit;
  auto* sender = impl_->workers.front().get();
  return impl_->run([until, sender](worker& x) {
    const auto expected = x.joined();
    if (&x == sender)
      x.send_message();
    return x.receive(until, expected);
  });
}

load_result load_driver::echo(std::size_t clients, std::size_t outstanding,
                              std::chrono::milliseconds length) {
  const auto until = monotonic_now() + length;
  const auto each =
    (clients + impl_->workers.size() - 1) / impl_->workers.size();
  auto result =
    impl_->run([=](worker& x) { return x.echo(each, outstanding, until); });
  result.took = length;
  return result;
}

} // namespace bennu::bench
