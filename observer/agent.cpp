#include "observer/agent.hpp"

#include "observer/detail/agent_process.hpp"
#include "runtime/node.hpp"

#include <exception>
#include <utility>

namespace bennu::observer {

runtime::child_spec agent(agent_options options) {
  const auto name = options.name;
  auto spec = runtime::worker_of<detail::agent_process>(name, options);
  // The longest that the end of its own node may take.
  spec.shutdown = runtime::shutdown_policy::after(std::chrono::seconds{10});
  spec.how.detached = true;
  return spec;
}

std::uint16_t bound_port(runtime::node& node, const std::string& name) {
  try {
    return node.inspect<std::uint16_t>(
      node.whereis(name), [](runtime::process& x) {
        const auto* found = dynamic_cast<detail::agent_process*>(&x);
        return runtime::make_message(found ? found->port() : std::uint16_t{0});
      });
  } catch (const std::exception&) {
    return 0;
  }
}

} // namespace bennu::observer
