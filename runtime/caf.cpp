#include "runtime/caf.hpp"

#include "runtime/detail/border.hpp"
#include "runtime/detail/node_impl.hpp"

#include <stdexcept>

namespace bennu::runtime {

caf::actor_system& caf_border::system() const noexcept {
  return *node_->impl_->system;
}

void caf_border::add(const detail::caf_conversion& x) const {
  node_->impl_->border->types().add(x);
}

caf::strong_actor_ptr caf_border::handle_of(const pid& id) const {
  return node_->impl_->border->handle_of(id);
}

pid caf_border::adopt_actor(const caf::strong_actor_ptr& who,
                            std::size_t shard) const {
  auto& inside = *node_->impl_;
  if (shard == spawn_options::any_shard) {
    const auto* here = inside.here();
    shard = here ? here->index() % node_->shard_count() : 0;
  }
  if (shard >= node_->shard_count())
    throw std::out_of_range("this node has no such shard");
  return inside.border->proxy_of(who, shard, true);
}

} // namespace bennu::runtime
