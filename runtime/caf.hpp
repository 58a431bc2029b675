#pragma once

#include "runtime/detail/caf_conversions.hpp"
#include "runtime/node.hpp"

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>

#include <cstddef>
#include <type_traits>

namespace bennu::runtime {

/// Where CAF's actors and a node's processes meet; the one public header that
/// includes CAF. Either side uses its own words for the other:
///
/// | | to a process, from CAF | to an actor, from a process |
/// |---|---|---|
/// | name it | `handle(pid)`, a caf::actor | `adopt(actor)`, a pid |
/// | send | `self->send(handle, ...)` | `self.send(id, ...)` |
/// | request | `self->request(handle, ...)`: the handler's return value, or
/// `reply` later | `self.request(id, ...).then(...)` | | link |
/// `self->link_to(handle)` | `self.link(id)` | | monitor |
/// `self->monitor(handle)`, down_msg | `self.monitor(id)`, down_message | |
/// exit | `self->send_exit(handle, ...)` | `self.exit(id, ...)` |
///
/// A process that is sent to by an actor finds a pid in `sender()`, an actor a
/// handle in `current_sender()`; both can be answered. That pid is a proxy, a
/// process that stands for the actor on one shard and ends when it ends.
///
/// Exit reasons are translated: `shutdown` is CAF's `user_shutdown`, `killed`
/// its `kill`, `noproc` its `unknown`, `error` its `unhandled_exception`, with
/// terms and texts as the error's context; the way back is the same. CAF's
/// `kill` is untrappable, so over a link `kill` and `killed` travel as
/// `unhandled_exception`.
///
/// Differs from CAF: an exit signal acts at once, before queued messages; an
/// actor that exits with `kill` ends its links with `killed`, which they may
/// trap. Differs from Erlang: an actor's exit_msg waits in its mailbox.
///
/// A process without a handler for an actor's request, or that ends first,
/// answers with an error; a handler that returns nothing answers empty.
///
/// The end of a node kills the actors its processes know and waits for all
/// others, as CAF does: a live caf::scoped_actor, or a caf::actor in a variable
/// that outlives the node, makes `~node` wait for ever.
///
/// Value: as long-lived as its node. Thread-safe; works from any shard.
///
///     runtime::caf_border border{node};
///     border.declare<ping, int>();
///     auto worker = border.system().spawn(stock_worker);
///     node.send(border.adopt(worker), ping{}, 1);
class caf_border {
public:
  explicit caf_border(runtime::node& node) : node_(&node) {}

  /// The node's actor system: spawn CAF's actors here. What it is made of is
  /// changed by node_options::caf_setup.
  caf::actor_system& system() const noexcept;

  /// Lets messages of exactly `Ts...` cross both ways, as copies. Each list of
  /// types is declared once in a node, before it is sent; one bool, number or
  /// std::string, and the empty message are known. CAF wants its own say on a
  /// type too: an `inspect` or CAF_ALLOW_UNSAFE_MESSAGE_TYPE.
  ///
  /// An undeclared message from CAF arrives as one caf::message; towards CAF
  /// its request fails, its send is dropped, with an error that names it.
  template <class... Ts>
  void declare() const {
    static_assert((std::is_same_v<Ts, std::decay_t<Ts>> && ...),
                  "declare plain types, as messages hold them");
    add(detail::conversion_of<Ts...>());
  }

  /// What CAF's actors call a process; for the proxy of an actor, the actor
  /// itself. A dead process has a handle too: monitors of it fire at once. One
  /// handle lives as long as its process, about 300 bytes for each process
  /// that CAF knows. A typed handle, `handle<Typed>(id)`, promises CAF that the
  /// process takes and answers what the type says; nobody checks it.
  template <class Handle = caf::actor>
  Handle handle(const pid& id) const {
    return caf::actor_cast<Handle>(handle_of(id));
  }

  /// What processes call an actor, on `shard` (by default the caller's own, or
  /// from outside the first). From here on the actor lives until it exits,
  /// whoever holds a handle; one that is known by `sender()` alone lives by
  /// CAF's rules. Typed actors too. No process past
  /// node_options::caf_proxies_max.
  template <class Handle>
  pid adopt(const Handle& who,
            std::size_t shard = spawn_options::any_shard) const {
    return adopt_actor(caf::actor_cast<caf::strong_actor_ptr>(who), shard);
  }

private:
  void add(const detail::caf_conversion& x) const;
  caf::strong_actor_ptr handle_of(const pid& id) const;
  pid adopt_actor(const caf::strong_actor_ptr& who, std::size_t shard) const;

  runtime::node* node_;
};

} // namespace bennu::runtime
