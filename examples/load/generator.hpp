#pragma once

#include "examples/load/figures.hpp"
#include "examples/load/generator_thread.hpp"
#include "examples/load/plan.hpp"
#include "examples/load/world.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace load {

/// Most users of one generator: the two million of the story, twice. Each
/// takes 64 bytes here and two sockets in the kernel.
inline constexpr std::uint64_t users_max = 4'000'000;

/// Most threads: a file table each, so 200 x 20,000 users.
inline constexpr std::size_t threads_max = 256;

/// Descriptors of a file table that are not for users: an eventfd of each
/// thread, and a few more.
inline constexpr std::size_t files_reserved = threads_max + 44;

/// Threads for so many users: as many as file tables of `files_max` are needed
/// for, and at least min(cores, 2). Throws std::invalid_argument when `asked`
/// (not 0) are too few or too many.
std::size_t threads_for(std::uint64_t users, std::size_t asked,
                        std::size_t files_max, std::size_t cores);

/// Raises the soft limit of open files to the hard one; returns it.
std::size_t raise_file_limit();

/// Drives a plan's users, on threads of its own:
///
///     load::generator generator{plan, {}};
///     generator.begin();
///     while (generator.look().joined_now() < plan.users)
///       ...
///
/// Confined to the thread that made it; its end ends all connections.
class generator {
public:
  /// Makes the threads and their file tables; nobody comes yet. Throws
  /// std::invalid_argument on a plan or options that cannot be, and
  /// std::system_error.
  generator(plan what, generator_options how);
  ~generator();

  const plan& planned() const noexcept { return plan_; }
  std::size_t thread_count() const noexcept { return threads_.size(); }

  /// Users begin to come.
  void begin();

  /// All figures so far.
  figures look() const;

  /// One counter of all threads; cheaper than look().
  std::uint64_t count(counter what) const;

  /// A thread's failure, or empty.
  std::string failure() const;

  // -- what a scenario tells its users --

  /// Someone joined at this target says something; returns when, monotonic, 0
  /// when nobody could.
  std::int64_t say(std::size_t target = 0);
  std::int64_t last_delivery_ns() const;

  void echo(std::size_t clients, std::size_t outstanding,
            std::int64_t until_ns);
  void storm();
  void open_gate();

  /// Counts what users who stayed have not heard, or twice, as lost and
  /// doubled. Once, at the end: when nothing is under way.
  void check_deliveries();

  /// Nobody new comes, loops without end end.
  void wind_down() { world_.stopping = true; }

  // -- what it costs --

  /// The busiest thread's CPU so far, and all threads' together.
  std::int64_t busiest_cpu_ns() const;

private:
  void tell_all(const std::function<void(generator_thread&)>& f,
                std::size_t count);
  void tell_and_wait(const std::function<void(generator_thread&)>& f);

  const plan plan_;
  const generator_options how_;
  const std::size_t cores_;
  const std::size_t thread_count_;
  world world_;
  std::vector<std::unique_ptr<generator_thread>> threads_;
};

} // namespace load
