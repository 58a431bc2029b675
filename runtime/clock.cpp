#include "runtime/clock.hpp"

namespace bennu::runtime {

namespace {

class monotonic_clock final : public clock {
public:
  time_point now() const override { return std::chrono::steady_clock::now(); }
};

} // namespace

const clock& real_clock() {
  static const monotonic_clock instance;
  return instance;
}

} // namespace bennu::runtime
