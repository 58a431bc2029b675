#pragma once

#include "channels/json.hpp"
#include "examples/load/generator.hpp"
#include "examples/load/server_meter.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace load {

using bennu::channels::json;

/// What a run minds beside its users.
struct run_options {
  std::string scenario;

  /// 0: who listens on the target's port, if that is on this machine.
  pid_t server_pid = 0;

  /// The run ends safely when the machine has less memory left: by MemFree,
  /// since MemAvailable overstates by what sockets take. The kernel ends
  /// processes at random below.
  std::size_t memory_free_min = std::size_t{1} << 30;

  /// Progress lines; none when the figures go to standard output.
  bool quiet = false;
};

/// What is shown while it runs, once a second.
struct sample {
  double at_s = 0; ///< since the begin
  std::uint64_t users = 0, connected = 0, joined = 0, errors = 0;
  double joins_per_second = 0, deliveries_per_second = 0,
         replies_per_second = 0;
  double join_p50_ms = 0, join_p99_ms = 0;
  double reply_p50_ms = 0, reply_p99_ms = 0;
  double delivery_p50_ms = 0, delivery_p99_ms = 0;
  double server_cpu = 0, own_cpu = 0; ///< cores
};
json to_json(const sample& x);

/// Why a run ended before its scenario did.
enum class cut_short : std::uint8_t { no, interrupted, memory, thread_failed };

/// A part of a run that is measured by itself.
struct phase {
  std::string name;
  std::string unit; ///< "join", "delivery", "reply", "cycle"
  std::uint64_t units = 0;
  std::uint64_t expected = 0; ///< 0: as many as come
  duration took{0};
  duration server_cpu{0};
  duration own_cpu{0};
  figures during;
  json more = json::object();

  json to_json(bool has_server) const;
};

/// A generator at work: looks after it, measures, and says what came of it.
/// Confined to the thread that made it.
class run {
public:
  /// Finds the server's process. Throws as generator does.
  run(plan what, generator_options how, run_options options);

  load::generator& users() noexcept { return generator_; }
  const plan& planned() const noexcept { return generator_.planned(); }

  /// Called about once a second.
  void on_sample(std::function<void(const sample&)> f) {
    listener_ = std::move(f);
  }

  /// Waits until `is_so`, at most so long; false when it was not, or when the
  /// run is cut short. Samples meanwhile.
  bool wait(const std::function<bool()>& is_so, duration at_most,
            std::chrono::milliseconds every = std::chrono::milliseconds{20});

  /// Measures what `work` does; it fills in units, and took if it knows
  /// better than the time from begin to end.
  phase& measure(std::string name, std::string unit,
                 const std::function<void(phase&)>& work);

  bool is_cut_short() const noexcept { return cut_ != cut_short::no; }
  cut_short why_cut_short() const noexcept { return cut_; }

  const std::deque<sample>& samples() const noexcept { return samples_; }

  /// The whole result; see the README for its shape.
  json result() const;

  /// Whether nothing went wrong.
  bool is_good() const;

private:
  void tick();
  void take_sample(std::int64_t now);
  void show(const sample& x);
  json server_part() const;
  json own_part(const figures& all) const;
  std::vector<std::string> limits(const figures& all) const;

  const run_options options_;
  const machine_memory memory_before_;
  load::generator generator_;
  pid_t server_ = 0;
  std::optional<process_use> server_before_;
  std::int64_t begin_ns_ = 0;
  std::int64_t sampled_ns_ = 0;
  std::int64_t busiest_before_ns_ = 0;
  duration server_cpu_before_{0};
  duration own_cpu_before_{0};
  duration machine_cpu_before_{0};
  double busiest_others_ = 0; // of all cores, neither server nor generator
  figures sampled_;
  double busiest_thread_ = 0;  // of the time, in the busiest second
  double busiest_machine_ = 0; // of all cores, server and generator
  std::deque<sample> samples_;
  std::deque<phase> phases_;
  json at_peak_; // bytes, when most were joined
  std::uint64_t peak_ = 0;
  cut_short cut_ = cut_short::no;
  std::function<void(const sample&)> listener_;
};

/// SIGINT and SIGTERM cut runs short instead of ending the program.
void catch_interrupts();

} // namespace load
