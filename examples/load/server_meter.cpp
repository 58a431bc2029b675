#include "examples/load/server_meter.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <system_error>

#include <time.h>
#include <unistd.h>

namespace load {

namespace fs = std::filesystem;
using std::chrono::nanoseconds;

namespace {

/// The bytes behind `Field:` in a file of "Field: n kB" lines; 0: not there.
std::size_t bytes_in(const std::string& path, const std::string& field) {
  std::ifstream in(path);
  std::string word;
  while (in >> word)
    if (word == field) {
      std::size_t kilobytes = 0;
      in >> kilobytes;
      return kilobytes * 1024;
    }
  return 0;
}

/// Inodes of sockets that listen on this port.
std::set<std::string> listening_inodes(std::uint16_t port) {
  constexpr auto listening = "0A";
  std::set<std::string> out;
  for (const auto* path : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      std::istringstream words(line);
      std::string number, local, remote, state, word, inode;
      words >> number >> local >> remote >> state;
      const auto colon = local.rfind(':');
      if (state != listening || colon == std::string::npos
          || std::stoul(local.substr(colon + 1), nullptr, 16) != port)
        continue;
      for (int i = 0; i < 5; ++i)
        words >> word; // queues, timer, retransmits, uid, timeout
      words >> inode;
      out.insert("socket:[" + inode + "]");
    }
  }
  return out;
}

/// Each thread may have a file table of its own. A listener opens early, so a
/// table's first thousand files tell.
bool has_one_of(const fs::path& task, const std::set<std::string>& inodes) {
  constexpr int looked_at_max = 1000;
  std::error_code error;
  int looked_at = 0;
  for (fs::directory_iterator at{task / "fd", error}, end; at != end && !error;
       at.increment(error)) {
    if (++looked_at > looked_at_max)
      return false;
    if (inodes.contains(fs::read_symlink(at->path(), error).string()))
      return true;
  }
  return false;
}

} // namespace

nanoseconds cpu_of(pid_t process) {
  clockid_t clock{};
  timespec t{};
  if (::clock_getcpuclockid(process, &clock) != 0
      || ::clock_gettime(clock, &t) != 0)
    return nanoseconds{0};
  return std::chrono::seconds{t.tv_sec} + nanoseconds{t.tv_nsec};
}

nanoseconds cpu_of_machine() {
  std::ifstream in("/proc/stat");
  std::string word;
  std::int64_t user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0,
               softirq = 0;
  in >> word >> user >> nice >> system >> idle >> iowait >> irq >> softirq;
  return (user + nice + system + irq + softirq)
         * (nanoseconds{std::chrono::seconds{1}} / ::sysconf(_SC_CLK_TCK));
}

std::optional<process_use> use_of(pid_t process) {
  const auto folder = "/proc/" + std::to_string(process);
  std::ifstream in(folder + "/stat");
  std::string line;
  if (!std::getline(in, line))
    return std::nullopt;
  // The name, in brackets, may hold anything.
  std::istringstream words(line.substr(line.rfind(')') + 1));
  std::string word;
  for (int i = 0; i < 11; ++i)
    words >> word;
  std::int64_t user = 0, system = 0;
  words >> user >> system;
  const auto tick =
    nanoseconds{std::chrono::seconds{1}} / ::sysconf(_SC_CLK_TCK);
  return process_use{
    .cpu = cpu_of(process),
    .cpu_user = user * tick,
    .cpu_system = system * tick,
    .user_bytes = bytes_in(folder + "/smaps_rollup", "Pss:"),
  };
}

machine_memory memory_of_machine() {
  return {.free_bytes = bytes_in("/proc/meminfo", "MemFree:"),
          .slab_bytes = bytes_in("/proc/meminfo", "Slab:")};
}

pid_t listener_of(std::uint16_t port) {
  const auto inodes = listening_inodes(port);
  if (inodes.empty())
    return 0;
  std::error_code error;
  for (fs::directory_iterator at{"/proc", error}, end; at != end && !error;
       at.increment(error)) {
    const auto name = at->path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos)
      continue;
    std::error_code no_tasks;
    for (fs::directory_iterator task{at->path() / "task", no_tasks}, last;
         task != last && !no_tasks; task.increment(no_tasks))
      if (has_one_of(task->path(), inodes))
        return static_cast<pid_t>(std::stol(name));
  }
  return 0;
}

} // namespace load
