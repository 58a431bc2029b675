#pragma once

#include "observer/cli/source.hpp"

#include <string>

namespace observer_cli {

/// Writes all sheets of a node, as far as a page and a dump go, to a new file
/// for this user alone; `path` empty: a name made of the node's and the time.
/// `about`: what connect() has answered. Answers {file, bytes}.
json write_snapshot(source& node, json about, std::string path);

/// A dump in a file, asked as a node is. Value.
class snapshot final : public source {
public:
  explicit snapshot(std::string path) : path_(std::move(path)) {}

  /// A larger file is no dump of ours.
  static constexpr std::size_t bytes_max = 256 * 1024 * 1024;

  json connect() override;
  json ask(const std::string& event, const json& payload) override;
  std::optional<std::pair<std::string, json>>
  next_push(std::chrono::milliseconds) override {
    return std::nullopt;
  }

private:
  json read(const json& question) const;

  std::string path_;
  json content_;
};

} // namespace observer_cli
