#include "runtime/detail/process_handle.hpp"

#include "runtime/detail/caf_proxy.hpp"
#include "runtime/detail/caf_reason.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/detail/shard_impl.hpp"
#include "runtime/log.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/sec.hpp>
#include <caf/system_messages.hpp>

#include <utility>

namespace bennu::runtime::detail {

process_handle::process_handle(caf::actor_config& config,
                               std::shared_ptr<border> where, const pid& id)
  : caf::abstract_actor(config), where_(std::move(where)), id_(id) {}

caf::strong_actor_ptr process_handle::strong() {
  return caf::strong_actor_ptr{ctrl()};
}

pid process_handle::proxy_of(const caf::strong_actor_ptr& other) {
  return where_->proxy_of(other, where_->meeting_shard(id_), false);
}

// -- the end ------------------------------------------------------------------

void process_handle::ended(const caf::error& why) {
  std::vector<caf::attachable_ptr> told;
  const bool first = exclusive_critical_section([&] {
    told.swap(attached_);
    if (gone_)
      return false;
    why_ = why;
    return gone_ = true;
  });
  if (first)
    where_->process_ended(id_);
  for (const auto& x : told)
    x->actor_exited(why, nullptr);
}

void process_handle::attach(caf::attachable_ptr what) {
  const bool late = exclusive_critical_section([&] {
    if (!gone_)
      attached_.push_back(std::move(what));
    return gone_;
  });
  if (late)
    what->actor_exited(why_, nullptr);
}

std::size_t process_handle::detach(const caf::attachable::token& what) {
  return exclusive_critical_section([&] {
    return std::erase_if(attached_,
                         [&](const auto& x) { return x->matches(what); });
  });
}

// -- links --------------------------------------------------------------------

void process_handle::add_link(caf::abstract_actor* other) {
  tie(other, true);
}

void process_handle::remove_link(caf::abstract_actor* other) {
  tie(other, false);
}

bool process_handle::add_backlink(caf::abstract_actor* other) {
  tie(other, true);
  return false;
}

bool process_handle::remove_backlink(caf::abstract_actor* other) {
  tie(other, false);
  return false;
}

void process_handle::tie(caf::abstract_actor* other, bool linked) {
  const auto proxy = proxy_of(caf::actor_cast<caf::strong_actor_ptr>(other));
  if (!proxy)
    return;
  where_->run_at(proxy, [proxy, id = id_, linked](shard_impl& home) {
    if (auto* core = home.find_core(proxy))
      linked ? core->object()->link(id) : core->object()->unlink(id);
  });
}

// -- messages -----------------------------------------------------------------

void process_handle::enqueue(caf::mailbox_element_ptr what,
                             caf::execution_unit*) {
  const auto& content = what->content();
  if (what->mid.is_response())
    return take_answer(*what);
  if (content.match_elements<caf::exit_msg>()) {
    const auto& x = content.get_as<caf::exit_msg>(0);
    return take_exit(x.reason, x.source);
  }
  if (what->mid.is_request() && what->sender)
    return take_request(*what);
  take_message(*what);
}

message process_handle::content_of(caf::mailbox_element& x) {
  if (auto known = where_->types().from_caf(x.content()))
    return known;
  return runtime::make_message(x.move_content_to_message());
}

void process_handle::take_message(caf::mailbox_element& x) {
  auto letter = std::make_unique<envelope>();
  letter->sender = proxy_of(x.sender);
  letter->content = content_of(x);
  const auto from = letter->sender;
  forward(from, {id_, std::move(letter), nullptr});
}

void process_handle::take_answer(caf::mailbox_element& x) {
  auto letter = std::make_unique<envelope>();
  letter->what = envelope::kind::reply;
  letter->ref = x.mid.request_id().integer_value();
  const auto& content = x.content();
  letter->content =
    content.match_elements<caf::error>()
      ? make_message(failed_reply{ended_by(content.get_as<caf::error>(0))})
      : content_of(x);
  where_->push({id_, std::move(letter), nullptr});
}

void process_handle::take_exit(const caf::error& why,
                               const caf::actor_addr& source) {
  auto out = std::make_unique<signal>();
  out->what = signal::kind::exit;
  out->why = from_caf(why);
  // A signal from nobody names its receiver as the source.
  if (source != address())
    out->from = proxy_of(caf::actor_cast<caf::strong_actor_ptr>(source));
  const auto from = out->from;
  forward(from, {id_, nullptr, std::move(out)});
}

namespace {

/// Lets the proxy of a CAF actor ask a process. The actor has its own timeout,
/// so there is none here.
void ask(process_core& proxy, const pid& to, message what,
         std::shared_ptr<caf_request> request, std::shared_ptr<border> where) {
  auto& home = proxy.home();
  const auto ref = home.next_ref();
  proxy.relate({ref, to, relation::kind::request});
  proxy.await_reply(ref, 0, [=](message* answer, const exit_reason* why) {
    if (why)
      return request->answer(caf::make_message(
        why->is_normal() ? caf::make_error(caf::sec::request_receiver_down)
                         : to_caf(*why)));
    if (auto known = where->types().to_caf(*answer))
      return request->answer(std::move(*known));
    request->answer(caf::make_message(caf::make_error(
      caf::sec::unexpected_response, undeclared(answer->type_name()))));
  });
  auto watch = std::make_unique<signal>();
  watch->what = signal::kind::monitor;
  watch->from = proxy.id();
  watch->ref = ref;
  home.route(to, std::move(watch));
  auto letter = std::make_unique<envelope>();
  letter->what = envelope::kind::request;
  letter->ref = ref;
  letter->content = std::move(what);
  letter->sender = proxy.id();
  home.route(to, std::move(letter));
}

} // namespace

void process_handle::take_request(caf::mailbox_element& x) {
  const auto proxy = proxy_of(x.sender);
  if (dynamic_cast<process_handle*>(x.sender->get())) {
    // Delegated by an actor: the process that asked waits for the answer.
    auto letter = std::make_unique<envelope>();
    letter->what = envelope::kind::request;
    letter->ref = x.mid.request_id().integer_value();
    letter->sender = proxy;
    letter->content = content_of(x);
    return forward(proxy, {id_, std::move(letter), nullptr});
  }
  auto request = std::make_shared<caf_request>(strong(), x.sender, x.mid,
                                               std::move(x.stages));
  where_->run_at(proxy, [=, to = id_, what = content_of(x),
                         where = where_](shard_impl& home) {
    if (auto* core = home.find_core(proxy))
      ask(*core, to, what, request, where);
  });
}

void process_handle::forward(const pid& proxy, parcel x) {
  if (!proxy || proxy.shard() == id_.shard()) {
    where_->push(std::move(x));
    return;
  }
  auto shared = std::make_shared<parcel>(std::move(x));
  where_->run_at(proxy, [shared](shard_impl& home) {
    if (shared->signal)
      home.route(shared->to, std::move(shared->signal));
    else
      home.route(shared->to, std::move(shared->letter));
  });
}

} // namespace bennu::runtime::detail
