#include "runtime/detail/caf_proxy.hpp"

#include "runtime/detail/caf_reason.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/log.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/attachable.hpp>
#include <caf/exit_reason.hpp>
#include <caf/local_actor.hpp>
#include <caf/system_messages.hpp>

#include <utility>

namespace bennu::runtime::detail {

namespace {

/// Tells the proxy how its actor ended.
class end_of_actor final : public caf::attachable {
public:
  end_of_actor(std::shared_ptr<border> where, const pid& proxy)
    : where_(std::move(where)), proxy_(proxy) {}

  void actor_exited(const caf::error& why, caf::execution_unit*) override {
    auto letter = std::make_unique<envelope>();
    letter->content = make_message(caf_actor_ended{ended_by(why)});
    where_->push({proxy_, std::move(letter), nullptr});
  }

private:
  std::shared_ptr<border> where_;
  pid proxy_;
};

void send_exit(const caf::strong_actor_ptr& who, const caf::actor_addr& source,
               caf::error why) {
  who->enqueue(nullptr, caf::make_message_id(),
               caf::make_message(caf::exit_msg{source, std::move(why)}),
               nullptr);
}

} // namespace

std::string undeclared(std::string_view types) {
  // The types stand in parentheses.
  const auto bare = types.substr(1, types.size() - 2);
  return fmt::format("a message of {} is not declared to CAF: call "
                     "caf_border::declare<{}>()",
                     types, bare);
}

caf_proxy::caf_proxy(std::shared_ptr<border> where, caf::strong_actor_ptr who)
  : where_(std::move(where)), key_(who.get()),
    who_(caf::actor_cast<caf::weak_actor_ptr>(who)) {
  // Not in init: a signal may come before that has run.
  trap_exit(true);
}

caf_proxy::~caf_proxy() {
  const auto who = who_.lock();
  where_->proxy_ended(key_, self());
  // Nothing but `kill` and the end of the node ends a proxy before its actor.
  if (who && !gone_)
    send_exit(who, caf::actor_cast<caf::actor_addr>(who),
              caf::make_error(caf::exit_reason::kill));
}

std::string caf_proxy::label() const {
  const auto who = who_.lock();
  const auto* local =
    who ? dynamic_cast<caf::local_actor*>(who->get()) : nullptr;
  return fmt::format("caf {}#{}", local ? local->name() : "actor",
                     who ? who->id() : 0);
}

void caf_proxy::init() {
  auto end = std::make_unique<end_of_actor>(where_, self());
  if (const auto who = who_.lock())
    who->get()->attach(std::move(end));
  else
    end->actor_exited(to_caf(exit_reason::noproc()), nullptr);
}

void caf_proxy::handle_message(message& msg) {
  if (const auto* end = msg.value_if<caf_actor_ended>()) {
    gone_ = true;
    return stop(end->why);
  }
  if (const auto* x = msg.value_if<exit_message>())
    return pass_exit_on(*x);
  forward(msg);
}

void caf_proxy::pass_exit_on(const exit_message& x) {
  const auto who = who_.lock();
  if (!who)
    return;
  const auto source = x.from ? where_->handle_of(x.from) : who;
  send_exit(who, caf::actor_cast<caf::actor_addr>(source),
            to_caf_over_link(x.reason));
}

void caf_proxy::forward(const message& msg) {
  const auto from = sender();
  const auto request = take_reply_to();
  auto out = where_->types().to_caf(msg);
  if (!out) {
    const auto text = undeclared(msg.type_name());
    log(log_level::error, "process {} ({}): {}", to_string(self()), label(),
        text);
    if (request)
      reply(request, failed_reply{exit_reason::error(text)});
    return;
  }
  // An actor that is gone answers no request; the reason is on its way.
  if (const auto who = who_.lock())
    who->enqueue(from ? where_->handle_of(from) : nullptr,
                 caf::make_message_id(request.request), std::move(*out),
                 nullptr);
}

} // namespace bennu::runtime::detail
