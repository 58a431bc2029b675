#include "examples/chat/history.hpp"

#include <deque>
#include <list>
#include <memory>
#include <unordered_map>

namespace chat {

namespace {

using bennu::channels::json;

/// Rooms by name, and in the order they were last spoken in.
class rooms {
public:
  explicit rooms(history_limits limits) : limits_(limits) {}

  void append(const std::string& room, const json& payload) {
    auto& lines = touch(room);
    lines.push_back(payload);
    if (lines.size() > limits_.messages_max)
      lines.pop_front();
  }

  json recent(const std::string& room) const {
    const auto at = by_name_.find(room);
    if (at == by_name_.end())
      return json::array();
    return at->second->lines;
  }

private:
  struct entry {
    std::string name;
    std::deque<json> lines;
  };

  std::deque<json>& touch(const std::string& room) {
    if (const auto at = by_name_.find(room); at != by_name_.end()) {
      by_age_.splice(by_age_.end(), by_age_, at->second);
    } else {
      if (by_name_.size() >= limits_.rooms_max) {
        by_name_.erase(by_age_.front().name);
        by_age_.pop_front();
      }
      by_name_[room] = by_age_.insert(by_age_.end(), {room, {}});
    }
    return by_age_.back().lines;
  }

  history_limits limits_;
  std::list<entry> by_age_;
  std::unordered_map<std::string, std::list<entry>::iterator> by_name_;
};

} // namespace

bennu::runtime::behavior history(bennu::runtime::process&,
                                 history_limits limits) {
  const auto kept = std::make_shared<rooms>(limits);
  return {
    [=](const append& x) { kept->append(x.room, x.payload); },
    [=](const recent& x) { return kept->recent(x.room); },
  };
}

} // namespace chat
