#include "tests/simulation/tree_world.hpp"

#include "runtime/log.hpp"
#include "runtime/shard.hpp"
#include "runtime/table.hpp"
#include "runtime/telemetry.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/core.h>

namespace bennu::runtime {

using namespace std::chrono_literals;

namespace {

/// How long a supervisor whose own supervisor was killed may take to stop.
constexpr std::chrono::seconds grace{60};

struct ready {};
struct crash {};
struct number {
  int n = 0;
};
struct talk_to {
  pid to;
};
struct watch {
  pid whom;
};
struct unwatch {};
struct link_with {
  pid whom;
};
struct tick {};

} // namespace

// -- a worker -----------------------------------------------------------------

class tree_world::grown_worker final : public process {
public:
  grown_worker(tree_world* world, worker_plan plan)
    : world_(*world), plan_(std::move(plan)) {
    ++world_.objects_;
    world_.workers_[self()] = this;
    parent_ = parent();
  }
  ~grown_worker() override {
    --world_.objects_;
    world_.workers_.erase(self());
    std::erase_if(world_.monitors_,
                  [this](const auto& x) { return x.second.watcher == self(); });
    world_.note("-" + plan_.name);
  }

  const worker_plan& plan() const noexcept { return plan_; }
  pid started_by() const noexcept { return parent_; }

protected:
  void init() override {
    trap_exit(plan_.traps || plan_.stubborn);
    if (plan_.loner) {
      world_.loners_.insert(self());
      unlink(parent_);
    }
    if (world_.chance(plan_.fails_percent))
      throw std::runtime_error("cannot start");
    if (world_.chance(plan_.ignores_percent))
      ignore();
    if (!plan_.never_starts && plan_.start_time.count() > 0)
      send_after(plan_.start_time, ready{});
    auto rows = table<int, int>::create(
      *this, {.name = plan_.name, .named = !plan_.loner});
    rows.insert(1, 1);
    world_.note("+" + plan_.name);
  }

  bool starts_with_init() const override {
    return !plan_.never_starts && plan_.start_time.count() == 0;
  }

  void handle_message(message& msg) override {
    if (msg.holds<ready>())
      started();
    else if (msg.holds<crash>())
      throw std::runtime_error("told to crash");
    else if (const auto* why = msg.value_if<exit_reason>())
      stop(*why);
    else if (const auto* to = msg.value_if<talk_to>())
      talk(to->to);
    else if (const auto* x = msg.value_if<number>())
      hear(x->n);
    else if (const auto* whom = msg.value_if<watch>())
      begin_watch(whom->whom);
    else if (msg.holds<unwatch>())
      end_watch();
    else if (const auto* other = msg.value_if<link_with>())
      link(other->whom);
    else if (const auto* down = msg.value_if<down_message>())
      on_down(*down);
  }

  void parent_exited(const exit_reason& why) override {
    if (!plan_.stubborn || why != exit_reason::shutdown())
      stop(why);
  }

  void terminate(const exit_reason&) override {
    if (plan_.crashes_in_terminate)
      throw std::runtime_error("crashed in terminate");
  }

private:
  void talk(const pid& to) {
    for (int i = 0; i < 3; ++i)
      send(to, number{++said_[to]});
    send_after(5ms, tick{});
  }

  void hear(int n) {
    if (n != ++heard_[sender()])
      world_.fault(fmt::format("{} heard {} instead of {}", plan_.name, n,
                               heard_[sender()]));
  }

  void begin_watch(const pid& whom) {
    if (whom == self())
      return;
    const auto ref = monitor(whom);
    // Fires at once, perhaps before this returns, if the target is dead.
    world_.monitors_[ref] = {.watcher = self(), .target = whom};
    refs_.push_back(ref);
  }

  void end_watch() {
    if (refs_.empty())
      return;
    demonitor(refs_.back());
    world_.monitors_.at(refs_.back()).ended = true;
    refs_.pop_back();
  }

  void on_down(const down_message& down) {
    auto& x = world_.monitors_.at(down.ref);
    if (++x.fired != 1 || x.ended || x.target != down.from)
      world_.fault(fmt::format("{}: a monitor fired {} times, ended: {}",
                               plan_.name, x.fired, x.ended));
  }

