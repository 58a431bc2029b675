// The floor: the leanest program that does a chat node's socket work.
//
//   floor_server --port N [--threads N]
//
// It answers the first bytes of a connection with a fixed 101, and then each
// frame with a fixed frame of the size the node would send; a frame that holds
// "new_msg" goes to every connection by a loop of send(). No protocol, no
// processes: it takes for granted that bennu-load is the client. Threads share
// the port, and each has its own file table. Runs until it is killed.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

constexpr std::string_view upgrade_answer =
  "HTTP/1.1 101 Switching Protocols\r\n"
  "Upgrade: websocket\r\n"
  "Connection: Upgrade\r\n"
  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string text_frame(std::string_view payload) {
  std::string frame{static_cast<char>(0x81)};
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else {
    frame += static_cast<char>(126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size());
  }
  return frame.append(payload);
}

std::string reply_frame(std::string_view head, std::string_view response) {
  return text_frame(std::string{head} + R"("phx_reply",{"response":)"
                    + std::string{response} + R"(,"status":"ok"}])");
}

const std::string join_reply = reply_frame(R"(["1","1","rooms:lobby",)", "{}");
const std::string leave_reply = reply_frame(R"(["1","2","rooms:lobby",)", "{}");
const std::string echo_reply =
  reply_frame(R"(["1","7","rooms:lobby",)", R"({"n":1})");
const std::string heartbeat_reply =
  reply_frame(R"([null,"h","phoenix",)", "{}");

/// The length of the client's frame that `bytes` begin with.
std::size_t frame_size(std::string_view bytes) {
  const auto byte = [bytes](std::size_t i) {
    return std::size_t{static_cast<unsigned char>(bytes[i])};
  };
  const auto length = byte(1) & 0x7F;
  return length < 126 || bytes.size() < 4 ? 6 + length
                                          : 8 + (byte(2) << 8 | byte(3));
}

/// One thread of the floor.
class loop {
public:
  explicit loop(std::uint16_t port) : port_(port) {}

  void set_peers(const std::vector<std::unique_ptr<loop>>& peers) {
    peers_ = &peers;
  }

  // Before the thread has a file table of its own: others wake it.
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
        || ::listen(listener_, 4096) != 0) {
      std::perror("floor_server");
      std::_Exit(2);
    }
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
  enum class stage : unsigned char { gone, open, upgraded, joined };

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
    std::array<char, 4096> bytes;
    const auto n = ::recv(fd, bytes.data(), bytes.size(), 0);
    // A close frame, or the end.
    if (n <= 0 || bytes[0] == static_cast<char>(0x88)) {
      ::close(fd);
      stage_of(fd) = stage::gone;
      return;
    }
    answer(fd, {bytes.data(), static_cast<std::size_t>(n)});
  }

  void answer(int fd, std::string_view bytes) {
    auto& at = stage_of(fd);
    if (at == stage::open) {
      at = stage::upgraded;
      return send(fd, upgrade_answer);
    }
    if (at == stage::upgraded) {
      at = stage::joined;
      return send(fd, join_reply);
    }
    if (const auto said = bytes.find("new_msg"); said != bytes.npos)
      return say(bytes.substr(bytes.find('{', said)));
    // As many answers as frames came, in one write.
    std::string out;
    for (auto rest = bytes; rest.size() > 6;) {
      const auto size = std::min(rest.size(), frame_size(rest));
      const auto frame = rest.substr(0, size);
      out += frame.find("heartbeat") != frame.npos   ? heartbeat_reply
             : frame.find("phx_leave") != frame.npos ? leave_reply
                                                     : echo_reply;
      rest.remove_prefix(size);
    }
    send(fd, out);
  }

  void accept_some() {
    for (int i = 0; i < 64; ++i) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0)
        return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      stage_of(fd) = stage::open;
      watch(fd);
    }
  }

  /// Hands what everybody is to hear to every thread. The client's mask is
  /// zero.
  void say(std::string_view payload_and_bracket) {
    const auto frame = text_frame(R"([null,null,"rooms:lobby","new_msg",)"
                                  + std::string{payload_and_bracket});
    for (const auto& peer : *peers_) {
      {
        const std::lock_guard guard{peer->mutex_};
        peer->said_.push_back(frame);
      }
      ::eventfd_write(peer->wake_, 1);
    }
  }

  void broadcast() {
    eventfd_t count = 0;
    ::eventfd_read(wake_, &count);
    std::vector<std::string> frames;
    {
      const std::lock_guard guard{mutex_};
      frames.swap(said_);
    }
    for (const auto& frame : frames)
      for (std::size_t fd = 0; fd < stages_.size(); ++fd)
        if (stages_[fd] == stage::joined)
          send(static_cast<int>(fd), frame);
  }

  static void send(int fd, std::string_view bytes) {
    static_cast<void>(
      ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  }

  stage& stage_of(int fd) {
    const auto at = static_cast<std::size_t>(fd);
    if (at >= stages_.size())
      stages_.resize(at + 1024);
    return stages_[at];
  }

  std::uint16_t port_;
  int wake_ = -1;
  int epoll_ = -1;
  int listener_ = -1;
  std::vector<stage> stages_;
  const std::vector<std::unique_ptr<loop>>* peers_ = nullptr;
  std::mutex mutex_;
  std::vector<std::string> said_;
};

} // namespace

int main(int argc, char** argv) {
  std::uint16_t port = 0;
  std::size_t threads = 2;
  CLI::App app{"Does a chat node's socket work, and nothing else."};
  app.add_option("--port", port)->required();
  app.add_option("--threads", threads)->check(CLI::Range(1, 1000));
  CLI11_PARSE(app, argc, argv);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
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
}
