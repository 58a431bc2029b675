// bennu-load: loads a Phoenix Channels server with users.
#include "examples/load/crew.hpp"
#include "examples/load/options.hpp"
#include "examples/load/page.hpp"
#include "examples/load/run.hpp"
#include "examples/load/scenarios.hpp"
#include "runtime/log.hpp"

#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>

#include <sys/socket.h>
#include <unistd.h>

namespace {

using load::exit_code;

bool answers(const load::target& x) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool is_open =
    ::connect(fd, reinterpret_cast<const sockaddr*>(&x.address),
              sizeof x.address)
    == 0;
  ::close(fd);
  return is_open;
}

void write_json(const std::string& file, const load::json& x) {
  if (file == "-") {
    std::cout << x.dump(2) << std::endl;
    return;
  }
  std::ofstream out(file);
  out << x.dump(2) << '\n';
  if (!out.flush())
    throw std::runtime_error("cannot write " + file);
}

/// Nobody, unless several processes share the load.
std::optional<load::crew> find_crew(const load::options& opts,
                                    std::uint64_t users) {
  const std::chrono::seconds limit{static_cast<std::int64_t>(opts.limit_s) + 1};
  if (!opts.join.empty())
    return load::crew::join(opts.join, opts.allow_remote, users, limit);
  if (opts.processes > 1)
    return load::crew::lead(opts.crew_port, opts.allow_remote, opts.processes,
                            users, limit);
  return std::nullopt;
}

exit_code run(load::options opts) {
  const auto plan = load::plan_scenario(opts);
  for (const auto& x : plan.targets)
    if (!answers(x)) {
      std::cerr << "bennu-load: nobody listens on " << x.host << ':' << x.port
                << '\n';
      return exit_code::no_server;
    }
  auto crew = find_crew(opts, plan.users);
  if (crew)
    opts.how.first_user = crew->first_user();
  load::catch_interrupts();
  load::run on{plan, opts.how, opts.watch};
  // After the generator's threads have their own files: theirs would hold the
  // page's connections open.
  std::unique_ptr<load::page> page;
  if (opts.page_port != 0) {
    page = std::make_unique<load::page>(opts.page_port, opts.page_dir);
    on.on_sample([&](const load::sample& x) { page->show(x); });
    if (!opts.watch.quiet)
      std::cerr << "Open http://127.0.0.1:" << page->port() << " to watch.\n";
  }
  if (crew)
    crew->begin_together();
  load::run_scenario(opts, on);
  const load::contribution mine{on.result(), on.users().look()};
  const auto result =
    merged(mine, crew ? crew->finish(mine) : std::vector<load::contribution>{});
  if (!opts.json_file.empty())
    write_json(opts.json_file, result);
  if (!opts.report_file.empty())
    load::write_report(opts.report_file, opts.page_dir, result, on.samples());
  if (on.is_cut_short())
    return exit_code::cut_short;
  return result.at("ok").get<bool>() ? exit_code::good : exit_code::errors;
}

} // namespace

int main(int argc, char** argv) {
  const auto parsed = load::parse_options(argc, argv);
  if (!parsed.options)
    return parsed.exit_code;
  bennu::runtime::log_threshold(bennu::runtime::log_level::error);
  try {
    return static_cast<int>(run(*parsed.options));
  } catch (const std::invalid_argument& e) {
    std::cerr << "bennu-load: " << e.what() << '\n';
    return static_cast<int>(exit_code::usage);
  } catch (const std::exception& e) {
    std::cerr << "bennu-load: " << e.what() << '\n';
    return static_cast<int>(exit_code::errors);
  }
}
