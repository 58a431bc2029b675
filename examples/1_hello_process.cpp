// A process that greets, a process that asks, and the end of both.
#include "runtime/node.hpp"

#include <iostream>
#include <string>

namespace runtime = bennu::runtime;

// [hello]
struct greet {
  std::string name;
};

runtime::behavior greeter(runtime::process&) {
  return {[](const greet& x) { return "Hello, " + x.name + "!"; }};
}
// [hello]

int main() {
  runtime::node node{{.name = "hello@127.0.0.1"}};
  const auto hello = node.spawn(greeter);
  const auto answer = node.call<std::string>(hello, greet{"Joe"});
  std::cout << to_string(hello) << " says: " << answer << '\n';

  // A process ends by its own handler's throw, an exit signal, or stop().
  node.exit(hello, runtime::exit_reason::shutdown());
  while (node.is_alive(hello)) {
  }
  std::cout << "and is gone\n";
}
