// The side of a process that CAF sees: its allocation as an actor, and the
// entry points that stock actors and CAF's network layer call.
#include "runtime/assert.hpp"
#include "runtime/detail/border.hpp"
#include "runtime/detail/node_impl.hpp"
#include "runtime/detail/process_core.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_storage.hpp>
#include <caf/actor_system.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/make_actor.hpp>

#include <array>
#include <utility>

namespace bennu::runtime::detail {

// -- allocation ---------------------------------------------------------------

namespace {

template <std::size_t Size>
class sized_core final : public process_core {
public:
  using process_core::process_core;

private:
  // process_core::object() finds it by its place.
  alignas(16) std::byte storage_[Size];
};

// Of this size there are millions. CAF's control block, the core and the object
// fill a size class of jemalloc; a byte more would cost 32.
static_assert(sizeof(function_process) == 32);
static_assert(sizeof(caf::actor_storage<sized_core<sizeof(function_process)>>)
              == 224);

template <std::size_t Size>
process_core* make_core(shard_impl& home, const pid& id) {
  using core = sized_core<Size>;
  auto& system = home.system();
  caf::actor_config config{&home};
  const auto actor_id = (std::uint64_t{id.serial} << 32) | id.slot;
  auto handle = caf::make_actor<core, caf::strong_actor_ptr>(
    actor_id, system.node(), &system, config, home, id);
  static_assert(sizeof(core) == sizeof(process_core) + Size);
  return static_cast<core*>(handle.release()->get());
}

using core_factory = process_core* (*)(shard_impl&, const pid&);

/// In steps of 16 bytes for the small objects of which there are millions.
template <std::size_t... Units>
constexpr std::array<core_factory, sizeof...(Units)>
small_factories(std::index_sequence<Units...>) {
  return {&make_core<(Units + 1) * 16>...};
}

constexpr std::size_t small_max = 256;
constexpr auto small =
  small_factories(std::make_index_sequence<small_max / 16>{});

} // namespace

process_core* allocate_core(std::size_t size, shard_impl& home, const pid& id) {
  if (size <= small_max)
    return small[(size + 15) / 16 - 1](home, id);
  if (size <= 512)
    return make_core<512>(home, id);
  BENNU_ASSERT(size <= process_size_max);
  return make_core<process_size_max>(home, id);
}

// -- caf's entry points -------------------------------------------------------

// Any thread may call these; whatever comes is the handle's, which knows how to
// reach the home shard.

namespace {

caf::strong_actor_ptr handle_of(const process_core& x) {
  return x.home().owner().border->handle_of(x.id());
}

} // namespace

void process_core::enqueue(caf::mailbox_element_ptr what,
                           caf::execution_unit* unit) {
  handle_of(*this)->enqueue(std::move(what), unit);
}

void process_core::attach(caf::attachable_ptr ptr) {
  handle_of(*this)->get()->attach(std::move(ptr));
}

std::size_t process_core::detach(const caf::attachable::token& what) {
  return handle_of(*this)->get()->detach(what);
}

void process_core::add_link(caf::abstract_actor* other) {
  handle_of(*this)->get()->add_link(other);
}

void process_core::remove_link(caf::abstract_actor* other) {
  handle_of(*this)->get()->remove_link(other);
}

bool process_core::add_backlink(caf::abstract_actor* other) {
  return handle_of(*this)->get()->add_backlink(other);
}

bool process_core::remove_backlink(caf::abstract_actor* other) {
  return handle_of(*this)->get()->remove_backlink(other);
}

void process_core::answer_unanswered(envelope& x) {
  // Between processes a handler that returns nothing is a cast's, and the
  // asker's timeout tells; CAF's actors get the empty answer they know.
  if (!home_->owner().border->is_proxy(x.sender))
    return;
  const auto to = object()->take_reply_to();
  object()->send_reply(to, runtime::make_message());
}

void process_core::intrusive_ptr_add_ref_impl() {
  intrusive_ptr_add_ref(ctrl());
}

void process_core::intrusive_ptr_release_impl() {
  intrusive_ptr_release(ctrl());
}

} // namespace bennu::runtime::detail
