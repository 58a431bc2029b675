// The bodies of a polling client's pushes, one after the other, and what its
// polls bring back.
#include "channels/channel.hpp"
#include "channels/json_text.hpp"
#include "channels/pool_supervisor.hpp"
#include "channels/testing/test_endpoint.hpp"
#include "channels/testing/test_wire.hpp"
#include "runtime/assert.hpp"
#include "runtime/log.hpp"
#include "transport/detail/long_poll_wire.hpp"
#include "transport/detail/shard_transport.hpp"
#include "transport/long_poll_session.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bennu::transport {
namespace {

using channels::json;
using namespace std::chrono_literals;

constexpr detail::push_limits limits{.part_max = 300, .parts_max = 5};
constexpr std::size_t buffer_max = 2000;

/// Does what its client asks for.
class any_channel final : public channels::channel {
public:
  static auto events() {
    return channels::event_map<any_channel>{
      {"e", &any_channel::echo},
      {"b", &any_channel::tell},
      {"d", &any_channel::bytes},
      {"x", &any_channel::boom},
    };
  }
  channels::join_result join(const channels::topic&, const json& x) override {
    return channels::accept(x);
  }

private:
  channels::result echo(const json& x) { return channels::ok(x); }
  channels::result tell(const json& x) {
    broadcast("n", x);
    return channels::no_reply;
  }
  channels::result bytes(channels::bytes_view x) {
    push("d", channels::binary(std::string{x}));
    return channels::ok({{"size", x.size()}});
  }
  channels::result boom() { throw std::runtime_error("boom"); }
};

/// One node for all inputs; never destroyed: an actor system must end before
/// main returns.
struct world {
  world() {
    at.node().run_on(0, [this] {
      shared = new detail::shard_transport(at.node().shard_at(0), {}, counters);
    });
    at.sim().run();
  }

  runtime::pid open(std::string vsn) {
    runtime::pid session;
    at.node().run_on(0, [&] {
      auto init = at.negotiate({{"vsn", std::move(vsn)}}).accepted;
      session = channels::start_socket<long_poll_session>(
        *at.spec(), 0, std::move(*init),
        long_poll_session::opening{shared, 10s, buffer_max});
    });
    return session;
  }

  detail::shard_counters counters;
  channels::testing::test_endpoint at{
    {.channels = {channels::route<any_channel>("a*")}}, {.shards = 1}};
  detail::shard_transport_ptr shared;
};

world& only() {
  static auto& x = *new world;
  return x;
}

/// What a request has come to.
struct outcome {
  bool answered = false;
  std::vector<channels::frame_ptr> messages{};
};

/// A request's process, without the request.
class asker final : public runtime::process {
public:
  asker(runtime::pid session, std::optional<long_push> push, outcome& to)
    : session_(session), push_(std::move(push)), to_(to) {}

protected:
  void init() override {
    const auto failed = [this](const auto&) { done(); };
    if (push_)
      return request(session_, 1min, std::move(*push_))
        .then([this](const long_push_done&) { done(); }, failed);
    request(session_, 1min, long_poll{})
      .then(
        [this](const long_polled& x) {
          to_.messages = x.messages;
          done();
        },
        failed);
  }
  void handle_message(runtime::message&) override {}

private:
  void done() {
    to_.answered = true;
    stop();
  }

  runtime::pid session_;
  std::optional<long_push> push_;
  outcome& to_;
};

/// However it ends, a request is answered.
outcome ask(const runtime::pid& session, std::optional<long_push> push) {
  auto& sim = only().at.sim();
  outcome x;
  only().at.node().spawn({.shard = 0}, std::in_place_type<asker>, session,
                         std::move(push), std::ref(x));
  sim.run();
  if (!x.answered)
    sim.advance(11s);
  BENNU_ASSERT(x.answered);
  return x;
}

/// The answer is JSON of strings, each a message that a client can read.
void check_answer(const outcome& x) {
  const auto bytes = detail::long_poll_messages(200, "token", x.messages, true);
  const auto body = channels::parse_json(
    std::string_view{bytes}.substr(bytes.find("\r\n\r\n") + 4));
  BENNU_ASSERT(body.at("status") == 200 && body.at("token") == "token");
  const auto& messages = body.at("messages");
  BENNU_ASSERT(messages.size() == x.messages.size());
  std::size_t size = 0;
  for (const auto& message : messages) {
    const auto& text = message.get_ref<const std::string&>();
    channels::testing::read_frame(channels::opcode::text, text);
    size += text.size();
  }
  BENNU_ASSERT(messages.size() < 2 || size <= buffer_max);
}

void check_push(std::string_view content_type, std::string_view body,
                const std::optional<long_push>& x) {
  if (!x)
    return;
  BENNU_ASSERT(x->parts.size() <= limits.parts_max);
  for (const auto& part : x->parts)
    BENNU_ASSERT(part.data.size() <= limits.part_max
                 && part.data.size() <= body.size());
  if (content_type != "application/x-ndjson")
    BENNU_ASSERT(x->parts.size() == 1 && x->parts[0].data == body);
}

} // namespace
} // namespace bennu::transport

/// The first byte chooses version and content type; bodies end with a NUL, and
/// a poll follows each.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace bennu;
  using namespace bennu::transport;
  if (size == 0)
    return 0;
  runtime::log_threshold(runtime::log_level::off);
  auto& at = only().at;
  const auto before = at.node().process_count();
  const auto session = only().open(data[0] & 1 ? "1.0.0" : "2.0.0");
  const std::string_view type =
    data[0] & 2 ? "application/json" : "application/x-ndjson";
  std::string_view input{reinterpret_cast<const char*>(data + 1), size - 1};
  while (!input.empty()) {
    const auto body = input.substr(0, input.find('\0'));
    input.remove_prefix(std::min(body.size() + 1, input.size()));
    auto push = detail::read_pushes(type, body, limits);
    check_push(type, body, push);
    if (push)
      ask(session, std::move(push));
    check_answer(ask(session, {}));
  }
  // Who polls no more is gone, and nothing stays of it.
  at.sim().advance(1min);
  BENNU_ASSERT(at.node().process_count() == before);
  BENNU_ASSERT(at.bus().table(0).size == 0);
  return 0;
}
