// The first bytes of a connection: http, maybe an upgrade, a poll or a push.
#include "runtime/assert.hpp"
#include "transport/detail/site.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace bennu;
using transport::detail::http_read;

constexpr std::size_t pushes_max = 10;

/// How the network cuts a request must not matter.
void read_in_pieces(std::string_view bytes,
                    const transport::detail::http_limits& limits,
                    const http_read& whole) {
  constexpr std::size_t piece = 7;
  transport::detail::http_reader reader{limits};
  http_read read;
  std::size_t used = 0;
  for (auto end = piece; read.what == http_read::kind::incomplete;
       end += piece) {
    end = std::min(end, bytes.size());
    read = reader.read(bytes.substr(used, end - used));
    used += read.size;
    if (end == bytes.size())
      break;
  }
  const bool complete = whole.what == http_read::kind::complete;
  BENNU_ASSERT((read.what == http_read::kind::complete) == complete);
  if (!complete)
    return;
  BENNU_ASSERT(used == whole.size);
  BENNU_ASSERT(read.request.headers() == whole.request.headers());
  BENNU_ASSERT(read.request.body() == whole.request.body());
}

transport::detail::site make_site() {
  transport::detail::site::options options;
  const auto connect = [](const channels::connect_request& request) {
    channels::connect_outcome outcome;
    if (request.param("token"))
      outcome.accepted.emplace();
    return outcome;
  };
  options.mounts.push_back({"/socket/websocket", connect, {"phoenix", "b"}});
  options.mounts.push_back({"/rooms/:room/:id/websocket", connect});
  options.mounts[0].compress = true;
  options.mounts[0].auth_token = true;
  options.mounts[1].long_poll_path = "/rooms/:room/:id/longpoll";
  options.mounts[1].long_poll.body_max = 20'000;
  options.mounts[1].long_poll.pushes_max = pushes_max;
  options.message_max = 1000;
  options.origin_check = {"https://a.com", "//*.b.com:80"};
  return transport::detail::site{std::move(options)};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static const auto site = make_site();
  std::string_view bytes{reinterpret_cast<const char*>(data), size};
  while (!bytes.empty()) {
    const auto read = transport::detail::read_http(bytes, site.limits());
    read_in_pieces(bytes, site.limits(), read);
    if (read.what != http_read::kind::complete)
      break;
    BENNU_ASSERT(read.size > 0 && read.size <= bytes.size());
    bytes.remove_prefix(read.size);
    const auto answer = site.answer(read.request, {"127.0.0.1", 1}, false);
    if (answer.long_poll) {
      const auto& push = answer.long_poll->push;
      BENNU_ASSERT(!push || push->parts.size() <= pushes_max);
      continue;
    }
    if (answer.socket) {
      const auto upgrade =
        read.request.accept_websocket(answer.subprotocol, answer.compress);
      BENNU_ASSERT(upgrade.starts_with("HTTP/1.1 101 "));
      BENNU_ASSERT(upgrade.find("\r\n\r\n") == upgrade.size() - 4);
      break;
    }
    BENNU_ASSERT(answer.bytes.starts_with("HTTP/1.1 "));
    BENNU_ASSERT(answer.bytes.find("\r\n\r\n") != answer.bytes.npos);
    if (!answer.keep_alive)
      break;
  }
  return 0;
}
