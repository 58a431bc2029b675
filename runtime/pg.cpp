#include "runtime/pg.hpp"

#include "runtime/detail/probe_sheets.hpp"
#include "runtime/environment.hpp"
#include "runtime/probe.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace bennu::runtime {

/// The groups of a scope, and who watches them.
class pg_scope::store final : public detail::exit_hook {
public:
  explicit store(runtime::node& node) : node_(node) {}

  void add(const std::string& group, const std::vector<pid>& who, bool local);
  bool remove(const std::string& group, const std::vector<pid>& who,
              bool local);
  std::vector<pid> members(std::string_view group, bool local_only) const;
  std::vector<std::string> groups() const;
  monitored watch(const pid& who, std::string_view group);
  bool unwatch(std::uint64_t ref);
  void connect(std::shared_ptr<pg_peers> peers);
  void process_ended(const pid& id) override;

  /// Offers the members of the next group after `name`, which moves on; false
  /// at the end.
  bool offer_next(const std::string& scope, std::optional<std::string>& name,
                  row_picker& to) const;

private:
  /// How often each process is in a group.
  struct group_members {
    std::unordered_map<pid, std::size_t> local;
    std::unordered_map<pid, std::size_t> remote;

    auto& of(bool is_local) { return is_local ? local : remote; }
    bool empty() const { return local.empty() && remote.empty(); }
    void append_to(std::vector<pid>& to, bool local_only) const;
  };
  struct watcher {
    pid who;
    std::string group;
  };

  /// Whom to tell of a change, once the lock is gone.
  struct news {
    std::vector<std::pair<pid, pg_event>> letters;
    std::shared_ptr<pg_peers> peers;
  };
  news news_of(pg_event::kind what, const std::string& group,
               const std::vector<pid>& who, bool local) const;
  void tell(news x) const;

  runtime::node& node_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, group_members, std::less<>> groups_;

  /// The groups of a process of this node, once for each time it joined.
  std::unordered_map<pid, std::vector<std::string>> joined_;
  std::map<std::uint64_t, watcher> watchers_;
  std::uint64_t refs_ = 0;
  std::size_t members_ = 0;
  std::shared_ptr<pg_peers> peers_;
};

void pg_scope::store::group_members::append_to(std::vector<pid>& to,
                                               bool local_only) const {
  for (const auto& [who, times] : local)
    to.insert(to.end(), times, who);
  if (!local_only)
    for (const auto& [who, times] : remote)
      to.insert(to.end(), times, who);
}

void pg_scope::store::add(const std::string& group, const std::vector<pid>& who,
                          bool local) {
  news told;
  {
    const std::unique_lock guard{mutex_};
    if (members_ + who.size() > members_max)
      throw std::length_error("the groups of a scope are full");
    auto& members = groups_[group].of(local);
    for (const auto& x : who) {
      ++members[x];
      if (local)
        joined_[x].push_back(group);
    }
    members_ += who.size();
    told = news_of(pg_event::kind::joined, group, who, local);
  }
  tell(std::move(told));
}

bool pg_scope::store::remove(const std::string& group,
                             const std::vector<pid>& who, bool local) {
  news told;
  {
    const std::unique_lock guard{mutex_};
    const auto at = groups_.find(group);
    if (at == groups_.end())
      return false;
    auto& members = at->second.of(local);
    std::vector<pid> gone;
    for (const auto& x : who) {
      const auto found = members.find(x);
      if (found == members.end())
        continue;
      gone.push_back(x);
      if (--found->second == 0)
        members.erase(found);
      const auto own = joined_.find(x);
      if (!local || own == joined_.end())
        continue;
      own->second.erase(
        std::find(own->second.begin(), own->second.end(), group));
      if (own->second.empty())
        joined_.erase(own);
    }
    members_ -= gone.size();
    if (at->second.empty())
      groups_.erase(at);
    if (gone.empty())
      return false;
    told = news_of(pg_event::kind::left, group, gone, local);
  }
  tell(std::move(told));
  return true;
}

pg_scope::store::news pg_scope::store::news_of(pg_event::kind what,
                                               const std::string& group,
                                               const std::vector<pid>& who,
                                               bool local) const {
  news told;
  for (const auto& [ref, x] : watchers_)
    if (x.group.empty() || x.group == group)
      told.letters.emplace_back(x.who, pg_event{ref, what, group, who});
  // Peers see what happens here, not what they said themselves.
  if (local && peers_) {
    told.letters.emplace_back(pid{}, pg_event{0, what, group, who});
    told.peers = peers_;
  }
  return told;
}

void pg_scope::store::tell(news x) const {
  for (auto& [to, event] : x.letters) {
    if (to)
      node_.send(to, std::move(event));
    else if (event.what == pg_event::kind::joined)
      x.peers->joined(event.group, event.members);
    else
      x.peers->left(event.group, event.members);
  }
}

std::vector<pid> pg_scope::store::members(std::string_view group,
                                          bool local_only) const {
  const std::shared_lock guard{mutex_};
  std::vector<pid> found;
  if (const auto at = groups_.find(group); at != groups_.end())
    at->second.append_to(found, local_only);
  return found;
}

