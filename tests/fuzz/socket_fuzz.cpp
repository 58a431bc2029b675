#include "channels/channel.hpp"
#include "channels/testing/test_endpoint.hpp"
#include "runtime/log.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bennu::fuzz {
namespace {

using namespace channels;

/// Does a bit of everything, chosen by its client.
class any_channel final : public channel {
public:
  static auto events() {
    return event_map<any_channel>{
      {"e", &any_channel::echo},  {"b", &any_channel::tell},
      {"x", &any_channel::boom},  {"q", &any_channel::quit},
      {"d", &any_channel::bytes},
    };
  }
  static std::vector<std::string> intercepts() { return {"i"}; }

  join_result join(const topic& on, const json& params) override {
    if (on.subtopic() == "no")
      return refuse({{"reason", "no"}});
    if (on.subtopic() == "boom")
      throw std::runtime_error("boom");
    return accept(params);
  }

private:
  result echo(const json& x) { return ok(x); }
  result bytes(bytes_view x) { return ok(binary(std::string{x})); }
  result tell(const json& x) {
    broadcast("i", x);
    broadcast_from("n", x);
    return no_reply;
  }
  result boom() { throw std::runtime_error("boom"); }
  result quit() { return channels::stop(runtime::exit_reason::normal(), ok()); }
};

/// One node for all inputs, since starting one takes longer than most of them.
/// Never destroyed: an actor system must end before main returns.
channels::testing::test_endpoint& endpoint() {
  static auto& only = *new channels::testing::test_endpoint{
    {.channels = {route<any_channel>("a:*"), route<any_channel>("b*")},
     .channels_max = 4,
     .join_queue_max = 3},
    {.shards = 1}};
  return only;
}

struct op {
  std::uint8_t code = 0;
  std::string_view data;
};

/// The input is a list of operations: a code byte, a length byte, data.
bool next(std::string_view& input, op& x) {
  if (input.size() < 2)
    return false;
  x.code = static_cast<std::uint8_t>(input[0]);
  const auto size = static_cast<std::uint8_t>(input[1]);
  input.remove_prefix(2);
  x.data = input.substr(0, size);
  input.remove_prefix(x.data.size());
  return true;
}

void apply(channels::testing::raw_client& client, const op& x) {
  auto& at = endpoint();
  switch (x.code % 8) {
  case 0:
  case 1:
  case 2:
    return client.send_raw(opcode::text, x.data);
  case 3:
    return client.send_raw(opcode::binary, x.data);
  case 4:
    return at.sim().run();
  case 5:
    return broadcast(at.bus(), "a:1", "n", json::object());
  case 6:
    return at.node().exit(at.pubsub_server(0), runtime::exit_reason::kill());
  case 7:
    return at.sim().advance(std::chrono::seconds{6});
  }
}

} // namespace
} // namespace bennu::fuzz

/// A socket under any stream of frames, with channels that crash, broadcasts,
/// and pubsub servers that are killed. At the end nothing may be left of it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace bennu;
  runtime::log_threshold(runtime::log_level::off);
  auto& at = fuzz::endpoint();
  const auto before = at.node().process_count();
  auto client =
    at.connect({{"vsn", size > 0 && (data[0] & 1) != 0 ? "1.0.0" : "2.0.0"}});
  std::string_view input{reinterpret_cast<const char*>(data), size};
  for (fuzz::op x; fuzz::next(input, x);)
    fuzz::apply(*client, x);
  client->drop();
  // Restarts are counted: let the time of the killed servers pass.
  at.sim().advance(std::chrono::seconds{10});
  if (at.node().process_count() != before || at.bus().table(0).size != 0)
    std::abort();
  return 0;
}
