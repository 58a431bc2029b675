#pragma once

#include <cstddef>

namespace observer_cli {

/// A view of the full screen, chosen by its digit.
struct screen_view {
  const char* title;
  const char* sheet;
  const char* sort;
};

inline constexpr screen_view screen_views[] = {
  {"Home", "home", ""},
  {"Procs", "processes", "mailbox"},
  {"Tree", "tree", ""},
  {"Tables", "tables", "memory"},
  {"Names", "names", "name"},
  {"Sockets", "sockets", "queued"},
  {"Topics", "topics", "subscribers"},
  {"Channels", "channels", ""},
  {"Pubsub", "pubsub", "server"},
  {"Log", "log", ""},
};

/// Lines that are no rows: title, views, the table's head, foot.
inline constexpr std::size_t frame_lines = 4;

/// As the node's own.
inline constexpr std::size_t rows_max = 1'000;

} // namespace observer_cli
