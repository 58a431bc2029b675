#pragma once

// The end of runtime/registry.hpp, which alone includes it.

#include "runtime/detail/table_text.hpp"
#include "runtime/probe.hpp"

namespace bennu::runtime {

template <class Key, class Value, class Hash>
auto registry<Key, Value, Hash>::register_key(process& self, const Key& key,
                                              Value value) -> outcome {
  auto& x = all();
  const auto me = self.self();
  {
    auto& part = x.part_of(key);
    const std::unique_lock guard{part.mutex};
    const auto at = part.entries.find(key);
    const bool taken = at != part.entries.end();
    if (taken && x.options.keys == registry_keys::unique)
      return {false, at->second.begin()->first};
    if (x.entries.fetch_add(1) >= x.options.entries_max) {
      x.entries.fetch_sub(1);
      throw std::length_error("registry " + x.options.name
                              + " is full: entries_max reached");
    }
    part.entries[key][me].push_back(value);
    part.keys[me].push_back(key);
  }
  detail::add_exit_hook(self, store_);
  x.tell(event::kind::registered, key, me, value);
  return {true, me};
}

template <class Key, class Value, class Hash>
std::vector<Value> registry<Key, Value, Hash>::store::remove(partition& part,
                                                             const Key& key,
                                                             const pid& id) {
  const auto at = part.entries.find(key);
  if (at == part.entries.end())
    return {};
  auto mine = at->second.extract(id);
  if (!mine)
    return {};
  if (at->second.empty())
    part.entries.erase(at);
  entries.fetch_sub(mine.mapped().size());
  return std::move(mine.mapped());
}

template <class Key, class Value, class Hash>
std::size_t registry<Key, Value, Hash>::unregister_key(process& self,
                                                       const Key& key) {
  auto& x = all();
  const auto me = self.self();
  std::vector<Value> gone;
  {
    auto& part = x.part_of(key);
    const std::unique_lock guard{part.mutex};
    gone = x.remove(part, key, me);
    const auto mine = part.keys.find(me);
    if (mine != part.keys.end()) {
      std::erase(mine->second, key);
      if (mine->second.empty())
        part.keys.erase(mine);
    }
  }
  for (const auto& value : gone)
    x.tell(event::kind::unregistered, key, me, value);
  return gone.size();
}

template <class Key, class Value, class Hash>
void registry<Key, Value, Hash>::store::process_ended(const pid& id) {
  std::vector<std::pair<Key, Value>> gone;
  for (auto& part : parts) {
    const std::unique_lock guard{part.mutex};
    auto mine = part.keys.extract(id);
    if (!mine)
      continue;
    for (const auto& key : mine.mapped())
      for (auto& value : remove(part, key, id))
        gone.emplace_back(key, std::move(value));
  }
  for (const auto& [key, value] : gone)
    tell(event::kind::unregistered, key, id, value);
}

template <class Key, class Value, class Hash>
void registry<Key, Value, Hash>::store::tell(typename event::kind what,
                                             const Key& key, const pid& who,
                                             const Value& value) const {
  for (const auto& listener : options.listeners)
    node.send(node.whereis(listener),
              event{what, options.name, key, who, value});
}

template <class Key, class Value, class Hash>
template <class F>
bool registry<Key, Value, Hash>::update_value(process& self, const Key& key,
                                              F f) {
  auto& part = all().part_of(key);
  const std::unique_lock guard{part.mutex};
  const auto at = part.entries.find(key);
  if (at == part.entries.end())
    return false;
  const auto mine = at->second.find(self.self());
  if (mine == at->second.end())
    return false;
  auto& value = mine->second.front();
  value = f(value);
  return true;
}

template <class Key, class Value, class Hash>
auto registry<Key, Value, Hash>::lookup(const Key& key) const
  -> std::vector<entry> {
  std::vector<entry> found;
  const auto& part = all().part_of(key);
  const std::shared_lock guard{part.mutex};
  if (const auto at = part.entries.find(key); at != part.entries.end())
    for (const auto& [who, values] : at->second)
      for (const auto& value : values)
        found.push_back({who, value});
  return found;
}

template <class Key, class Value, class Hash>
std::size_t registry<Key, Value, Hash>::count(const Key& key) const {
  std::size_t sum = 0;
  const auto& part = all().part_of(key);
  const std::shared_lock guard{part.mutex};
  if (const auto at = part.entries.find(key); at != part.entries.end())
    for (const auto& [who, values] : at->second)
      sum += values.size();
  return sum;
}

template <class Key, class Value, class Hash>
pid registry<Key, Value, Hash>::whereis(const Key& key) const {
  const auto& part = all().part_of(key);
  const std::shared_lock guard{part.mutex};
  const auto at = part.entries.find(key);
  return at == part.entries.end() ? pid{} : at->second.begin()->first;
}

template <class Key, class Value, class Hash>
std::vector<Value> registry<Key, Value, Hash>::values(const Key& key,
                                                      const pid& who) const {
  const auto& part = all().part_of(key);
  const std::shared_lock guard{part.mutex};
  const auto at = part.entries.find(key);
  if (at == part.entries.end())
    return {};
  const auto owner = at->second.find(who);
  return owner == at->second.end() ? std::vector<Value>{} : owner->second;
}

template <class Key, class Value, class Hash>
std::vector<Key> registry<Key, Value, Hash>::keys(const pid& who) const {
  std::vector<Key> found;
  for (const auto& part : all().parts) {
    const std::shared_lock guard{part.mutex};
    const auto at = part.keys.find(who);
    if (at != part.keys.end())
      found.insert(found.end(), at->second.begin(), at->second.end());
  }
  return found;
}

template <class Key, class Value, class Hash>
template <class F>
auto registry<Key, Value, Hash>::select(F f, std::size_t max) const
  -> std::vector<std::pair<Key, entry>> {
  std::vector<std::pair<Key, entry>> found;
  for (const auto& part : all().parts) {
    const std::shared_lock guard{part.mutex};
    for (const auto& [key, those] : part.entries)
      for (const auto& [who, values] : those)
        for (const auto& value : values) {
          if (found.size() == max)
            return found;
          const entry x{who, value};
          if (f(key, x))
            found.emplace_back(key, x);
        }
  }
  return found;
}

namespace detail {

/// A key as a person types it.
template <class T>
std::string key_text(const T& x) {
  if constexpr (std::is_convertible_v<const T&, std::string_view>)
    return std::string{std::string_view{x}};
  else
    return shown(x);
}

/// A key has as many owners as it likes; a viewer sees so many.
inline constexpr std::size_t owners_shown_max = 1'000;

std::vector<sheet_column> registry_columns();

} // namespace detail

/// Looks at some keys of a partition at a time, each time under its lock.
template <class Key, class Value, class Hash>
class registry<Key, Value, Hash>::scan final : public sheet_scan {
public:
  explicit scan(std::shared_ptr<const store> x) : store_(std::move(x)) {}

