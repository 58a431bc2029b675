#include "runtime/telemetry.hpp"

#include "runtime/log.hpp"

#include <algorithm>
#include <exception>

namespace bennu::runtime {

double telemetry_event::measurement(std::string_view key) const noexcept {
  for (const auto& [what, value] : measurements)
    if (what == key)
      return value;
  return 0.0;
}

std::string_view telemetry_event::about(std::string_view key) const noexcept {
  for (const auto& [what, value] : metadata)
    if (what == key)
      return value;
  return {};
}

bool telemetry::attach(std::string id, std::string name, handler f) {
  auto made = std::make_shared<const entry>(
    entry{std::move(id), std::move(name), std::move(f)});
  const std::lock_guard guard{mutex_};
  const auto same = [&](const auto& x) { return x->id == made->id; };
  if (entries_.size() == handlers_max
      || std::any_of(entries_.begin(), entries_.end(), same))
    return false;
  entries_.push_back(std::move(made));
  publish();
  return true;
}

bool telemetry::detach(std::string_view id) {
  const std::lock_guard guard{mutex_};
  const auto gone =
    std::erase_if(entries_, [&](const auto& x) { return x->id == id; });
  publish();
  return gone > 0;
}

void telemetry::publish() {
  auto made = std::make_shared<entries_by_name>();
  std::uint64_t attached = 0;
  for (const auto& x : entries_) {
    (*made)[x->name].push_back(x);
    attached |= event_names{x->name}.bits();
  }
  by_name_ = std::move(made);
  attached_ = attached;
}

std::shared_ptr<const telemetry::entries>
telemetry::find(std::string_view name) const {
  const auto all = by_name_.load();
  if (!all)
    return {};
  const auto found = all->find(name);
  if (found == all->end())
    return {};
  return {all, &found->second};
}

std::vector<std::string> telemetry::handlers(std::string_view name) const {
  std::vector<std::string> ids;
  if (const auto found = find(name))
    for (const auto& x : *found)
      ids.push_back(x->id);
  return ids;
}

void telemetry::execute(const telemetry_event& event) {
  execute(event.name, [&] { return event; });
}

void telemetry::call(const entries& those, const telemetry_event& event) {
  for (const auto& x : those) {
    const auto failed = [&](std::string_view why) {
      detach(x->id);
      log(log_level::error,
          "telemetry handler {} threw and was detached from {}: {}", x->id,
          event.name, why);
    };
    try {
      x->f(event);
    } catch (const std::exception& e) {
      failed(e.what());
    } catch (...) {
      failed("an exception that is no std::exception");
    }
  }
}

} // namespace bennu::runtime
