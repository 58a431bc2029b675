// A node with an observer that dies of what its input says, so that a test can
// open the dump it leaves:
//
//   doomed_node TOKEN_FILE DUMP_FOLDER
//
// Says "ready". `assert`: a broken invariant on a shard. `terminate`: an
// exception that nobody can take, on a shard. `thread`: the same on a thread
// that is none of the node's.
#include "channels/pubsub/pubsub.hpp"
#include "observer/agent.hpp"
#include "runtime/assert.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/table.hpp"

#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

namespace bennu {
namespace {

struct die {
  std::string how;
};

void fail() {
  throw std::runtime_error("nobody takes this");
}

void end_badly() noexcept {
  fail();
}

runtime::behavior doomed(runtime::process& self) {
  const auto rows =
    runtime::table<int, std::string>::create(self, {.name = "last.words"});
  rows.insert("written before the end", 1);
  return {[rows](const die& x) {
    BENNU_ASSERT(x.how != "assert");
    if (x.how == "terminate")
      end_badly();
  }};
}

runtime::supervisor_spec tree(const char* token_file, const char* folder) {
  return runtime::rest_for_one(
    "doomed", {},
    observer::agent({.port = 0, .token_file = token_file, .dump_dir = folder}),
    channels::pubsub_spec({.name = "doomed.pubsub"}),
    runtime::worker("doomed.worker", doomed));
}

} // namespace
} // namespace bennu

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  bennu::runtime::node node{{.name = "doomed@test", .shards = 2}};
  if (const auto why = node.start(bennu::tree(argv[1], argv[2]))) {
    std::cerr << to_string(*why) << '\n';
    return 1;
  }
  std::cout << "ready" << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
    if (line == "thread")
      std::thread{bennu::end_badly}.join();
    node.send(node.whereis("doomed.worker"), bennu::die{line});
  }
  return 0;
}
