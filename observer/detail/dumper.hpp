#pragma once

#include "observer/detail/desk.hpp"
#include "observer/detail/dump_signal.hpp"
#include "observer/dump_file.hpp"
#include "runtime/probe.hpp"
#include "runtime/process.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bennu::observer::detail {

/// Asks the dumper for a dump; answers dump_written. Whoever asks while one is
/// under way gets that one.
struct write_dump {
  std::string why;
};
struct dump_written {
  std::string path{};

  /// Why there is none; empty: there is.
  std::string error{};
};

/// Its name in the agent's own node.
inline constexpr auto dumper_name = "observer.dumper";

/// The process of the agent's own node that writes a dump of the observed node
/// when a signal or a viewer asks for one, or before the program aborts: all
/// sheets that are about nothing in particular, asked side by side, with what
/// was answered in time. A file that cannot be written is a line in the log.
/// Confined to its process.
class dumper final : public runtime::process {
public:
  explicit dumper(desk_ptr at) : desk_(std::move(at)) {}

protected:
  void init() override;
  void handle_message(runtime::message& msg) override;
  std::string label() const override { return "observer's dumper"; }

private:
  struct look_again {};

  /// A dump under way.
  struct dump {
    std::string why;
    bool fatal = false;
    runtime::time_point until{};
    std::vector<runtime::probe::description> sheets{};
    std::vector<std::pair<std::string, std::shared_ptr<runtime::sheet_reading>>>
      pages{};

    /// Viewers that wait for it: each has questions_max at most.
    std::vector<runtime::reply_to> askers{};
  };

  void look();
  void begin(std::string why, bool fatal);
  void ask_more();
  bool is_done() const;
  void finish();
  dump_written write(dump_content content, const std::string& why);
  std::string write_file(const std::string& text);
  void forget_oldest();

  desk_ptr desk_;
  std::optional<dump_signal> signal_;
  std::optional<dump> dump_;
  std::size_t written_ = 0;
  std::deque<std::string> files_;
};

} // namespace bennu::observer::detail
