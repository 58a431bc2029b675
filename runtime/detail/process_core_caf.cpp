// The side of a process that CAF sees: its allocation as an actor, and the
// entry points that stock actors and CAF's network layer call.
#include "runtime/assert.hpp"
#include "runtime/detail/process_core.hpp"
#include "runtime/detail/shard_impl.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/exit_reason.hpp>
#include <caf/make_actor.hpp>
#include <caf/system_messages.hpp>

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

void process_core::enqueue(caf::mailbox_element_ptr what,
                           caf::execution_unit*) {
  const auto& content = what->content();
  if (content.match_elements<caf::exit_msg>()) {
    auto out = std::make_unique<signal>();
    out->what = signal::kind::exit;
    const auto& reason = content.get_as<caf::exit_msg>(0).reason;
    if (reason == caf::exit_reason::kill)
      out->why = exit_reason::kill();
    else if (reason == caf::exit_reason::user_shutdown)
      out->why = exit_reason::shutdown();
    else if (reason)
      out->why = exit_reason::error(to_string(reason));
    return home_->push({id_, nullptr, std::move(out)});
  }
  auto letter = std::make_unique<envelope>();
  letter->content = runtime::make_message(what->move_content_to_message());
  home_->push({id_, std::move(letter), nullptr});
}

void process_core::attach(caf::attachable_ptr ptr) {
  // Any thread may ask; the list is the home shard's.
  auto shared = std::make_shared<caf::attachable_ptr>(std::move(ptr));
  home_->post([self = caf::strong_actor_ptr{ctrl()}, this, shared] {
    if (alive())
      more().attached.push_back(std::move(*shared));
    else
      (*shared)->actor_exited(caf::exit_reason::unknown, home_);
  });
}

std::size_t process_core::detach(const caf::attachable::token& what) {
  if (current_shard() != home_ || !extras_)
    return 0;
  return std::erase_if(extras_->attached,
                       [&](const auto& x) { return x->matches(what); });
}

void process_core::add_link(caf::abstract_actor*) {}
void process_core::remove_link(caf::abstract_actor*) {}
bool process_core::add_backlink(caf::abstract_actor*) {
  return false;
}
bool process_core::remove_backlink(caf::abstract_actor*) {
  return false;
}

void process_core::intrusive_ptr_add_ref_impl() {
  intrusive_ptr_add_ref(ctrl());
}

void process_core::intrusive_ptr_release_impl() {
  intrusive_ptr_release(ctrl());
}

} // namespace bennu::runtime::detail
