#include "runtime/process.hpp"

#include "runtime/assert.hpp"
#include "runtime/detail/describe.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/detail/shard_impl.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <utility>

namespace bennu::runtime {

using detail::envelope;
using detail::signal;
using link_kind = detail::relation::kind;

namespace {

/// Who asks, whom, and the request it is.
struct process_link {
  pid from;
  pid to;
  monitor_ref ref = 0;
};

} // namespace

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
  result.reserve(core().relation_count());
  core().for_each_relation([&result](const detail::relation& x) {
    if (x.is_link())
      result.push_back(x.other);
  });
  return result;
}

std::vector<pid> process::members() const {
  std::vector<pid> result;
  for (const auto* x : core().home().members_of(self()))
    result.push_back(x->id());
  return result;
}

std::string process::initial_call() const {
  return detail::demangled(typeid(*this).name());
}

std::string process::label() const {
  const auto name = initial_call();
  const auto at = name.rfind("::");
  return at == std::string::npos ? name : name.substr(at + 2);
}

// -- messages -----------------------------------------------------------------

void process::send_message(const pid& to, message msg) {
  core().note_sent(to, msg);
  auto x = std::make_unique<envelope>();
  x->content = std::move(msg);
  x->sender = self();
  core().home().route(to, std::move(x));
}

void process::send_message(const process_alias& to, message msg) {
  core().note_sent(to.owner, msg);
  auto x = std::make_unique<envelope>();
  x->what = envelope::kind::alias;
  x->ref = to.ref;
  x->content = std::move(msg);
  x->sender = self();
  core().home().route(to.owner, std::move(x));
}

process_alias process::alias(alias_mode mode) {
  return {self(), core().make_alias(mode)};
}

bool process::unalias(const process_alias& x) {
  return x.owner == self() && core().unalias(x.ref);
}

bool process::send_message(std::string_view name, message msg) {
  const auto to = core().home().owner().names.find(name);
  if (to)
    send_message(to, std::move(msg));
  return static_cast<bool>(to);
}

bool process::expect_reply(monitor_ref ref, const pid& from, duration timeout) {
  core().relate({ref, from, link_kind::request});
  core().await_reply_within(timeout, ref);
  // A pid that names nobody, or somebody of another node, answers noproc.
  const bool is_here = from && core().home().owner().is_here(from);
  if (!is_here)
    core().down(ref, from, exit_reason::noproc());
  return is_here;
}

pending_request process::request_message(const pid& to, duration timeout,
                                         message msg) {
  auto& home = core().home();
  const auto ref = home.next_ref();
  if (!expect_reply(ref, to, timeout))
    return {*this, ref};
  core().note_sent(to, msg);
  auto x = std::make_unique<envelope>();
  x->what = envelope::kind::request;
  x->ref = ref;
  x->content = std::move(msg);
  x->sender = self();
  home.route(to, std::move(x));
  return {*this, ref};
}

namespace {

/// Runs an inspector where the inspected process lives, and answers.
void run_inspector(const process_link& link, const process::inspector& f) {
  auto& here = *detail::current_shard();
  auto* core = here.find_core(link.to);
  auto failure = exit_reason::noproc();
  if (core) {
    try {
      auto letter = std::make_unique<envelope>();
      letter->what = envelope::kind::reply;
      letter->ref = link.ref;
      letter->content = f(*core->object());
      letter->sender = link.to;
      return here.route(link.from, std::move(letter));
    } catch (const std::exception& e) {
      failure = exit_reason::error(e.what());
    }
  }
  auto x = std::make_unique<signal>();
  x->what = signal::kind::down;
  x->from = link.to;
  x->ref = link.ref;
  x->why = std::move(failure);
  here.route(link.from, std::move(x));
}

} // namespace

pending_request process::inspect(const pid& of, duration timeout, inspector f) {
  auto& home = core().home();
  const auto ref = home.next_ref();
  if (!expect_reply(ref, of, timeout))
    return {*this, ref};
  auto x = std::make_unique<signal>();
  x->what = signal::kind::run;
  x->run = [link = process_link{self(), of, ref}, f = std::move(f)] {
    run_inspector(link, f);
  };
  home.route(of, std::move(x));
  return {*this, ref};
}

pending_request process::info(const pid& of, duration timeout) {
  return inspect(of, timeout, [](process& x) {
    return make_message(detail::describe(x.core()));
  });
}