  progress step(row_picker& to, std::size_t max) override {
    if (at_ == store_->parts.size())
      return progress::done;
    const auto& part = store_->parts[at_];
    const std::shared_lock guard{part.mutex};
    const auto buckets = part.entries.bucket_count();
    for (std::size_t looked = 0; bucket_ < buckets && looked < max; ++bucket_) {
      ++looked;
      for (auto x = part.entries.begin(bucket_); x != part.entries.end(bucket_);
           ++x)
        looked += offer(to, x->first, x->second);
    }
    if (bucket_ >= buckets) {
      ++at_;
      bucket_ = 0;
    }
    return progress::more;
  }

private:
  std::size_t offer(row_picker& to, const Key& key, const owners& all) const {
    std::size_t count = 0;
    for (const auto& [who, values] : all)
      for (const auto& value : values) {
        if (count++ == detail::owners_shown_max)
          return count;
        to.offer({text_cell(store_->options.name),
                  text_cell(detail::key_text(key)), who,
                  text_cell(detail::shown(value)), number_cell(all.size())});
      }
    return count;
  }

  std::shared_ptr<const store> store_;
  std::size_t at_ = 0;
  std::size_t bucket_ = 0;
};

template <class Key, class Value, class Hash>
void registry<Key, Value, Hash>::publish(runtime::node& node,
                                         const std::shared_ptr<store>& x) {
  probe::of(node).publish(
    sheet{.name = "registries",
          .source = x->options.name,
          .columns = detail::registry_columns(),
          .scope = sheet_scope::node,
          .sort = "key",
          .scan = [weak = std::weak_ptr<const store>{x}](
                    shard*, const sheet_query&) -> std::unique_ptr<sheet_scan> {
            auto alive = weak.lock();
            return alive ? std::make_unique<scan>(std::move(alive)) : nullptr;
          }});
}

} // namespace bennu::runtime
