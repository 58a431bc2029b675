// bennu-chat: rooms, and a page to talk in them.
#include "examples/chat/options.hpp"
#include "examples/chat/tree.hpp"
#include "observer/agent.hpp"
#include "runtime/node.hpp"
#include "transport/endpoint.hpp"
#include "transport/file_plan.hpp"

#include <iostream>

// [main]
int main(int argc, char** argv) {
  const auto parsed = chat::parse_options(argc, argv);
  if (!parsed.options)
    return parsed.exit_code;
  const auto& opts = *parsed.options;
  bennu::runtime::log_threshold(opts.log_level);
  const auto files =
    bennu::transport::plan_files(opts.connections, opts.shards);
  bennu::runtime::node node{{
    .name = "chat@127.0.0.1",
    .shards = files.shards,
    .private_files = opts.private_files || files.private_files,
  }};
  // Returns after SIGTERM, once every client has been told.
  return node.run(chat::observed_tree(opts), [&] {
    const auto port = bennu::transport::bound_port(node, "chat.endpoint");
    std::cout << "Open http://" << opts.host << ':' << port
              << " in a browser; Ctrl-C ends the node." << std::endl;
    if (opts.observer)
      std::cout << "Observe it by bennu-observer "
                << (opts.observer->certificate_file.empty() ? "ws" : "wss")
                << "://" << opts.observer->host << ':'
                << bennu::observer::bound_port(node, "observer") << std::endl;
  });
}
// [main]
