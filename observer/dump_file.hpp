#pragma once

#include "channels/json.hpp"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace bennu::observer {

/// All that a dump of a node has. It is one JSON object: {"bennu_dump": 1,
/// "about", "sheets", "history", "pages"}, where sheets are what `sheets`
/// answers, and a page is what `read` does.
struct dump_content {
  /// node, why, time
  channels::json about = channels::json::object();
  channels::json sheets = channels::json::array();
  channels::json history = channels::json::object();
  std::vector<std::pair<std::string, channels::json>> pages{};
};

/// The dump as text of at most `bytes_max`, a kilobyte more for its frame. A
/// page that does not fit loses rows from its end, and says so in its note.
std::string dump_text(dump_content content, std::size_t bytes_max);

/// Writes a file that only its owner can read, and no other file: what is there
/// is not touched. Throws std::runtime_error, with a line for people, when it
/// cannot, and leaves nothing half written.
void write_private_file(const std::string& path, const std::string& text);

/// "bennu-chat@127.0.0.1-4711-20261124-180503-1.dump", in local time.
std::string dump_name(const std::string& node, std::size_t number);

} // namespace bennu::observer