std::vector<std::string> pg_scope::store::groups() const {
  const std::shared_lock guard{mutex_};
  std::vector<std::string> names;
  for (const auto& [name, members] : groups_)
    names.push_back(name);
  return names;
}

pg_scope::monitored pg_scope::store::watch(const pid& who,
                                           std::string_view group) {
  const std::unique_lock guard{mutex_};
  const auto ref = ++refs_;
  watchers_.emplace(ref, watcher{who, std::string{group}});
  std::vector<pid> now;
  for (const auto& [name, members] : groups_)
    if (group.empty() || group == name)
      members.append_to(now, false);
  return {ref, std::move(now)};
}

bool pg_scope::store::unwatch(std::uint64_t ref) {
  const std::unique_lock guard{mutex_};
  return watchers_.erase(ref) > 0;
}

void pg_scope::store::connect(std::shared_ptr<pg_peers> peers) {
  const std::unique_lock guard{mutex_};
  peers_ = std::move(peers);
}

void pg_scope::store::process_ended(const pid& id) {
  std::vector<std::string> groups;
  {
    const std::unique_lock guard{mutex_};
    std::erase_if(watchers_, [&](const auto& x) { return x.second.who == id; });
    const auto mine = joined_.find(id);
    if (mine != joined_.end())
      groups = mine->second;
  }
  for (const auto& group : groups)
    remove(group, {id}, true);
}

bool pg_scope::store::offer_next(const std::string& scope,
                                 std::optional<std::string>& name,
                                 row_picker& to) const {
  // A group has as many members as it likes; a viewer sees so many.
  constexpr std::size_t members_shown_max = 1'000;
  const std::shared_lock guard{mutex_};
  const auto at = name ? groups_.upper_bound(*name) : groups_.begin();
  if (at == groups_.end())
    return false;
  name = at->first;
  const auto& [local, remote] = at->second;
  const auto count = number_cell(local.size() + remote.size());
  std::size_t shown = 0;
  for (const auto* part : {&local, &remote})
    for (const auto& [who, times] : *part)
      if (shown++ < members_shown_max)
        to.offer({text_cell(at->first), text_cell(scope), who, count});
  return true;
}

namespace {

/// A group at a time.
template <class Store>
class group_scan final : public sheet_scan {
public:
  group_scan(std::string scope, std::shared_ptr<const Store> groups)
    : scope_(std::move(scope)), groups_(std::move(groups)) {}

  progress step(row_picker& to, std::size_t) override {
    return groups_->offer_next(scope_, at_, to) ? progress::more
                                                : progress::done;
  }

private:
  std::string scope_;
  std::shared_ptr<const Store> groups_;
  std::optional<std::string> at_;
};

} // namespace

// -- the handle ---------------------------------------------------------------

pg_scope pg_scope::of(runtime::node& node, std::string_view name) {
  const auto key = "bennu.pg." + std::string{name};
  pg_scope fresh{std::make_shared<store>(node)};
  if (node.environment().insert(key, make_message(fresh))) {
    publish(node, std::string{name}, fresh.store_);
    return fresh;
  }
  return *node.environment().get(key).value_if<pg_scope>();
}

void pg_scope::publish(runtime::node& node, const std::string& name,
                       const std::shared_ptr<store>& x) {
  probe::of(node).publish(sheet{
    .name = "groups",
    .source = name,
    .columns = detail::group_columns(),
    .scope = sheet_scope::node,
    .sort = "group",
    .scan = [name, weak = std::weak_ptr<const store>{x}](
              shard*, const sheet_query&) -> std::unique_ptr<sheet_scan> {
      auto alive = weak.lock();
      return alive ? std::make_unique<group_scan<store>>(name, std::move(alive))
                   : nullptr;
    }});
}

void pg_scope::join(process& self, std::string_view group) const {
  if (group.empty())
    throw std::invalid_argument("a group needs a name");
  store_->add(std::string{group}, {self.self()}, true);
  detail::add_exit_hook(self, store_);
}

bool pg_scope::leave(process& self, std::string_view group) const {
  return store_->remove(std::string{group}, {self.self()}, true);
}

std::vector<pid> pg_scope::get_members(std::string_view group) const {
  return store_->members(group, false);
}

std::vector<pid> pg_scope::get_local_members(std::string_view group) const {
  return store_->members(group, true);
}

std::vector<std::string> pg_scope::which_groups() const {
  return store_->groups();
}

pg_scope::monitored pg_scope::monitor(process& self,
                                      std::string_view group) const {
  detail::add_exit_hook(self, store_);
  return store_->watch(self.self(), group);
}

bool pg_scope::demonitor(std::uint64_t ref) const {
  return store_->unwatch(ref);
}

void pg_scope::connect(std::shared_ptr<pg_peers> peers) const {
  store_->connect(std::move(peers));
}

void pg_scope::remote_joined(std::string_view group,
                             const std::vector<pid>& who) const {
  store_->add(std::string{group}, who, false);
}

void pg_scope::remote_left(std::string_view group,
                           const std::vector<pid>& who) const {
  store_->remove(std::string{group}, who, false);
}

} // namespace bennu::runtime
