// The first bytes of a connection: http, maybe an upgrade.
#include "runtime/assert.hpp"
#include "transport/detail/site.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <cstdint>
#include <string>

namespace {

using namespace bennu;
using transport::detail::http_read;

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
  options.origin_check = {"https://a.com", "//*.b.com:80"};
  return transport::detail::site{std::move(options)};
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  static boost::asio::io_context context;
  static const auto site = make_site();
  std::string_view bytes{reinterpret_cast<const char*>(data), size};
  while (!bytes.empty()) {
    const auto read = transport::detail::read_http(bytes, site.limits());
    if (read.what != http_read::kind::complete)
      break;
    BENNU_ASSERT(read.size > 0 && read.size <= bytes.size());
    bytes.remove_prefix(read.size);
    const auto answer = site.answer(read.request, {"127.0.0.1", 1}, false);
    if (answer.socket) {
      const auto upgrade =
        read.request.accept_websocket(context, answer.subprotocol);
      BENNU_ASSERT(upgrade.bytes.starts_with("HTTP/1.1 "));
      break;
    }
    BENNU_ASSERT(answer.bytes.starts_with("HTTP/1.1 "));
    BENNU_ASSERT(answer.bytes.find("\r\n\r\n") != answer.bytes.npos);
    if (!answer.keep_alive)
      break;
  }
  return 0;
}
