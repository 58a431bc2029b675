#include "runtime/clock.hpp"

namespace bennu::runtime {

namespace {

class monotonic_clock final : public clock {
public:
  time_point now() const override { return std::chrono::steady_clock::now(); }
};

} // namespace

const clock& real_clock() {
  // Never destroyed: a thread left behind by its node may outlive main.
  static const auto& instance = *new monotonic_clock;
  return instance;
}

std::chrono::system_clock::time_point wall_time() {
  return std::chrono::system_clock::now();
}

} // namespace bennu::runtime