  tree_world& world_;
  worker_plan plan_;
  pid parent_;
  std::map<pid, int> said_;
  std::map<pid, int> heard_;
  std::vector<monitor_ref> refs_;
};

// -- growing ------------------------------------------------------------------

tree_world::tree_world(std::uint64_t seed)
  : random_(seed), sim_({.shards = 1 + seed % 3, .seed = seed}) {
  log_threshold(log_level::error);
  log_to([this](log_level, std::string_view line) {
    if (line.find("did not stop within") != std::string_view::npos
        || line.find("unexpected message") != std::string_view::npos)
      fault(std::string{line});
  });
  tree_ = grow_supervisor(3);
  watch_restarts();
  start_tree();
}

tree_world::~tree_world() {
  log_to([](log_level, std::string_view) {});
}

restart_intensity tree_world::grow_intensity() {
  return {.max_restarts = pick(5),
          .within =
            chance(80) ? 1000ms * (1 + pick(8)) : 100ms + 1ms * pick(5'000)};
}

/// Begins to count a supervisor's restarts anew each time it is started.
void tree_world::count_from(child_spec& spec, const restart_intensity& limit) {
  spec.start = [this, name = spec.id, limit, start = spec.start] {
    restarts_[name] = {.limit = limit};
    return start();
  };
}

supervisor_spec tree_world::grow_supervisor(int depth) {
  supervisor_spec x{.name = fmt::format("s{}", ++names_given_),
                    .strategy = static_cast<strategy>(pick(3)),
                    .intensity = grow_intensity()};
  supervisors_.push_back(x.name);
  if (chance(20))
    x.auto_shutdown = static_cast<auto_shutdown>(1 + pick(2));
  if (chance(15))
    x.backoff = backoff{.min = 10ms, .max = 2s, .jitter = 0.5};
  const auto children = pick(5) + (depth == 3 ? 1 : 0);
  for (std::size_t i = 0; i < children; ++i) {
    x.children.push_back(grow_child(depth - 1));
    auto& child = x.children.back();
    child.significant = x.auto_shutdown != auto_shutdown::never
                        && child.restart != restart_type::permanent
                        && chance(50);
  }
  restarts_[x.name] = {.limit = x.intensity};
  return x;
}

child_spec tree_world::grow_child(int depth) {
  if (depth == 0 || chance(55))
    return grow_worker();
  if (chance(30))
    return grow_dynamic();
  const auto inner = grow_supervisor(depth);
  child_spec spec = inner;
  count_from(spec, inner.intensity);
  spec.restart = static_cast<restart_type>(pick(3));
  return spec;
}

worker_plan tree_world::plan() {
  worker_plan x{.name = fmt::format("w{}", ++names_given_)};
  x.traps = chance(50);
  x.stubborn = chance(10);
  x.loner = chance(3);
  x.never_starts = chance(1);
  x.crashes_in_terminate = chance(5);
  if (chance(20))
    x.start_time = 1ms * (1 + pick(300));
  if (chance(20))
    x.fails_percent = static_cast<unsigned>(pick(60));
  if (chance(10))
    x.ignores_percent = static_cast<unsigned>(pick(60));
  return x;
}

child_spec tree_world::grow_worker() {
  auto how = plan();
  auto spec = worker_of<grown_worker>(how.name, this, how);
  // A loner may outlive a killed supervisor: its name would bar the next.
  if (how.loner || chance(20))
    spec.how.name = {};
  spec.how.shard =
    chance(50) ? spawn_options::any_shard : pick(sim_.node().shard_count());
  spec.restart = static_cast<restart_type>(pick(3));
  if (chance(20))
    spec.shutdown = shutdown_policy::brutal_kill();
  else if (how.stubborn || how.loner || how.never_starts || chance(80))
    spec.shutdown = shutdown_policy::after(1ms * pick(500));
  else
    spec.shutdown = shutdown_policy::infinity();
  if (chance(10))
    spec.backoff = backoff{.min = 1ms * pick(100), .max = 1s};
  return spec;
}

child_spec tree_world::grow_dynamic() {
  dynamic_supervisor_options x{.name = fmt::format("p{}", ++names_given_),
                               .children_max = 1 + pick(8),
                               .shutdown = 1ms * pick(500),
                               .shard = pick(sim_.node().shard_count()),
                               .intensity = grow_intensity()};
  pools_.push_back(x.name);
  auto spec = dynamic_supervisor_spec(x);
  count_from(spec, x.intensity);
  return spec;
}

// -- happening ----------------------------------------------------------------

void tree_world::run(int steps) {
  for (int i = 0; i < steps && faults_.empty(); ++i) {
    act();
    if (chance(40))
      check();
    if (chance(25))
      sim_.advance(1ms * pick(3'000));
    if (chance(20) && !sim_.node().whereis(tree_.name))
      restart_tree();
  }
  sim_.advance(grace);
  check();
  restart_tree();
  sim_.advance(grace);
  sim_.stop();
  check_empty();
}

void tree_world::start_tree() {
  parents_.clear();
  orphans_.clear();
  restarts_[tree_.name] = {.limit = tree_.intensity};
  note("start");
  if (sim_.start(tree_))
    note("did not start");
}

void tree_world::restart_tree() {
  note("stop: " + to_string(sim_.stop()));
  check_empty();
  start_tree();
}

void tree_world::act() {
  auto& node = sim_.node();
  const auto one = any_worker();
  switch (pick(16)) {
  case 0:
  case 1:
    return node.send(one, crash{});
  case 2:
    return node.send(one, exit_reason::normal());
  case 3:
    return node.send(one, chance(50) ? exit_reason::shutdown("left")
                                     : exit_reason::error("gave up"));
  case 4:
    return node.exit(one, exit_reason::kill());
  case 5:
    return node.exit(one, exit_reason::error("from outside"));
  case 6:
    if (chance(20))
      node.exit(any_supervisor(), exit_reason::kill());
    return;
  case 7:
  case 8:
    return node.send(one, talk_to{any_worker()});
  case 9:
    return node.send(one, watch{chance(80) ? any_worker() : any_supervisor()});
  case 10:
    return node.send(one, unwatch{});
  case 11:
    if (chance(30))
      node.send(one, link_with{any_worker()});
    return;
  case 12:
    return start_member();
  default:
    return ask_somebody();
  }
}

void tree_world::ask_somebody() {
  const auto whom = any_supervisor();
  const auto child = chance(80) && !workers_.empty()
                       ? fmt::format("w{}", 1 + pick(names_given_))
                       : fmt::format("s{}", 1 + pick(names_given_));
  message what;
  switch (pick(8)) {
  case 0:
    what = make_message(which_children{});
    break;
  case 1:
    what = make_message(count_children{});
    break;
  case 2:
    what = make_message(terminate_child{child});
    break;
  case 3:
    what = make_message(restart_child{child});
    break;
  case 4:
    what = make_message(delete_child{child});
    break;
  case 5:
    what = make_message(terminate_child_pid{any_worker()});
    break;
  default:
    what = make_message(start_child{grow_worker()});
  }
  sim_.node().spawn([this, whom, what](process& self) {
    self.request_message(whom, 10s, what)
      .then_message([this, &self](message* got, const exit_reason* why) {
        const auto* x = got ? got->value_if<child_result>() : nullptr;
        note("answer " + (x ? x->error : why ? to_string(*why) : "list"));
        self.stop();
      });
    return behavior{[](int) {}};
  });
}

/// A child of a dynamic supervisor by the direct call.
void tree_world::start_member() {
  if (pools_.empty())
    return;
  const auto id = sim_.node().whereis(pools_[pick(pools_.size())]);
  if (!id)
    return;
  auto how = plan();
  how.loner = how.never_starts = false;
  sim_.node().run_on(id.shard(), [&] {
    auto* pool = dynamic_cast<dynamic_supervisor*>(
      sim_.node().shard_at(id.shard()).find(id));
    if (pool)
      pool->start_child(std::in_place_type<grown_worker>, this, how);
  });
}

pid tree_world::any_worker() {
  if (workers_.empty())
    return {};
  return std::next(workers_.begin(),
                   static_cast<std::ptrdiff_t>(pick(workers_.size())))
    ->first;
}

pid tree_world::any_supervisor() {
  const auto i = pick(supervisors_.size() + pools_.size());
  return sim_.node().whereis(i < supervisors_.size()
                               ? supervisors_[i]
                               : pools_[i - supervisors_.size()]);
}

void tree_world::note(std::string line) {
  trace_.push_back(fmt::format("{} {}", sim_.now().time_since_epoch().count(),
                               std::move(line)));
}

// -- what must hold -----------------------------------------------------------

void tree_world::fault(std::string what) {
  faults_.push_back(std::move(what));
}

void tree_world::watch_restarts() {
  auto& events = sim_.node().telemetry();
  events.attach("r", std::string{events::child_restarted},
                [this](const telemetry_event& x) {
                  on_restart(std::string{x.about("supervisor")}, true);
                });
  events.attach("i", std::string{events::intensity_reached},
                [this](const telemetry_event& x) {
                  on_restart(std::string{x.about("supervisor")}, false);
                });
}

/// OTP's rule, written down a second time: those of the last `period` whole
/// seconds count, this one with them.
void tree_world::on_restart(const std::string& supervisor, bool allowed) {
  auto& model = restarts_.at(supervisor);
  const auto within = model.limit.within.count();
  const std::int64_t unit = within % 1000 == 0 ? 1'000'000'000 : 1'000'000;
  const auto period = within % 1000 == 0 ? within / 1000 : within;
  const auto now = sim_.now().time_since_epoch().count() / unit;
  model.seconds.push_back(now);
  const auto count =
    std::count_if(model.seconds.begin(), model.seconds.end(),
                  [&](std::int64_t t) { return t >= now - period; });
  const bool right =
    static_cast<std::size_t>(count) <= model.limit.max_restarts;
  note(fmt::format("{} {}", supervisor, allowed ? "restarts" : "gives up"));
  if (allowed != right)
    fault(fmt::format("{} {} at restart {} of {} within {} ms", supervisor,
                      allowed ? "went on" : "gave up", count,
                      model.limit.max_restarts, within));
}

std::set<pid> tree_world::alive() {
  const auto all = sim_.node().processes({}, 100'000);
  return {all.begin(), all.end()};
}

void tree_world::check() {
  sim_.run();
  const auto living = alive();
  check_monitors();
  check_names(living);
  check_parents(living);
  check_views(living);
}

void tree_world::check_monitors() {
  const auto living = alive();
  for (const auto& [ref, x] : monitors_) {
    const int expected = living.contains(x.target) || x.ended ? 0 : 1;
    if (x.fired != expected && !(x.ended && x.fired <= 1))
      fault(fmt::format("a monitor of {} fired {} times instead of {}",
                        to_string(x.target), x.fired, expected));
  }
}

void tree_world::check_names(const std::set<pid>& living) {
  for (const auto& name : sim_.node().registered())
    if (!living.contains(sim_.node().whereis(name)))
      fault("the name " + name + " belongs to the dead");
  for (const auto& x : sim_.node().tables())
    if (!living.contains(x.owner))
      fault("the table " + x.name + " belongs to the dead");
}

void tree_world::check_parents(const std::set<pid>& living) {
  for (const auto& [id, x] : workers_)
    if (!x->plan().loner && !living.contains(x->started_by()))
      fault(x->plan().name + " outlives its supervisor");
  for (const auto& name : supervisors_) {
    const auto id = sim_.node().whereis(name);
    if (!id)
      continue;
    const auto seen = sim_.node().info(id)->parent;
    const auto parent = parents_.try_emplace(id, seen).first->second;
    if (!parent || living.contains(parent))
      continue;
    const auto since = orphans_.try_emplace(id, sim_.now()).first->second;
    if (sim_.now() - since > grace)
      fault(name + " outlives its supervisor");
  }
}

/// A supervisor at rest knows of no process that is dead.
void tree_world::check_views(const std::set<pid>& living) {
  for (const auto& name : supervisors_) {
    const auto id = sim_.node().whereis(name);
    if (!id)
      continue;
    const auto list = sim_.call<std::vector<child_info>>(id, which_children{});
    for (const auto& x : list)
      if (x.child && !living.contains(x.child) && !loners_.contains(x.child))
        fault(name + " believes that " + x.id + " lives");
  }
}

void tree_world::check_empty() {
  // Only those who said they would outlive their supervisor do.
  for (const auto& id : alive())
    if (const auto at = workers_.find(id);
        at != workers_.end() && at->second->plan().loner)
      sim_.node().exit(id, exit_reason::kill());
  sim_.advance(grace);
  const auto left = sim_.live();
  if (left != sim_counts{})
    fault(fmt::format("left over: {} processes, {} names, {} tables, {} timers",
                      left.processes, left.names, left.tables, left.timers));
  if (objects_ != 0 || !workers_.empty() || !monitors_.empty())
    fault(fmt::format("left over: {} objects, {} monitors", objects_,
                      monitors_.size()));
}

} // namespace bennu::runtime
