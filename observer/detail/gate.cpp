#include "observer/detail/gate.hpp"

#include "observer/detail/viewer_channel.hpp"
#include "runtime/clock.hpp"
#include "runtime/log.hpp"

#include <string>
#include <string_view>

namespace bennu::observer::detail {

namespace {

using namespace std::chrono_literals;

/// Tells of refusals without letting who causes them fill the log. Confined to
/// its shard.
class complaint_book {
public:
  void note(const std::string& peer, std::string_view why) {
    const auto now = runtime::real_clock().now();
    if (noted_ && now - last_ < 1s) {
      ++untold_;
      return;
    }
    runtime::log(runtime::log_level::warning, "observer: refused {}: {}{}",
                 peer, why,
                 untold_ ? fmt::format(" ({} more since)", untold_) : "");
    noted_ = true;
    untold_ = 0;
    last_ = now;
  }

private:
  runtime::time_point last_{};
  bool noted_ = false;
  std::size_t untold_ = 0;
};

std::string offered_token(const channels::connect_request& request) {
  constexpr std::string_view scheme = "Bearer ";
  const auto header = request.header("authorization").value_or("");
  return header.starts_with(scheme) ? header.substr(scheme.size())
                                    : request.param("token").value_or("");
}

std::string peer_of(const desk& at, const channels::connect_request& request) {
  const auto* relay = at.relay.load();
  const auto behind = relay ? relay->peer_of(request.peer_port) : "";
  return behind.empty()
           ? fmt::format("{}:{}", request.peer_address, request.peer_port)
           : behind;
}

} // namespace

channels::socket_spec viewer_socket(const desk_ptr& at) {
  const auto book = std::make_shared<complaint_book>();
  return {
    .connect = [at, book](const channels::connect_request& request)
      -> channels::connect_result {
      const auto peer = peer_of(*at, request);
      const auto offered = offered_token(request);
      if (!at->secret.matches(offered)) {
        book->note(peer, offered.empty() ? "no token" : "wrong token");
        return channels::refuse_connect("token");
      }
      auto place = seat::take(at);
      if (!place) {
        book->note(peer, "too many viewers");
        return channels::refuse_connect("too many viewers", 503);
      }
      return session{std::move(place), peer};
    },
    .channels = {channels::route<viewer_channel>("observer:node", at)},
    .channels_max = 1,
    .join_queue_max = 8,
  };
}

} // namespace bennu::observer::detail
