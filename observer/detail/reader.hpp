#pragma once

#include "observer/detail/desk.hpp"
#include "runtime/probe.hpp"
#include "runtime/process.hpp"

#include <list>
#include <memory>
#include <string>
#include <vector>

namespace bennu::observer::detail {

/// Asks the reader for a page; answers page_ptr, or std::string: why not.
struct read_sheet {
  runtime::sheet_query what;
};
using page_ptr = std::shared_ptr<const runtime::sheet_page>;

/// Waits for an answer of a process; answers what it says as a message, or
/// std::string: why not.
struct await_answer {
  std::shared_ptr<runtime::probe_answer> what;
};

/// Its name in the agent's own node.
inline constexpr auto reader_name = "observer.reader";

/// The process that puts all viewers' questions to the observed node: one at a
/// time of each sheet, readings_max in all, the same question once for all who
/// ask it. It never waits: it looks at what is under way every 2 ms, since a
/// shard of the observed node may have a file table of its own and could not
/// wake a thread of this node. Confined to its process.
class reader final : public runtime::process {
public:
  explicit reader(desk_ptr at) : desk_(std::move(at)) {}
  ~reader() override;

protected:
  void handle_message(runtime::message& msg) override;
  std::string label() const override { return "observer's reader"; }

private:
  struct look_again {};

  /// A question: waiting, under way, or answered and kept for a moment.
  struct question {
    runtime::sheet_query what;
    std::shared_ptr<runtime::sheet_reading> reading{};
    page_ptr answer{};
    runtime::time_point since{};
    std::vector<runtime::reply_to> askers{};
  };
  struct awaited {
    std::shared_ptr<runtime::probe_answer> what;
    runtime::time_point since{};
    runtime::reply_to asker{};
  };

  void ask(const runtime::sheet_query& what);
  void begin_waiting();
  bool is_under_way(const std::string& sheet) const;
  void begin(question& x);
  void look();
  void finish(question& x);
  void look_at_answers();
  void drop_old();
  void keep_looking();

  desk_ptr desk_;
  std::list<question> questions_;
  std::list<awaited> answers_;
  std::size_t under_way_ = 0;
  bool looking_ = false;
};

} // namespace bennu::observer::detail
