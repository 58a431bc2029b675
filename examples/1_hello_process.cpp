// A process that greets, one that stands before it and watches it, and the end
// of both.
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

/// Hands greetings on, answers when the greeter has, and ends with it.
runtime::behavior porter(runtime::process& self, runtime::pid greeter) {
  self.monitor(greeter);
  return {
    [&self, greeter](const greet& x) {
      self.request(greeter, std::chrono::seconds{5}, x)
        .then([&self, to = self.take_reply_to()](const std::string& answer) {
          self.reply(to, answer);
        });
    },
    [&self](const runtime::down_message& x) {
      std::cout << "the greeter is gone: " << to_string(x.reason) << '\n';
      self.stop();
    },
  };
}
// [hello]

int main() {
  runtime::node node{{.name = "hello@127.0.0.1"}};
  const auto hello = node.spawn(greeter);
  const auto door = node.spawn(porter, hello);
  const auto answer = node.call<std::string>(door, greet{"Joe"});
  std::cout << to_string(door) << " says: " << answer << '\n';

  // A process ends by its own handler's throw, an exit signal, or stop().
  node.exit(hello, runtime::exit_reason::shutdown());
  while (node.is_alive(door)) {
  }
  std::cout << "and so is the porter\n";
}
