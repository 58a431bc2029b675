#pragma once

#include <chrono>

#include <poll.h>

namespace load {

/// Looks `every` so often until it is so. What it waits for are counters of
/// other threads, which nobody signals: that would cost them more than being
/// looked at costs us.
template <class F>
void wait_until(std::chrono::milliseconds every, F is_so) {
  while (!is_so())
    ::poll(nullptr, 0, static_cast<int>(every.count()));
}

} // namespace load
