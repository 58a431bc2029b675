// What the conformance suite talks to: a node whose channels do what their
// clients tell them, with a mount for each way to connect.
#include "channels/pubsub/pubsub.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"
#include "tests/support/obedient_channel.hpp"
#include "transport/endpoint.hpp"

#include <chrono>
#include <iostream>
#include <string>

namespace bennu {
namespace {

using namespace std::chrono_literals;
using channels::json;

/// Tells each client how it has connected.
class mirror_channel final : public channels::channel {
public:
  channels::join_result join(const channels::topic&, const json&) override {
    const auto& x = assigns<channels::connect_request>();
    json headers = json::object();
    for (const auto& [name, value] : x.headers)
      headers[name] = value;
    return channels::accept({{"params", x.params},
                             {"headers", headers},
                             {"uri", x.uri},
                             {"peer_address", x.peer_address},
                             {"transport", x.transport}});
  }
};

channels::socket_spec mirror() {
  return {
    .connect = [](const channels::connect_request& x)
      -> channels::connect_result { return channels::connect_request{x}; },
    .channels = {channels::route<mirror_channel>("mirror")},
  };
}

channels::socket_spec obedient() {
  auto spec = channels::obedient_socket();
  const auto accept = spec.connect;
  spec.connect = [accept](const channels::connect_request& x) {
    if (const auto status = x.param("refuse"))
      return channels::refuse_connect("told to", std::stoi(*status));
    return accept(x);
  };
  return spec;
}

channels::socket_spec brief() {
  auto spec = obedient();
  spec.heartbeat_timeout = 1s;
  return spec;
}

runtime::supervisor_spec tree(std::uint16_t port) {
  return runtime::rest_for_one(
    "conformance", {}, channels::pubsub_spec({.name = "pubsub"}),
    transport::endpoint({
      .name = "endpoint",
      .port = port,
      .host = "127.0.0.1",
      .pubsub = "pubsub",
      .sockets =
        {
          {"/socket", obedient(), {.longpoll = true}},
          {"/mirror/:place", mirror(), {.longpoll = true}},
          {"/polled", obedient(), {.websocket = false, .longpoll = true}},
          {"/packed", obedient(), {.websocket = {{.compress = true}}}},
          {"/brief", brief()},
          {"/spoken",
           obedient(),
           {.websocket = {{.subprotocols = {"phoenix", "chat"}}}}},
          {"/listed",
           obedient(),
           {.websocket = {{.check_origin =
                             transport::origin_check{"//*.example.com"}}}}},
        },
      .metrics_path = "/metrics",
      .message_max = 100'000,
    }));
}

} // namespace
} // namespace bennu

/// conformance_node --port 0
int main(int argc, char** argv) {
  const auto port =
    argc == 3 ? static_cast<std::uint16_t>(std::stoi(argv[2])) : 0;
  bennu::runtime::node node{{.name = "conformance", .shards = 2}};
  return node.run(bennu::tree(static_cast<std::uint16_t>(port)), [&] {
    std::cout << "http://127.0.0.1:"
              << bennu::transport::bound_port(node, "endpoint") << std::endl;
  });
}
