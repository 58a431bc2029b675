#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace bennu::transport::detail {

/// The user agents of a shard's clients, each kept once, so that a connection
/// holds two bytes for it. What has come is kept; once the table is full,
/// others have none. Confined to its thread.
class agent_table {
public:
  /// Browsers and their versions are some hundred; who makes up more of them
  /// gets 128 KiB of a shard and not a byte more.
  static constexpr std::size_t agents_max = 1'024;

  /// A longer one is kept without its end.
  static constexpr std::size_t agent_max = 128;

  /// 0 for none, and when there is no room.
  std::uint16_t number_of(std::string_view agent) {
    const auto text = agent.substr(0, agent_max);
    if (text.empty())
      return 0;
    const auto found = numbers_.find(text);
    if (found != numbers_.end())
      return found->second;
    if (texts_.size() == agents_max)
      return 0;
    // The keys look at the texts, whose buffers stay where they are.
    texts_.push_back(std::make_unique<const std::string>(text));
    const auto number = static_cast<std::uint16_t>(texts_.size());
    numbers_.emplace(*texts_.back(), number);
    return number;
  }

  std::string_view text_of(std::uint16_t number) const {
    return number == 0 || number > texts_.size() ? std::string_view{}
                                                 : *texts_[number - 1u];
  }

private:
  std::vector<std::unique_ptr<const std::string>> texts_;
  std::unordered_map<std::string_view, std::uint16_t> numbers_;
};

} // namespace bennu::transport::detail
