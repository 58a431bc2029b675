#pragma once

#include "runtime/detail/border.hpp"
#include "runtime/process.hpp"

#include <caf/actor_control_block.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace bennu::runtime::detail {

/// What a process gets told when the actor behind its proxy has ended.
struct caf_actor_ended {
  exit_reason why;
};

/// A process that stands for one CAF actor: forwards what it is sent, passes
/// exit signals on and ends as the actor ends, so that links, monitors and
/// requests to its pid are the runtime's own. Killed, it kills the actor.
/// Confined to its process.
class caf_proxy final : public process {
public:
  caf_proxy(std::shared_ptr<border> where, caf::strong_actor_ptr who);
  ~caf_proxy() override;

protected:
  void init() override;
  void handle_message(message& msg) override;
  std::string label() const override;

private:
  void forward(const message& msg);
  void pass_exit_on(const exit_message& x);

  std::shared_ptr<border> where_;
  const void* key_;
  caf::weak_actor_ptr who_;
  bool gone_ = false;
};

/// "a message of ping is not declared to CAF: call
/// caf_border::declare<ping>()".
std::string undeclared(std::string_view types);

} // namespace bennu::runtime::detail
