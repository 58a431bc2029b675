#pragma once

#include "runtime/detail/border.hpp"
#include "runtime/pid.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/attachable.hpp>
#include <caf/error.hpp>

#include <cstddef>
#include <memory>
#include <vector>

namespace bennu::runtime::detail {

/// A process as CAF's actors see it: what a caf::actor made from a pid points
/// to. It has no mailbox; what it is told goes to the process's home shard, to
/// arrive there in the order sent. One for a process, until the process ends;
/// it knows the reason then, as any CAF actor does. It is apart from the
/// process's own actor because that may be looked up on its home shard only.
/// Thread-safe.
class process_handle final : public caf::abstract_actor {
public:
  process_handle(caf::actor_config& config, std::shared_ptr<border> where,
                 const pid& id);

  const pid& process() const noexcept { return id_; }
  bool is_of(const border& x) const noexcept { return where_.get() == &x; }

  /// The process has ended: tells whoever monitors this handle.
  void ended(const caf::error& why);

  // -- caf::abstract_actor --

  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override;
  using caf::abstract_actor::enqueue;
  void attach(caf::attachable_ptr what) override;
  std::size_t detach(const caf::attachable::token& what) override;

  /// A link is one between the process and the actor's proxy, whichever of the
  /// two asks for it; so CAF's side keeps none.
  void add_link(caf::abstract_actor* other) override;
  void remove_link(caf::abstract_actor* other) override;
  bool add_backlink(caf::abstract_actor* other) override;
  bool remove_backlink(caf::abstract_actor* other) override;

private:
  caf::strong_actor_ptr strong();
  pid proxy_of(const caf::strong_actor_ptr& other);
  message content_of(caf::mailbox_element& x);
  void take_answer(caf::mailbox_element& x);
  void take_exit(const caf::error& why, const caf::actor_addr& source);
  void take_request(caf::mailbox_element& x);
  void take_message(caf::mailbox_element& x);

  /// To the process, behind everything that `proxy` has sent it before.
  void forward(const pid& proxy, parcel x);
  void tie(caf::abstract_actor* other, bool linked);

  std::shared_ptr<border> where_;
  pid id_;
  bool gone_ = false;
  caf::error why_;
  std::vector<caf::attachable_ptr> attached_;
};

} // namespace bennu::runtime::detail
