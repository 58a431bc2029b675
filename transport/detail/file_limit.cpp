#include "transport/detail/file_limit.hpp"

#include <fstream>

#include <fmt/core.h>
#include <sys/resource.h>

namespace bennu::transport::detail {

namespace {

/// Descriptors that are no connections: listeners, epoll sets, logs.
constexpr std::size_t files_beside = 100;

std::size_t read_number(const char* path, std::size_t otherwise) {
  std::ifstream in{path};
  std::size_t x = 0;
  return in >> x ? x : otherwise;
}

} // namespace

machine_limits read_limits() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  return {.files_soft = files.rlim_cur,
          .files_hard = files.rlim_max,
          .somaxconn = read_number("/proc/sys/net/core/somaxconn", 4096)};
}

machine_limits raise_file_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0
      && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  return read_limits();
}

std::vector<std::string> complaints(const machine_limits& has,
                                    const wanted_limits& wants) {
  std::vector<std::string> lines;
  const auto needed = wants.connections + files_beside;
  if (has.files_soft < needed) {
    const auto allowed =
      has.files_soft > files_beside ? has.files_soft - files_beside : 0;
    lines.push_back(fmt::format(
      "RLIMIT_NOFILE is {}: it allows about {} connections in a file table, {} "
      "are expected. Raise it: ulimit -n {} (or LimitNOFILE={} in a systemd "
      "unit); or give each shard a table of its own (private_files): {} "
      "shards then hold {}",
      has.files_soft, allowed, wants.connections, needed, needed, wants.shards,
      allowed * wants.shards));
  }
  if (has.somaxconn < wants.backlog)
    lines.push_back(fmt::format(
      "net.core.somaxconn is {}: it cuts the backlog of {}, so bursts of new "
      "connections may be dropped. Raise it: sysctl -w net.core.somaxconn={}",
      has.somaxconn, wants.backlog, wants.backlog));
  return lines;
}

std::string how_to_raise_limit() {
  const auto has = read_limits();
  return fmt::format("RLIMIT_NOFILE is {}; raise it with ulimit -n {}",
                     has.files_soft, has.files_soft * 2);
}

} // namespace bennu::transport::detail
