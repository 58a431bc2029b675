#pragma once

#include "channels/json.hpp"
#include "runtime/behavior.hpp"
#include "runtime/process.hpp"

#include <cstddef>
#include <string>

namespace chat {

/// The name the history worker is registered under.
inline constexpr auto history_name = "chat.history";

/// What the history keeps at most. In memory: a restart forgets it.
struct history_limits {
  std::size_t rooms_max = 1'000;
  std::size_t messages_max = 100; // a room
};

/// A message that was said in a room.
struct append {
  std::string room;
  bennu::channels::json payload;
};

/// Answers what was said last in a room, a JSON array, the oldest first.
struct recent {
  std::string room;
};

/// The worker that remembers. Past rooms_max the room that was silent longest
/// is forgotten.
bennu::runtime::behavior history(bennu::runtime::process& self,
                                 history_limits limits);

} // namespace chat
