// What a run came to, as JSON.
#include "examples/load/run.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

namespace load {

namespace {

double rounded_seconds(duration x) {
  return std::round(std::chrono::duration<double>{x}.count() * 1e3) / 1e3;
}

/// Fewer connections than that weigh less than what else moves.
constexpr double connections_weighed_min = 1'000;

json per(double bytes, double count) {
  return count < connections_weighed_min ? json(nullptr)
                                         : json(std::round(bytes / count));
}

const char* name_of(cut_short x) {
  switch (x) {
  case cut_short::interrupted:
    return "interrupted";
  case cut_short::memory:
    return "memory";
  case cut_short::thread_failed:
    return "a thread failed";
  case cut_short::no:
    break;
  }
  return "";
}

} // namespace

json run::server_part() const {
  if (server_ == 0)
    return nullptr;
  json out{{"pid", server_}};
  const auto now = use_of(server_);
  if (!now || !server_before_) {
    out["gone"] = true;
    return out;
  }
  const auto& before = *server_before_;
  const auto connected = at_peak_.value("connected", 0.0);
  out.update({
    {"cpu_s", rounded_seconds(now->cpu - before.cpu)},
    {"cpu_user_s", rounded_seconds(now->cpu_user - before.cpu_user)},
    {"cpu_system_s", rounded_seconds(now->cpu_system - before.cpu_system)},
    {"user_bytes_before", before.user_bytes},
    {"user_bytes", at_peak_.value("server", std::size_t{0})},
    {"user_bytes_per_connection",
     per(at_peak_.value("server", 0.0) - static_cast<double>(before.user_bytes),
         connected)},
    {"kernel_bytes_per_connection_both_ends",
     per(at_peak_.value("slab", 0.0)
           - static_cast<double>(memory_before_.slab_bytes),
         connected)},
  });
  return out;
}

json run::own_part(const figures& all) const {
  const auto use = use_of(::getpid()).value_or(process_use{});
  return {
    {"threads", generator_.thread_count()},
    {"cpu_s", rounded_seconds(use.cpu)},
    {"cpu_user_s", rounded_seconds(use.cpu_user)},
    {"cpu_system_s", rounded_seconds(use.cpu_system)},
    {"user_bytes", at_peak_.value("own", std::size_t{0})},
    {"user_bytes_per_connection",
     per(at_peak_.value("own", 0.0), at_peak_.value("connected", 0.0))},
    {"busiest_thread", std::round(busiest_thread_ * 100) / 100},
    {"busiest_others", std::round(busiest_others_ * 100) / 100},
    {"busiest_machine", std::round(busiest_machine_ * 100) / 100},
    {"lag", all[timing::lag].summary()},
  };
}

/// What, beside the server, may have held the load back: so that nobody reads
/// a figure of the generator as the server's.
std::vector<std::string> run::limits(const figures& all) const {
  constexpr double busy = 0.9;
  constexpr std::uint64_t lag_max_ns = 50'000'000;
  std::vector<std::string> out;
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  if (busiest_machine_ > busy)
    out.push_back(fmt::format(
      "all {} cores were busy ({:.0f} % in the busiest second), server and "
      "generator share them: with the generator elsewhere the server may do "
      "more",
      cores, busiest_machine_ * 100));
  constexpr double disturbing = 0.2;
  if (busiest_others_ > disturbing)
    out.push_back(fmt::format(
      "other programs took {:.0f} % of all cores in their busiest second: "
      "times and rates hold that, CPU per unit less so",
      busiest_others_ * 100));
  if (busiest_thread_ > busy)
    out.push_back(fmt::format(
      "a thread of the generator was busy {:.0f} % of a second: more --threads "
      "or another process may do more",
      busiest_thread_ * 100));
  if (const auto lag = all[timing::lag].at(0.99); lag > lag_max_ns)
    out.push_back(fmt::format(
      "the generator's turns took up to {} ms (p99): latencies hold that",
      lag / 1'000'000));
  if (const auto n = all[counter::no_port]; n != 0)
    out.push_back(fmt::format(
      "{} connects found no free port or address: more --source", n));
  if (const auto n = all[counter::no_file]; n != 0)
    out.push_back(fmt::format(
      "{} connects found no free file: raise `ulimit -n` or --threads", n));
  if (const auto n = all[counter::send_blocked]; n != 0)
    out.push_back(fmt::format(
      "{} writes found the send buffer full: the server read too slowly, or "
      "net.ipv4.tcp_wmem is small",
      n));
  if (cut_ == cut_short::memory)
    out.push_back("the machine's free memory ran out: stopped at "
                  "--memory-free-min");
  return out;
}

json run::result() const {
  const auto all = generator_.look();
  auto targets = json::array();
  for (const auto& x : planned().targets)
    targets.push_back(fmt::format("ws://{}:{}{}", x.host, x.port, x.path));
  auto phases = json::array();
  for (const auto& x : phases_)
    phases.push_back(x.to_json(server_ != 0));
  const auto why = generator_.failure();
  return {
    {"program", "bennu-load"},
    {"scenario", options_.scenario},
    {"targets", targets},
    {"seed", planned().seed},
    {"took_s", rounded_seconds(duration{now_ns() - begin_ns_})},
    {"ok", is_good()},
    {"cut_short", cut_ == cut_short::no ? json(nullptr)
                  : why.empty()         ? json(name_of(cut_))
                                        : json(why)},
    {"users",
     {{"planned", planned().users},
      {"arrived", all[counter::arrived]},
      {"connected", all.connected()},
      {"joined", all.joined_now()},
      {"errors", all.errors()}}},
    {"phases", phases},
    {"counts", all.counts()},
    {"latency", all.latency()},
    {"close_codes", all.close_codes()},
    {"server", server_part()},
    {"generator", own_part(all)},
    {"limits", limits(all)},
  };
}

} // namespace load
