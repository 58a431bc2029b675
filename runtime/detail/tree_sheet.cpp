// What observers see of the supervision tree.
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/probe_sheets.hpp"
#include "runtime/process.hpp"
#include "runtime/supervisor_requests.hpp"

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace bennu::runtime::detail {

namespace {

/// A supervisor that answers later is shown without its children.
constexpr std::chrono::milliseconds patience{500};

/// Children shown of one supervisor; with more it shows their number. A
/// dynamic supervisor may have a million.
constexpr std::size_t children_max = 200;

/// Supervisors asked in one walk.
constexpr std::size_t supervisors_max = 500;

/// What a walk has found: one a supervisor asked. Confined to a shard.
struct found_tree {
  struct supervisor {
    std::vector<child_info> children;
    std::size_t count = 0;
    std::string note;
  };
  std::map<pid, supervisor> supervisors;
  std::size_t waiting = 0;
};

/// The process that asks one supervisor after the other, all at once.
class tree_walker {
public:
  tree_walker(process& self, std::shared_ptr<found_tree> tree)
    : self_(self), tree_(std::move(tree)) {}

  void visit(const pid& id) {
    if (tree_->supervisors.size() == supervisors_max
        || !tree_->supervisors.try_emplace(id).second)
      return;
    ask(id, make_message(count_children{}), [this, id](const message& answer) {
      const auto* counts = answer.value_if<child_counts>();
      if (!counts)
        return note(id, "does not answer as a supervisor");
      tree_->supervisors[id].count = counts->specs;
      if (counts->specs <= children_max)
        list(id);
    });
  }

private:
  void list(const pid& id) {
    ask(id, make_message(which_children{}), [this, id](const message& answer) {
      const auto* all = answer.value_if<std::vector<child_info>>();
      if (!all)
        return;
      tree_->supervisors[id].children = *all;
      for (const auto& x : *all)
        if (x.type == child_spec::kind::supervisor && x.child)
          visit(x.child);
    });
  }

  template <class F>
  void ask(const pid& id, message what, F then) {
    ++tree_->waiting;
    self_.request_message(id, patience, std::move(what))
      .then_message([this, id, then](message* answer, const exit_reason* why) {
        if (answer)
          then(*answer);
        else
          note(id, "no answer: " + to_string(*why));
        if (--tree_->waiting == 0)
          self_.stop();
      });
  }

  void note(const pid& id, std::string what) {
    tree_->supervisors[id].note = std::move(what);
  }

  process& self_;
  std::shared_ptr<found_tree> tree_;
};

struct tree_line {
  std::size_t depth = 0;
  child_info child{};
  pid parent{};
};

/// Depth first, as it is drawn.
void offer_tree(row_picker& to, const found_tree& tree, const tree_line& x) {
  const bool is_supervisor = x.child.type == child_spec::kind::supervisor;
  const auto at = tree.supervisors.find(x.child.child);
  const bool known = at != tree.supervisors.end();
  const auto* state = x.child.restarting ? "restarting"
                      : x.child.child    ? "running"
                                         : "stopped";
  to.offer({number_cell(x.depth), text_cell(x.child.id), x.child.child,
            is_supervisor ? "supervisor" : "worker", state,
            number_cell(x.child.restarts), text_cell(x.child.last_exit),
            number_cell(known ? at->second.count : 0), x.parent,
            known ? text_cell(at->second.note) : ""});
  if (known)
    for (const auto& child : at->second.children)
      offer_tree(to, tree, {x.depth + 1, child, x.child.child});
}

class tree_scan final : public sheet_scan {
public:
  explicit tree_scan(node_impl& node) : node_(node) {}

  progress step(row_picker& to, std::size_t) override {
    if (!tree_)
      return start();
    if (tree_->waiting > 0)
      return progress::later;
    const auto name = node_.names.name_of(top_);
    offer_tree(
      to, *tree_,
      {0,
       {.id = name, .child = top_, .type = child_spec::kind::supervisor},
       {}});
    return progress::done;
  }

private:
  progress start() {
    {
      const std::lock_guard guard{node_.tree.mutex};
      top_ = node_.tree.top;
    }
    if (!top_)
      return progress::done;
    tree_ = std::make_shared<found_tree>();
    ++tree_->waiting; // until the walker has begun
    node_.self.spawn([tree = tree_, top = top_](process& self) -> behavior {
      const auto walker = std::make_shared<tree_walker>(self, tree);
      walker->visit(top);
      --tree->waiting;
      return {[walker](message&) {}};
    });
    return progress::later;
  }

  node_impl& node_;
  pid top_;
  std::shared_ptr<found_tree> tree_;
};

} // namespace

void publish_tree_sheet(probe& to, node_impl& node) {
  to.publish({.name = "tree",
              .source = "runtime",
              .columns = {{"depth", cell_kind::integer},
                          {"id", cell_kind::text},
                          {"pid", cell_kind::process_id},
                          {"type", cell_kind::text},
                          {"state", cell_kind::text},
                          {"restarts", cell_kind::integer},
                          {"last exit", cell_kind::text},
                          {"children", cell_kind::integer},
                          {"parent", cell_kind::process_id},
                          {"note", cell_kind::text}},
              .scope = sheet_scope::first_shard,
              .scan = [&node](shard*, const sheet_query&) {
                return std::make_unique<tree_scan>(node);
              }});
}

} // namespace bennu::runtime::detail
