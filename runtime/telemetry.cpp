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
  const auto same = [&](const entry_ptr& x) { return x->id == made->id; };
  if (entries_.size() == handlers_max
      || std::any_of(entries_.begin(), entries_.end(), same))
    return false;
  entries_.push_back(std::move(made));
  attached_ = entries_.size();
  return true;
}

bool telemetry::detach(std::string_view id) {
  const std::lock_guard guard{mutex_};
  const auto gone =
    std::erase_if(entries_, [&](const entry_ptr& x) { return x->id == id; });
  attached_ = entries_.size();
  return gone > 0;
}

std::vector<telemetry::entry_ptr> telemetry::find(std::string_view name) const {
  std::vector<entry_ptr> found;
  const std::lock_guard guard{mutex_};
  for (const auto& x : entries_)
    if (x->name == name)
      found.push_back(x);
  return found;
}

std::vector<std::string> telemetry::handlers(std::string_view name) const {
  std::vector<std::string> ids;
  for (const auto& x : find(name))
    ids.push_back(x->id);
  return ids;
}

void telemetry::execute(const telemetry_event& event) {
  if (attached_.load(std::memory_order_relaxed) != 0)
    call(find(event.name), event);
}

void telemetry::call(const std::vector<entry_ptr>& those,
                     const telemetry_event& event) {
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
