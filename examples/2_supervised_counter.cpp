// Let it crash: a counter dies of bad input and its supervisor starts another.
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"

#include <iostream>
#include <memory>
#include <stdexcept>

namespace runtime = bennu::runtime;

// [counter]
struct add {
  int n;
};
struct total {};

runtime::behavior counter(runtime::process&) {
  const auto sum = std::make_shared<int>(0);
  return {
    [=](const add& x) {
      if (x.n < 0)
        throw std::invalid_argument("a counter only counts up");
      *sum += x.n;
      return *sum;
    },
    [=](total) { return *sum; },
  };
}

runtime::supervisor_spec tree() {
  return runtime::one_for_one("top", {.max_restarts = 3},
                              runtime::worker("counter", counter));
}
// [counter]

int main() {
  runtime::log_threshold(runtime::log_level::off);
  runtime::node node;
  if (node.start(tree()))
    return 1;
  std::cout << "counted " << node.call<int>(node.whereis("counter"), add{41})
            << '\n';
  try {
    node.call<int>(node.whereis("counter"), add{-1});
  } catch (const std::runtime_error& e) {
    std::cout << "it died of: " << e.what() << '\n';
  }
  // The supervisor starts the next one under the same name.
  while (!node.whereis("counter")) {
  }
  std::cout << "the next one starts at "
            << node.call<int>(node.whereis("counter"), total{}) << '\n';
}
