// A whole server: a channel, a socket, a tree, and a client that tries it.
#include "channels/pubsub/pubsub.hpp"
#include "channels/socket_spec.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"
#include "transport/endpoint.hpp"
#include "transport/websocket_client.hpp"

#include <iostream>
#include <string>

namespace channels = bennu::channels;
namespace runtime = bennu::runtime;
namespace transport = bennu::transport;
using namespace std::chrono_literals;

// [channel]
struct shout {
  std::string text;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(shout, text)

/// One process per client and topic. A throw costs that client a rejoin.
class echo_channel final : public channels::channel {
public:
  static auto events() {
    return channels::event_map<echo_channel>{
      {"shout", &echo_channel::on_shout},
    };
  }

  channels::join_result join(const channels::topic& room,
                             const channels::json&) override {
    if (room.subtopic() == "staff")
      return channels::refuse({{"reason", "unauthorized"}});
    return channels::accept();
  }

private:
  channels::result on_shout(const shout& x) {
    broadcast("shout", {{"text", x.text}}); // to all who joined the topic
    return channels::ok({{"heard", x.text.size()}});
  }
};
// [channel]

// [server]
runtime::supervisor_spec tree() {
  return runtime::rest_for_one(
    "echo", {.max_restarts = 3, .within = 5s},
    channels::pubsub_spec({.name = "echo.pubsub"}),
    transport::endpoint({
      .name = "echo.endpoint",
      .port = 0, // any free one
      .host = "127.0.0.1",
      .pubsub = "echo.pubsub",
      .sockets = {{"/socket",
                   channels::socket_spec{
                     .channels = {channels::route<echo_channel>("echo:*")}}}},
    }));
}
// [server]

int main() {
  runtime::log_threshold(runtime::log_level::warning);
  runtime::node node{{.name = "echo@127.0.0.1"}};
  if (node.start(tree()))
    return 1;
  const auto port = transport::bound_port(node, "echo.endpoint");
  transport::websocket_client client;
  if (!client.connect("ws://127.0.0.1:" + std::to_string(port)
                      + "/socket/websocket?vsn=2.0.0"))
    return 1;
  client.send_text(R"(["1","1","echo:hall","phx_join",{}])");
  std::cout << client.receive(5s).payload << '\n';
  client.send_text(R"(["1","2","echo:hall","shout",{"text":"hello"}])");
  std::cout << client.receive(5s).payload << '\n';
  std::cout << client.receive(5s).payload << '\n';
}
