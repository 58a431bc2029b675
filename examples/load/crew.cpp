#include "examples/load/crew.hpp"

#include "examples/load/plan.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace load {

crew crew::lead(std::uint16_t port, bool allow_remote, std::size_t processes,
                std::uint64_t users, std::chrono::seconds limit) {
  crew out{true, limit};
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const timeval wait{.tv_sec = limit.count(), .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(allow_remote ? INADDR_ANY : INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0
      || ::listen(fd, processes_max) != 0) {
    const std::string why = std::strerror(errno);
    ::close(fd);
    throw std::invalid_argument("others cannot join on port "
                                + std::to_string(port) + ": " + why
                                + "; see --crew-port");
  }
  auto next = users;
  while (out.peers_.size() + 1 < processes) {
    const int one = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (one < 0) {
      ::close(fd);
      throw std::runtime_error("the other processes did not come");
    }
    out.add(one);
    auto& other = out.peers_.back();
    const auto theirs = hear(other).at("users").get<std::uint64_t>();
    tell(other, {{"first_user", next}});
    next += theirs;
  }
  ::close(fd);
  return out;
}

crew crew::join(const std::string& where, bool allow_remote,
                std::uint64_t users, std::chrono::seconds limit) {
  crew out{false, limit};
  const auto to = parse_target("ws://" + where + "/", allow_remote);
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // The first may start a moment later.
  constexpr int tries = 50;
  int left = tries;
  while (::connect(fd, reinterpret_cast<const sockaddr*>(&to.address),
                   sizeof to.address)
         != 0)
    if (--left == 0 || ::poll(nullptr, 0, 100) != 0) {
      ::close(fd);
      throw std::invalid_argument("nobody leads at " + where
                                  + ": start the first with --processes");
    }
  out.add(fd);
  auto& first = out.peers_.back();
  tell(first, {{"users", users}});
  out.first_user_ = hear(first).at("first_user").get<std::uint32_t>();
  return out;
}

crew::crew(crew&& other) noexcept
  : leads_(other.leads_), limit_(other.limit_), first_user_(other.first_user_),
    peers_(std::exchange(other.peers_, {})) {}

crew::~crew() {
  for (const auto& x : peers_)
    ::close(x.fd);
}

void crew::add(int fd) {
  const timeval wait{.tv_sec = limit_.count(), .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  peers_.push_back({.fd = fd, .unread = {}});
}

void crew::tell(peer& to, const json& what) {
  const auto line = what.dump() + '\n';
  for (std::size_t sent = 0; sent < line.size();) {
    const auto n =
      ::send(to.fd, line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n <= 0)
      throw std::runtime_error("another process of the load is gone");
    sent += static_cast<std::size_t>(n);
  }
}

json crew::hear(peer& from) {
  char bytes[16384];
  for (;;) {
    if (const auto end = from.unread.find('\n'); end != std::string::npos) {
      auto out = json::parse(from.unread.substr(0, end));
      from.unread.erase(0, end + 1);
      return out;
    }
    const auto n = ::recv(from.fd, bytes, sizeof bytes, 0);
    if (n <= 0 || from.unread.size() > line_max)
      throw std::runtime_error("another process of the load is gone");
    from.unread.append(bytes, static_cast<std::size_t>(n));
  }
}

void crew::begin_together() {
  for (auto& x : peers_)
    leads_ ? static_cast<void>(hear(x)) : tell(x, "ready");
  for (auto& x : peers_)
    leads_ ? tell(x, "begin") : static_cast<void>(hear(x));
}

std::vector<contribution> crew::finish(const contribution& mine) {
  std::vector<contribution> out;
  for (auto& x : peers_) {
    if (!leads_) {
      tell(x, {{"result", mine.result}, {"figures", mine.all.to_json()}});
      continue;
    }
    auto theirs = hear(x);
    out.push_back({std::move(theirs.at("result")),
                   figures::from_json(theirs.at("figures"))});
  }
  return out;
}

json merged(const contribution& mine, const std::vector<contribution>& others) {
  auto out = mine.result;
  if (others.empty())
    return out;
  auto all = mine.all;
  auto planned = mine.result.at("users").at("planned").get<std::uint64_t>();
  auto processes = json::array({mine.result});
  bool ok = mine.result.at("ok").get<bool>();
  for (const auto& x : others) {
    all += x.all;
    planned += x.result.at("users").at("planned").get<std::uint64_t>();
    ok = ok && x.result.at("ok").get<bool>();
    for (const auto& limit : x.result.at("limits"))
      out["limits"].push_back(limit);
    processes.push_back(x.result);
  }
  out["ok"] = ok;
  out["users"] = {{"planned", planned},
                  {"arrived", all[counter::arrived]},
                  {"connected", all.connected()},
                  {"joined", all.joined_now()},
                  {"errors", all.errors()}};
  out["counts"] = all.counts();
  out["latency"] = all.latency();
  out["close_codes"] = all.close_codes();
  out["processes"] = std::move(processes);
  return out;
}

} // namespace load
