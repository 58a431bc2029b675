#include "tests/bench/process_meter.hpp"

#include <fstream>
#include <stdexcept>
#include <string>

#include <time.h>

namespace bennu::bench {

namespace {

/// The number of kB behind `field` in a file of "Field: n kB" lines.
std::size_t kilobytes(const std::string& path, const std::string& field) {
  std::ifstream in(path);
  std::string word;
  while (in >> word)
    if (word == field + ":") {
      std::size_t value = 0;
      in >> value;
      return value * 1024;
    }
  throw std::runtime_error("no " + field + " in " + path);
}

std::chrono::nanoseconds read_clock(clockid_t id) {
  timespec t{};
  if (clock_gettime(id, &t) != 0)
    throw std::runtime_error("a clock cannot be read");
  return std::chrono::seconds{t.tv_sec} + std::chrono::nanoseconds{t.tv_nsec};
}

} // namespace

usage usage_of(pid_t process) {
  clockid_t clock{};
  if (clock_getcpuclockid(process, &clock) != 0)
    throw std::runtime_error("the measured process is gone");
  return {.cpu = read_clock(clock),
          .user_bytes = kilobytes(
            "/proc/" + std::to_string(process) + "/smaps_rollup", "Pss")};
}

std::chrono::nanoseconds monotonic_now() {
  return read_clock(CLOCK_MONOTONIC);
}

} // namespace bennu::bench
