// A process that greets, one that watches it, and the end of both.
#include "runtime/node.hpp"

#include <future>
#include <iostream>
#include <memory>
#include <string>

namespace runtime = bennu::runtime;

// [hello]
struct greet {
  std::string name;
};

runtime::behavior greeter(runtime::process&) {
  return {[](const greet& x) { return "Hello, " + x.name + "!"; }};
}

/// Asks the greeter once, tells of its end, and ends, too.
runtime::behavior watcher(runtime::process& self, runtime::pid greeter,
                          std::promise<std::string>* told) {
  self.monitor(greeter);
  const auto heard = std::make_shared<std::string>();
  self.request(greeter, std::chrono::seconds{5}, greet{"Mike"})
    .then([=](const std::string& x) { *heard = x; });
  return {[=, &self](const runtime::down_message& x) {
    told->set_value(*heard + " Until " + to_string(x.reason));
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
  const auto end = ended.get_future().get();
  std::cout << "and is gone: " << end << '\n';
}
