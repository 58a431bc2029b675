#pragma once

#include "observer/detail/desk.hpp"
#include "observer/detail/report_book.hpp"
#include "runtime/log_tap.hpp"
#include "runtime/process.hpp"
#include "transport/tls_relay.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace bennu::observer::detail {

/// The process of an agent in the observed node: detached, since it waits for
/// the start and the end of the node that it holds. Confined to its process.
class agent_process final : public runtime::process {
public:
  explicit agent_process(agent_options options);
  ~agent_process() override;

  std::uint16_t port() const noexcept { return port_; }

protected:
  void init() override;
  void handle_message(runtime::message& msg) override;
  void terminate(const runtime::exit_reason& why) override;
  std::string label() const override { return "observer's agent"; }

private:
  token find_token() const;
  void start(const desk_ptr& at);
  void secure(const desk_ptr& at);

  const agent_options options_;
  std::shared_ptr<runtime::log_tap> log_;
  std::shared_ptr<report_book> reports_;
  std::unique_ptr<transport::tls_relay> relay_; // outlives who asks it
  std::unique_ptr<runtime::node> own_;
  std::uint16_t port_ = 0;
  std::string written_token_;
};

} // namespace bennu::observer::detail
