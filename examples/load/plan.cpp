#include "examples/load/plan.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <stdexcept>

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netdb.h>

namespace load {

using namespace std::chrono_literals;

namespace {

/// Loopback, or an address of an interface that we see: of our own network
/// namespace.
bool is_ours(in_addr address) {
  if ((ntohl(address.s_addr) >> 24) == 127)
    return true;
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0)
    return false;
  bool found = false;
  for (auto* x = all; x && !found; x = x->ifa_next)
    found = x->ifa_addr && x->ifa_addr->sa_family == AF_INET
            && reinterpret_cast<sockaddr_in*>(x->ifa_addr)->sin_addr.s_addr
                 == address.s_addr;
  ::freeifaddrs(all);
  return found;
}

sockaddr_in look_up(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0 || !found)
    throw std::invalid_argument("no IPv4 address for the host " + host);
  auto out = *reinterpret_cast<sockaddr_in*>(found->ai_addr);
  ::freeaddrinfo(found);
  out.sin_port = htons(port);
  return out;
}

} // namespace

duration from_seconds(double s) {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>{s});
}

target parse_target(const std::string& url, bool allow_remote) {
  const auto bad = [&](const std::string& why) {
    return std::invalid_argument(url + ": " + why
                                 + "; write ws://HOST:PORT/PATH");
  };
  constexpr std::string_view scheme = "ws://";
  if (!url.starts_with(scheme))
    throw bad("not a ws:// address");
  const auto slash = url.find('/', scheme.size());
  const auto place = url.substr(scheme.size(), slash - scheme.size());
  target out;
  if (slash != std::string::npos)
    out.path = url.substr(slash);
  while (out.path.size() > 1 && out.path.ends_with('/'))
    out.path.pop_back();
  if (out.path.ends_with("/websocket"))
    out.path.erase(out.path.size() - std::string_view{"/websocket"}.size());
  if (out.path.find_first_of("? \r\n#") != std::string::npos)
    throw bad("a path without query");
  const auto colon = place.rfind(':');
  out.host = place.substr(0, colon);
  if (out.host.empty())
    throw bad("no host");
  if (colon != std::string::npos) {
    const auto* end = place.data() + place.size();
    const auto [at, error] =
      std::from_chars(place.data() + colon + 1, end, out.port);
    if (error != std::errc{} || at != end || out.port == 0)
      throw bad("no port");
  }
  out.address = look_up(out.host, out.port);
  if (!allow_remote && !is_ours(out.address.sin_addr))
    throw std::invalid_argument(
      out.host
      + " is another machine: a load is an attack to who did not ask "
        "for it; with its owner's consent add --allow-remote");
  return out;
}

duration pause::draw(prng& chance) const {
  switch (how) {
  case kind::uniform:
    return from_seconds(seconds + (seconds_max - seconds) * chance.uniform());
  case kind::exponential:
    return from_seconds(chance.exponential(seconds));
  case kind::fixed:
    break;
  }
  return from_seconds(seconds);
}

const step& next_step(const session& of, cursor& at, bool stopping) {
  for (;;) {
    const auto& x = of.steps[at.next];
    if (x.what == verb::repeat) {
      at.turns[x.depth] = 0;
      ++at.next;
    } else if (x.what == verb::end) {
      const auto& begin = of.steps[x.other];
      const auto turns = ++at.turns[x.depth];
      const bool again = begin.times == 0 ? !stopping : turns < begin.times;
      at.next = static_cast<std::uint16_t>(again ? x.other + 1 : at.next + 1);
    } else {
      if (x.what != verb::finish)
        ++at.next;
      return x;
    }
  }
}

void link_steps(session& x) {
  std::vector<std::uint16_t> open;
  for (std::size_t i = 0; i < x.steps.size(); ++i) {
    auto& at = x.steps[i];
    if (at.what == verb::repeat) {
      if (open.size() >= loops_max)
        throw std::invalid_argument("more than " + std::to_string(loops_max)
                                    + " loops inside each other");
      at.depth = static_cast<std::uint8_t>(open.size());
      open.push_back(static_cast<std::uint16_t>(i));
    } else if (at.what == verb::end) {
      if (open.empty())
        throw std::invalid_argument("an end without its loop");
      at.other = open.back();
      open.pop_back();
      at.depth = static_cast<std::uint8_t>(open.size());
      x.steps[at.other].other = static_cast<std::uint16_t>(i);
    }
  }
  if (!open.empty())
    throw std::invalid_argument("a loop without its end");
  x.steps.push_back({});
}

std::uint64_t users_in_all(const std::vector<arrival_phase>& phases) {
  std::uint64_t sum = 0;
  for (const auto& x : phases) {
    const auto by_time = static_cast<std::uint64_t>(
      std::chrono::duration<double>{x.length}.count() * x.per_second);
    if (x.users_max == 0)
      sum += by_time;
    else
      sum += x.length == 0s || x.per_second == 0
               ? x.users_max
               : std::min(x.users_max, by_time);
  }
  return sum;
}

std::uint64_t users_due(const std::vector<arrival_phase>& phases,
                        duration since) {
  std::uint64_t sum = 0;
  for (const auto& x : phases) {
    if (since < 0s)
      break;
    const auto all = users_in_all({x});
    if (x.per_second == 0) {
      sum += all;
      since -= x.length;
      continue;
    }
    // The first comes at once, as in Tsung.
    const auto come =
      static_cast<std::uint64_t>(std::chrono::duration<double>{since}.count()
                                 * x.per_second)
      + 1;
    if (come < all)
      return sum + come;
    sum += all;
    // A phase is over with its last user, not with its time.
    since -= x.users_max != 0 && all == x.users_max
               ? from_seconds(static_cast<double>(all) / x.per_second)
               : x.length;
  }
  return sum;
}

std::size_t plan::session_of(std::uint64_t user) const {
  if (speakers != 0)
    return (per_room == 0 ? user : user % per_room) < speakers ? 0 : 1;
  double all = 0;
  for (const auto& x : sessions)
    all += x.weight;
  auto left = prng{hash_of(seed, user)}.uniform() * all;
  for (std::size_t i = 0; i < sessions.size(); ++i) {
    left -= sessions[i].weight;
    if (left < 0)
      return i;
  }
  return sessions.size() - 1;
}

std::uint64_t plan::room_of(std::uint64_t user) const {
  return per_room == 0 ? 0 : user / per_room;
}

std::uint64_t plan::audience_of(std::uint64_t user) const {
  const auto room = room_of(user);
  return clustered ? room : room * targets.size() + user % targets.size();
}

std::uint64_t plan::audiences() const {
  const auto rooms = per_room == 0 ? 1 : (users + per_room - 1) / per_room;
  return clustered ? rooms : rooms * targets.size();
}

duration reconnect_after(unsigned tries) {
  constexpr std::array<int, 9> table{10,  50,  100,  150, 200,
                                     250, 500, 1000, 2000};
  if (tries == 0)
    return 0s;
  return tries <= table.size() ? std::chrono::milliseconds{table[tries - 1]}
                               : 5s;
}

} // namespace load
