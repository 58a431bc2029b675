#include "runtime/application.hpp"

#include "runtime/detail/application_runner.hpp"
#include "runtime/environment.hpp"
#include "runtime/log.hpp"
#include "runtime/node.hpp"

#include <map>
#include <stdexcept>

namespace bennu::runtime {

namespace {

[[noreturn]] void refuse(std::string why) {
  throw std::invalid_argument("bad applications: " + std::move(why));
}

std::string env_key(std::string_view application, std::string_view key) {
  return fmt::format("{}.{}", application, key);
}

/// Puts an application behind those it depends on.
class sorter {
public:
  explicit sorter(applications those) : those_(std::move(those)) {
    for (const auto& x : those_) {
      if (x.name.empty())
        refuse("one has no name: set application_spec.name");
      if (!by_name_.emplace(x.name, place{&x}).second)
        refuse(x.name + " is there twice");
    }
  }

  applications sorted() {
    for (const auto& x : those_)
      visit(x.name, x.name);
    return std::move(result_);
  }

  applications sorted_for(const std::string& name) {
    visit(name, name);
    return std::move(result_);
  }

private:
  struct place {
    const application_spec* spec;
    bool entered = false;
    bool done = false;
  };

  void visit(const std::string& name, const std::string& wanted_by) {
    const auto at = by_name_.find(name);
    if (at == by_name_.end())
      refuse(fmt::format("{} depends on {}, which is not among them", wanted_by,
                         name));
    auto& x = at->second;
    if (x.done)
      return;
    if (std::exchange(x.entered, true))
      refuse(
        fmt::format("{} depends on itself, by way of {}", name, wanted_by));
    for (const auto& other : x.spec->depends_on)
      visit(other, name);
    x.done = true;
    result_.push_back(*x.spec);
  }

  applications those_;
  std::map<std::string, place> by_name_;
  applications result_;
};

} // namespace

applications start_order(applications those) {
  return sorter{std::move(those)}.sorted();
}

applications start_order(applications those, const std::string& of) {
  return sorter{std::move(those)}.sorted_for(of);
}

child_spec application_controller(applications those) {
  const std::string name = "application_controller";
  auto start = [order = start_order(std::move(
                  those))]() -> std::unique_ptr<detail::process_maker> {
    return detail::make_maker<detail::application_runner>(order).moved();
  };
  return {.id = name,
          .start = std::move(start),
          .shutdown = shutdown_policy::infinity(),
          .type = child_spec::kind::supervisor,
          .how = {.name = name}};
}

void set_env(node& where, std::string_view application, std::string_view key,
             message value) {
  where.environment().set(env_key(application, key), std::move(value));
}

message get_env(node& where, std::string_view application,
                std::string_view key) {
  return where.environment().get(env_key(application, key));
}

} // namespace bennu::runtime
