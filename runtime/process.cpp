#include "runtime/process.hpp"

#include "runtime/assert.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/detail/shard_impl.hpp"
#include "runtime/log.hpp"

#include <utility>

namespace bennu::runtime {

using detail::envelope;
using detail::signal;
using link_kind = detail::relation::kind;

process::process() {
  BENNU_ASSERT(detail::process_core::under_construction == &core()
               && "a process is made by spawn only, as its first base");
}

process::~process() = default;

// -- identity -----------------------------------------------------------------

detail::process_core& process::core() const noexcept {
  auto* me = const_cast<process*>(this);
  return *(reinterpret_cast<detail::process_core*>(me) - 1);
}

pid process::self() const noexcept {
  return core().id();
}

runtime::node& process::node() const noexcept {
  return core().home().node();
}

runtime::shard& process::home() const noexcept {
  return core().home();
}

pid process::parent() const noexcept {
  return core().parent();
}

std::vector<pid> process::links() const {
  std::vector<pid> result;
  result.reserve(core().relations().size());
  for (const auto& x : core().relations())
    if (x.is_link())
      result.push_back(x.other);
  return result;
}

std::vector<pid> process::members() const {
  std::vector<pid> result;
  for (const auto* x : core().home().members_of(self()))
    result.push_back(x->id());
  return result;
}

std::string process::label() const {
  const auto name = detail::demangled(typeid(*this).name());
  const auto at = name.rfind("::");
  return at == std::string::npos ? name : name.substr(at + 2);
}

// -- messages -----------------------------------------------------------------

void process::send_message(const pid& to, message msg) {
  auto x = std::make_unique<envelope>();
  x->content = std::move(msg);
  x->sender = self();
  core().home().route(to, std::move(x));
}

bool process::send_message(std::string_view name, message msg) {
  const auto to = core().home().owner().names.find(name);
  if (to)
    send_message(to, std::move(msg));
  return static_cast<bool>(to);
}

pending_request process::request_message(const pid& to, duration timeout,
                                         message msg) {
  auto& home = core().home();
  const auto ref = home.next_ref();
  core().relations().add({ref, to, link_kind::request});
  const auto timer = home.start_timer(
    timeout, self(), make_message(detail::request_timeout{ref}));
  core().await_reply(ref, timer, {});
  auto watch = std::make_unique<signal>();
  watch->what = signal::kind::monitor;
  watch->from = self();
  watch->ref = ref;
  // A pid that names nobody, or somebody of another node, answers noproc.
  if (!to || !home.owner().is_here(to)) {
    core().down(ref, to, exit_reason::noproc());
    return {*this, ref};
  }
  home.route(to, std::move(watch));
  auto x = std::make_unique<envelope>();
  x->what = envelope::kind::request;
  x->ref = ref;
  x->content = std::move(msg);
  x->sender = self();
  home.route(to, std::move(x));
  return {*this, ref};
}

void process::await_reply(monitor_ref ref, pending_request::any_answer then) {
  core().set_continuation(ref, std::move(then));
}

pid process::sender() const noexcept {
  const auto* x = core().current();
  return x ? x->sender : pid{};
}

reply_to process::take_reply_to() noexcept {
  auto* x = core().current();
  if (!x || x->what != envelope::kind::request)
    return {};
  x->what = envelope::kind::message;
  return {x->sender, x->ref};
}

void process::send_reply(const reply_to& to, message msg) {
  auto x = std::make_unique<envelope>();
  x->what = envelope::kind::reply;
  x->ref = to.request;
  x->content = std::move(msg);
  x->sender = self();
  core().home().route(to.from, std::move(x));
}

// -- starting others ----------------------------------------------------------

monitored_pid process::spawn_maker(detail::process_maker& maker,
                                   const spawn_options& how, relation rel) {
  return core().home().spawn({maker, how, &core(), rel});
}

void process::started() {
  core().started();
}

// -- links, monitors, exits ---------------------------------------------------

void process::link(const pid& other) {
  auto& relations = core().relations();
  if (other == self() || relations.find_link(other))
    return;
  relations.add({0, other, link_kind::link});
  auto& home = core().home();
  if (!other || !home.owner().is_here(other))
    return core().exit_signal(other, exit_reason::noproc(), true);
  auto x = std::make_unique<signal>();
  x->what = signal::kind::link;
  x->from = self();
  home.route(other, std::move(x));
}

void process::unlink(const pid& other) {
  auto& relations = core().relations();
  const auto* tie = relations.find_link(other);
  if (!tie)
    return;
  if (tie->what == link_kind::parent)
    core().leaves_parent(other);
  relations.remove(tie);
  auto x = std::make_unique<signal>();
  x->what = signal::kind::unlink;
  x->from = self();
  core().home().route(other, std::move(x));
}

monitor_ref process::monitor(const pid& other) {
  auto& home = core().home();
  const auto ref = home.next_ref();
  if (other == self())
    return ref;
  core().relations().add({ref, other, link_kind::monitors});
  if (!other || !home.owner().is_here(other)) {
    core().down(ref, other, exit_reason::noproc());
    return ref;
  }
  auto x = std::make_unique<signal>();
  x->what = signal::kind::monitor;
  x->from = self();
  x->ref = ref;
  home.route(other, std::move(x));
  return ref;
}

bool process::demonitor(monitor_ref ref) {
  return core().demonitor(ref);
}

void process::exit(const pid& to, exit_reason why) {
  auto x = std::make_unique<signal>();
  x->what = signal::kind::exit;
  x->from = self();
  x->why = std::move(why);
  core().home().route(to, std::move(x));
}

void process::exit(exit_reason why) {
  throw detail::process_unwound{std::move(why)};
}

void process::ignore() {
  core().started(true);
  throw detail::process_unwound{exit_reason::normal()};
}

void process::stop(exit_reason why) {
  if (core().is_running())
    core().end(std::move(why), true);
  else
    core().home().exit_soon(self(), std::move(why));
}

bool process::trap_exit(bool on) noexcept {
  return core().trap_exit(on);
}

// -- flags, dictionary
// ---------------------------------------------------------

void process::limit_mailbox(std::size_t max, mailbox_policy policy) {
  core().limit_mailbox(max, policy);
}

void process::put(std::string_view key, message value) {
  core().dictionary().insert_or_assign(std::string{key}, std::move(value));
}

message process::get(std::string_view key) const {
  const auto& all = core().dictionary();
  const auto at = all.find(key);
  return at == all.end() ? message{} : at->second;
}

message process::erase(std::string_view key) {
  auto& all = core().dictionary();
  const auto at = all.find(key);
  if (at == all.end())
    return {};
  auto value = std::move(at->second);
  all.erase(at);
  return value;
}

void process::set_label(std::string_view text) {
  core().set_label(text);
}

// -- names --------------------------------------------------------------------

bool process::register_name(std::string_view name) {
  if (!core().home().owner().names.insert(name, self()))
    return false;
  core().named();
  return true;
}

// -- timers -------------------------------------------------------------------

timer_ref process::start_timer(duration delay, const pid& to, message msg) {
  return core().home().start_timer(delay, to, std::move(msg));
}

bool process::cancel_timer(timer_ref ref) noexcept {
  return core().home().cancel(ref);
}

// -- function_process ---------------------------------------------------------

void function_process::init() {
  behavior_ = body_(*this);
  body_ = {};
  if (!behavior_)
    stop();
}

void function_process::handle_message(message& msg) {
  auto outcome = behavior_(msg);
  if (!outcome.matched) {
    log(log_level::warning, "process {}: unexpected message {}",
        to_string(self()), msg.type_name());
    return;
  }
  if (!outcome.reply)
    return;
  if (const auto to = take_reply_to())
    send_reply(to, std::move(outcome.reply));
}

} // namespace bennu::runtime
