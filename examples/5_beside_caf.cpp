// Stock CAF actors and processes side by side: they send, ask, link and watch
// each other, each in its own words.
#include "runtime/caf.hpp"
#include "runtime/log.hpp"

#include <caf/all.hpp>

#include <future>
#include <iostream>
#include <stdexcept>
#include <string>

namespace runtime = bennu::runtime;

// [beside_caf]
struct quote {
  std::string text;
};
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(quote)

/// A stock CAF actor.
caf::behavior shouter(caf::event_based_actor*) {
  return {
    [](const quote& x) { return x.text + "!"; },
  };
}

/// A process that asks it.
runtime::behavior asker(runtime::process& self, runtime::pid shouter,
                        std::promise<std::string>* heard) {
  self.monitor(shouter);
  self.request(shouter, std::chrono::seconds{5}, quote{"Hello, Joe"})
    .then([=](const std::string& answer) { heard->set_value(answer); });
  return {
    [](const quote& x) { return x.text.size(); },
    [](const runtime::down_message& x) {
      throw std::runtime_error("the shouter is gone: " + to_string(x.reason));
    },
  };
}
// [beside_caf]

int main() {
  runtime::log_threshold(runtime::log_level::off);
  runtime::node node{{.shards = 1}};
  const runtime::caf_border border{node};
  border.declare<quote>();

  auto shout = border.system().spawn(shouter);
  std::promise<std::string> heard;
  const auto ask = node.spawn(asker, border.adopt(shout), &heard);
  std::cout << "a process heard: " << heard.get_future().get() << '\n';

  // The other way: CAF asks the process, and watches it.
  std::promise<std::string> ended;
  {
    const auto process = border.handle(ask);
    caf::scoped_actor self{border.system()};
    self->request(process, caf::infinite, quote{"Hello, Mike"})
      .receive(
        [](std::uint64_t letters) {
          std::cout << "an actor heard: " << letters << " letters\n";
        },
        [](const caf::error& e) { std::cout << caf::to_string(e) << '\n'; });
    process->attach_functor(
      [&](const caf::error& why) { ended.set_value(caf::to_string(why)); });
  }
  caf::anon_send_exit(shout, caf::exit_reason::user_shutdown);
  std::cout << "the process ended with: " << ended.get_future().get() << '\n';
}
