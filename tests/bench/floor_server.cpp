#include "tests/bench/floor_server.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bennu::bench {

namespace {

constexpr std::string_view accepted =
  "HTTP/1.1 101 Switching Protocols\r\n"
  "Upgrade: websocket\r\n"
  "Connection: Upgrade\r\n"
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string text_frame(std::string_view payload) {
  std::string frame{static_cast<char>(0x81), static_cast<char>(payload.size())};
  return frame.append(payload);
}

const std::string joined = text_frame(
  R"(["1","1","rooms:lobby","phx_reply",{"response":{},"status":"ok"}])");
const std::string echoed = text_frame(
  R"(["1","7","rooms:lobby","phx_reply",{"response":{"n":1},"status":"ok"}])");

/// One thread of the floor.
class loop {
public:
  explicit loop(std::uint16_t port) : port_(port) {}

  void set_peers(const std::vector<std::unique_ptr<loop>>& peers) {
    peers_ = &peers;
  }

  void open() {
    wake_ = ::eventfd(0, EFD_NONBLOCK);
    epoll_ = ::epoll_create1(0);
    watch(wake_);
  }

  void listen() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address)
          != 0
        || ::listen(listener_, 4096) != 0)
      std::_Exit(2);
    watch(listener_);
  }

  void run() {
    std::array<epoll_event, 256> events{};
    for (;;) {
      const int n = ::epoll_wait(epoll_, events.data(), 256, -1);
      for (int i = 0; i < n; ++i)
        handle(events[static_cast<std::size_t>(i)].data.fd);
    }
  }

private:
  void watch(int fd) const {
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = fd;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e);
  }

  void handle(int fd) {
    if (fd == listener_)
      return accept_some();
    if (fd == wake_)
      return broadcast();
    std::array<char, 4096> bytes{};
    const auto n = ::recv(fd, bytes.data(), bytes.size(), 0);
    if (n <= 0) {
      ::close(fd);
      stage(fd) = 0;
      return;
    }
    answer(fd, {bytes.data(), static_cast<std::size_t>(n)});
  }

  void answer(int fd, std::string_view bytes) {
    auto& at = stage(fd);
    if (at == 1) {
      at = 2;
      send(fd, accepted);
    } else if (at == 2) {
      at = 3;
      send(fd, joined);
    } else if (bytes.find("new_msg") != std::string_view::npos) {
      for (const auto& peer : *peers_) {
        const std::uint64_t one = 1;
        static_cast<void>(::write(peer->wake_, &one, sizeof one));
      }
    } else {
      // As many answers as frames came, in one write.
      std::size_t frames = 0;
      for (auto left = bytes; left.size() > 6; ++frames)
        left.remove_prefix(std::min(
          left.size(),
          std::size_t{6} + (static_cast<unsigned char>(left[1]) & 0x7Fu)));
      std::string out;
      for (std::size_t i = 0; i < frames; ++i)
        out += echoed;
      send(fd, out);
    }
  }

  void accept_some() {
    for (int i = 0; i < 64; ++i) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0)
        return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      stage(fd) = 1;
      watch(fd);
    }
  }

  void broadcast() {
    std::uint64_t count = 0;
    static_cast<void>(::read(wake_, &count, sizeof count));
    const auto frame =
      text_frame(R"([null,null,"rooms:lobby","new_msg",{"body":")"
                 + std::string(64, 'x') + "\"}]");
    for (std::size_t fd = 0; fd < stages_.size(); ++fd)
      if (stages_[fd] == 3)
        send(static_cast<int>(fd), frame);
  }

  static void send(int fd, std::string_view bytes) {
    static_cast<void>(
      ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  }

  unsigned char& stage(int fd) {
    const auto at = static_cast<std::size_t>(fd);
    if (at >= stages_.size())
      stages_.resize(at + 1024);
    return stages_[at];
  }

  std::uint16_t port_;
  int wake_ = -1;
  int epoll_ = -1;
  int listener_ = -1;
  std::vector<unsigned char> stages_;
  const std::vector<std::unique_ptr<loop>>* peers_ = nullptr;
};

} // namespace

void run_floor_server(std::uint16_t port, std::size_t threads) {
  std::vector<std::unique_ptr<loop>> loops;
  for (std::size_t i = 0; i < threads; ++i) {
    loops.push_back(std::make_unique<loop>(port));
    loops.back()->open();
  }
  std::vector<std::thread> running;
  for (auto& x : loops) {
    x->set_peers(loops);
    running.emplace_back([&x] {
      ::unshare(CLONE_FILES);
      x->listen();
      x->run();
    });
  }
  for (auto& x : running)
    x.join();
  std::_Exit(0);
}

} // namespace bennu::bench
