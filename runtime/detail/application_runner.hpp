#pragma once

#include "runtime/application.hpp"
#include "runtime/process.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

namespace bennu::runtime::detail {

/// The process behind application_controller: starts the applications of a
/// node one after the other, and what requests ask for. Confined to its
/// process.
class application_runner final : public process {
public:
  /// `those` are in start order.
  explicit application_runner(applications those);

protected:
  void init() override;
  bool starts_with_init() const override { return false; }
  void handle_message(message& msg) override;
  void parent_exited(const exit_reason& why) override { begin_stop(why); }
  std::string label() const override { return "application_controller"; }

private:
  enum class state : std::uint8_t { stopped, starting, running, stopping };

  struct app {
    application_spec spec;
    application_type type = spec.type;
    application_runner::state state = state::stopped;
    pid top{};
    /// Of its last start: the greatest is stopped first.
    std::uint64_t turn = 0;
    std::vector<reply_to> stoppers{};
  };

  /// A request to start some: what is left to start, the next one first, and
  /// what it has started. `launched`: the next one is starting. `error`: it has
  /// failed and takes back what it did.
  struct plan {
    reply_to asker;
    std::vector<std::string> left;
    std::optional<application_type> type{};
    bool launched = false;
    std::vector<std::string> started{};
    std::string error{};
  };

  // -- requests --

  bool handle_request(message& msg);
  std::string load(const application_spec& spec);
  std::string unload(const std::string& name);
  std::string change(const change_config& to);
  void stop_one(const std::string& name);
  void start_one(const start_application& what);
  void start_with_others(const std::string& name);
  void answer(const reply_to& to, std::string error);
  std::vector<application_info> list() const;

  // -- starting and stopping --

  void boot_next();
  void enqueue(plan x);
  void go_on();
  void fail(std::string error);
  void launch(app& x);
  void halt(app& x);
  void on_started(const pid& from);
  void on_end(const pid& from, const exit_reason& why);
  void has_ended(app& x, state was, const exit_reason& why);
  void begin_stop(const exit_reason& why);
  void stop_last();
  void set_env_of(const app& x);
  void clear_env(const app& x);
  app* find(const std::string& name);
  app* find(const pid& top);

  std::deque<app> apps_;
  /// Until all of the first have started.
  bool booting_ = true;
  std::size_t next_ = 0;
  std::deque<plan> plans_;
  std::uint64_t turns_ = 0;
  bool stopping_ = false;
  exit_reason why_;
};

} // namespace bennu::runtime::detail
