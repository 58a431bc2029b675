// Let it crash: a counter dies of bad input and its supervisor starts another.
// The counter is a gen_server; example 1 shows processes that are functions.
#include "runtime/gen_server.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"
#include "runtime/supervisor.hpp"
#include "runtime/sys.hpp"

#include <iostream>
#include <stdexcept>

namespace runtime = bennu::runtime;

// [counter]
struct add {
  int n;
};
struct total {};
struct reset {};

/// One list of handlers a kind of message; parameter types choose among them.
class counter final : public runtime::gen_server<counter> {
public:
  static auto calls() { return handlers(&counter::on_add, &counter::on_total); }
  static auto casts() { return handlers(&counter::on_reset); }

  runtime::message visible_state() const override {
    return runtime::make_message(sum_);
  }

private:
  int on_add(const add& x) {
    if (x.n < 0)
      throw std::invalid_argument("a counter only counts up");
    return sum_ += x.n;
  }
  int on_total(total) { return sum_; }
  void on_reset(reset) { sum_ = 0; }

  int sum_ = 0;
};

runtime::supervisor_spec tree() {
  return runtime::one_for_one("top", {.max_restarts = 3},
                              runtime::worker_of<counter>("counter"));
}
// [counter]

int main() {
  runtime::log_threshold(runtime::log_level::off);
  runtime::node node;
  if (node.start(tree()))
    return 1;
  const auto first = node.whereis("counter");
  std::cout << "counted " << node.call<int>(first, add{41}) << '\n';
  std::cout << "sys sees "
            << node.inspect<int>(first, runtime::sys::get_state()) << '\n';
  try {
    node.call<int>(first, add{-1});
  } catch (const std::runtime_error& e) {
    std::cout << "it died of: " << e.what() << '\n';
  }
  // The supervisor starts the next one under the same name.
  auto next = first;
  while (!next || next == first)
    next = node.whereis("counter");
  std::cout << "the next one starts at " << node.call<int>(next, total{})
            << '\n';
}
