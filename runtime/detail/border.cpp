#include "runtime/detail/border.hpp"

#include "runtime/detail/caf_proxy.hpp"
#include "runtime/detail/caf_reason.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/process_handle.hpp"
#include "runtime/log.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>
#include <caf/sec.hpp>

namespace bennu::runtime::detail {

border::border(node_impl& owner) : owner_(&owner) {}

// -- processes as actors ------------------------------------------------------

namespace {

/// Tells a process's handle how the process ended, and keeps the handle until
/// then: monitors of it must not end with the last reference from outside.
class end_of_process final : public caf::attachable {
public:
  explicit end_of_process(caf::strong_actor_ptr handle)
    : handle_(std::move(handle)) {}

  void actor_exited(const caf::error& why, caf::execution_unit*) override {
    static_cast<process_handle*>(handle_->get())->ended(why);
  }

private:
  caf::strong_actor_ptr handle_;
};

} // namespace

caf::strong_actor_ptr border::handle_of(const pid& id) {
  caf::strong_actor_ptr made;
  {
    const std::lock_guard guard{mutex_};
    if (const auto at = actors_.find(id); at != actors_.end())
      if (auto who = at->second.lock())
        return who;
    if (const auto at = handles_.find(id); at != handles_.end())
      return at->second;
    made = make_handle(id);
    handles_.emplace(id, made);
  }
  const auto watched = run_at(id, [id, made](shard_impl& home) {
    auto end = std::make_unique<end_of_process>(made);
    if (auto* core = home.find_core(id))
      core->watch(std::move(end));
    else
      end->actor_exited(to_caf(exit_reason::noproc()), nullptr);
  });
  if (!watched)
    end_of_process{made}.actor_exited(to_caf(exit_reason::noproc()), nullptr);
  return made;
}

caf::strong_actor_ptr border::make_handle(const pid& id) {
  auto& system = *owner_->system;
  caf::actor_config config;
  return caf::make_actor<process_handle, caf::strong_actor_ptr>(
    system.next_actor_id(), system.node(), &system, config, shared_from_this(),
    id);
}

void border::process_ended(const pid& id) {
  caf::strong_actor_ptr last;
  const std::lock_guard guard{mutex_};
  if (const auto at = handles_.find(id); at != handles_.end()) {
    last = std::move(at->second);
    handles_.erase(at);
  }
}

// -- actors as processes ------------------------------------------------------

pid border::proxy_of(const caf::strong_actor_ptr& who, std::size_t shard,
                     bool keep) {
  if (!who)
    return {};
  if (const auto* ours = dynamic_cast<process_handle*>(who->get());
      ours && ours->is_of(*this))
    return ours->process();
  const proxy_key key{who.get(), shard};
  const std::shared_lock gate{gate_};
  if (closed_)
    return {};
  const std::lock_guard guard{mutex_};
  auto at = proxies_.find(key);
  if (at == proxies_.end()) {
    const auto max = owner_->options.caf_proxies_max;
    if (proxies_.size() >= max) {
      log(log_level::error,
          "caf_proxies_max of {} reached: actor {} is not "
          "known to processes",
          max, who->id());
      return {};
    }
    const auto id = start_proxy(who, shard);
    if (!id)
      return {};
    at = proxies_.emplace(key, proxy{id, nullptr}).first;
    actors_.emplace(id, caf::actor_cast<caf::weak_actor_ptr>(who));
  }
  if (keep)
    at->second.kept = who;
  return at->second.id;
}

pid border::start_proxy(const caf::strong_actor_ptr& who, std::size_t shard) {
  auto& table = owner_->shards[shard]->table();
  const auto id = table.reserve_remote();
  if (!id)
    return {};
  auto x = std::make_unique<signal>();
  x->what = signal::kind::spawn;
  x->maker = make_maker<caf_proxy>(shared_from_this(), who).moved();
  // Whoever learns the pid from us finds a process there: it exists already,
  // or is on its way before anything that is meant for it.
  if (auto* here = owner_->here(); here && here->index() == shard) {
    here->route(id, std::move(x));
    return id;
  }
  owner_->shards[shard]->push({id, nullptr, std::move(x)});
  return id;
}

bool border::is_proxy(const pid& id) const {
  const std::lock_guard guard{mutex_};
  return actors_.contains(id);
}

std::size_t border::meeting_shard(const pid& id) const noexcept {
  return id.shard() % owner_->options.shards;
}

void border::proxy_ended(const void* who, const pid& id) {
  caf::strong_actor_ptr kept;
  const std::lock_guard guard{mutex_};
  actors_.erase(id);
  const auto at = proxies_.find({who, id.shard()});
  if (at == proxies_.end() || at->second.id != id)
    return;
  kept = std::move(at->second.kept);
  proxies_.erase(at);
}

// -- the gate -----------------------------------------------------------------

bool border::push(parcel x) {
  const std::shared_lock guard{gate_};
  if (closed_ || !owner_->is_here(x.to))
    return false;
  auto& home = owner_->home_of(x.to);
  home.push(std::move(x));
  return true;
}

bool border::run_at(const pid& id, std::function<void(shard_impl&)> f) {
  auto x = std::make_unique<signal>();
  x->what = signal::kind::run;
  x->run = [f = std::move(f)] { f(*current_shard()); };
  return push({id, nullptr, std::move(x)});
}

void border::close() {
  {
    const std::unique_lock guard{gate_};
    closed_ = true;
  }
  decltype(proxies_) proxies;
  decltype(handles_) handles;
  {
    const std::lock_guard guard{mutex_};
    proxies.swap(proxies_);
    handles.swap(handles_);
    actors_.clear();
  }
  for (const auto& [id, handle] : handles)
    static_cast<process_handle*>(handle->get())
      ->ended(to_caf(exit_reason::noproc()));
}

// -- requests of actors -------------------------------------------------------

caf_request::caf_request(caf::strong_actor_ptr asked,
                         caf::strong_actor_ptr from, caf::message_id id,
                         std::vector<caf::strong_actor_ptr> stages)
  : asked_(std::move(asked)), from_(std::move(from)), id_(id),
    stages_(std::move(stages)) {}

caf_request::~caf_request() {
  if (from_)
    answer(caf::make_message(caf::make_error(caf::sec::request_receiver_down)));
}

void caf_request::answer(caf::message what) {
  // As CAF's own actors respond: to the next stage of a forwarding chain, and
  // from the last one back to who asked.
  if (stages_.empty()) {
    from_->enqueue(std::move(asked_), id_.response_id(), std::move(what),
                   nullptr);
  } else {
    const auto next = std::move(stages_.back());
    stages_.pop_back();
    next->enqueue(caf::make_mailbox_element(from_, id_, std::move(stages_),
                                            std::move(what)),
                  nullptr);
  }
  from_ = nullptr;
}

} // namespace bennu::runtime::detail