void pending_request::end_by_failed_request(process& self,
                                            const exit_reason& why) {
  self.exit(exit_reason::error("a request failed: " + to_string(why)));
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

void process::handle_next(message msg) {
  core().handle_next(std::move(msg));
}

bool process::is_request() const noexcept {
  const auto* x = core().current();
  return x && x->what == envelope::kind::request;
}

void process::answers_for(const reply_to& caller) noexcept {
  auto* x = core().current();
  if (!x)
    return;
  x->what = envelope::kind::request;
  x->sender = caller.from;
  x->ref = caller.request;
}

bool process::is_stopping() const noexcept {
  return core().is_stopping();
}

void process::send_reply(const reply_to& to, message msg) {
  core().note_sent(to.from, msg);
  core().forget_monitor(to.request);
  auto x = std::make_unique<envelope>();
  x->what = envelope::kind::reply;
  x->ref = to.request;
  x->content = std::move(msg);
  x->sender = self();
  core().home().route(to.from, std::move(x));
}

void pending_request::then_message(any_answer f) {
  self_.await_reply(ref_, std::move(f));
}

// -- starting others ----------------------------------------------------------

monitored_pid process::spawn_maker(detail::process_maker& maker,
                                   const spawn_options& how, relation rel) {
  const auto child = core().home().spawn({maker, how, &core(), rel});
  if (child.id)
    core().note_done(sys::event::kind::spawned, child.id);
  return child;
}

pending_request process::start_maker(detail::process_maker& maker,
                                     const spawn_options& how,
                                     duration timeout) {
  const auto child = spawn_maker(maker, how, relation::start);
  core().await_reply_within(timeout, child.ref);
  return {*this, child.ref};
}

void process::started() {
  core().started();
}

// -- links, monitors, exits ---------------------------------------------------

void process::link(const pid& other) {
  if (other == self() || core().link_with(other))
    return;
  core().relate({0, other, link_kind::link});
  core().note_done(sys::event::kind::linked, other);
  auto& home = core().home();
  if (!other || !home.owner().is_here(other))
    return core().exit_signal(other, exit_reason::noproc(), true);
  auto x = std::make_unique<signal>();
  x->what = signal::kind::link;
  x->from = self();
  home.route(other, std::move(x));
}

void process::unlink(const pid& other) {
  const auto tie = core().link_with(other);
  if (!tie)
    return;
  if (tie->what == link_kind::parent)
    core().leaves_parent(other);
  core().unrelate(*tie);
  core().note_done(sys::event::kind::unlinked, other);
  auto x = std::make_unique<signal>();
  x->what = signal::kind::unlink;
  x->from = self();
  core().home().route(other, std::move(x));
}

monitor_ref process::monitor(const pid& other) {
  const auto ref = core().home().next_ref();
  begin_monitor(ref, other);
  return ref;
}

monitor_ref process::monitor(std::string_view name) {
  const auto ref = core().home().next_ref();
  const auto other = core().home().owner().names.find(name);
  if (other != self())
    core().name_monitor(ref, name);
  begin_monitor(ref, other);
  return ref;
}

void process::begin_monitor(monitor_ref ref, const pid& other) {
  if (other == self())
    return;
  auto& home = core().home();
  core().relate({ref, other, link_kind::monitors});
  if (!other || !home.owner().is_here(other))
    return core().down(ref, other, exit_reason::noproc());
  auto x = std::make_unique<signal>();
  x->what = signal::kind::monitor;
  x->from = self();
  x->ref = ref;
  home.route(other, std::move(x));
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

// -- flags, dictionary --------------------------------------------------------

priority_level process::priority(priority_level x) noexcept {
  const auto was = core().priority();
  core().priority(x);
  return was;
}

priority_level process::priority() const noexcept {
  return core().priority();
}

void process::hibernate() {
  core().hibernate();
}

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

bool process::unregister_name() {
  return core().home().owner().names.erase_name_of(self());
}

// -- timers -------------------------------------------------------------------

timer_ref process::send_message_after(duration delay, const pid& to,
                                      message msg) {
  return core().home().timers().set(delay, to, std::move(msg));
}

timer_ref process::send_message_after(duration delay, const named& to,
                                      message msg) {
  return core().home().timers().set(delay, to, std::move(msg));
}

timer_ref process::start_message_timer(duration delay, message msg) {
  return core().home().timers().set_timeout(delay, self(), std::move(msg));
}

duration process::until(time_point when) const noexcept {
  return std::max(duration{0}, when - core().home().owner().time.now());
}

timer_ref process::start_interval(duration period, message msg) {
  return core().home().timers().set_interval(period, self(), std::move(msg));
}

std::optional<duration> process::cancel_timer(timer_ref ref) noexcept {
  return core().home().timers().cancel(ref);
}

std::optional<duration> process::read_timer(timer_ref ref) const noexcept {
  return core().home().timers().read(ref);
}

} // namespace bennu::runtime
