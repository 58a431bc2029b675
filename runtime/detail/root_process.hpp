#pragma once

#include "runtime/child_spec.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/process.hpp"

namespace bennu::runtime::detail {

struct stop_tree {};
struct kill_tree {};

/// The parent of a node's top supervisor: tells the thread that runs the node
/// how the tree fares, and passes its wish to stop on.
class root_process final : public process {
public:
  root_process(tree_progress* progress, child_spec top)
    : progress_(progress), top_(std::move(top)) {}

protected:
  void init() override;
  void handle_message(message& msg) override;
  std::string label() const override { return "root"; }

private:
  void note(const std::function<void()>& change);

  tree_progress* progress_;
  child_spec top_;
  pid child_;
};

} // namespace bennu::runtime::detail
