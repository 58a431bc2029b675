// A process that greets, one that watches it, and the end of both.
#include "runtime/node.hpp"

#include <future>
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

/// Asks the greeter, then waits for its end and ends, too.
runtime::behavior watcher(runtime::process& self, runtime::pid greeter,
                          std::promise<std::string>* ended) {
  self.monitor(greeter);
  self.request(greeter, std::chrono::seconds{5}, greet{"Mike"})
    .then([](const std::string& x) { std::cout << "watcher: " << x << '\n'; });
  return {[&self, ended](const runtime::down_message& x) {
    ended->set_value(to_string(x.reason));
    self.stop();
  }};
}
// [hello]

int main() {
  runtime::node node{{.name = "hello@127.0.0.1"}};
  const auto hello = node.spawn(greeter);
  std::promise<std::string> ended;
  node.spawn(watcher, hello, &ended);
  const auto answer = node.call<std::string>(hello, greet{"Joe"});
  std::cout << to_string(hello) << " says: " << answer << '\n';

  // A process ends by its own handler's throw, an exit signal, or stop().
  node.exit(hello, runtime::exit_reason::shutdown());
  std::cout << "and is gone: " << ended.get_future().get() << '\n';
}
