#pragma once

#include "runtime/process.hpp"
#include "transport/detail/connection_set.hpp"
#include "transport/detail/http_sessions.hpp"
#include "transport/detail/long_poll_wire.hpp"

#include <string>

namespace bennu::transport::detail {

/// The process of one long-poll request, on the shard of its connection: it
/// finds the session, on whatever shard that is, and waits for it, so that
/// nothing else has to; or it opens a session. As in Phoenix each request has a
/// process, so a client that goes away is an exit signal. However it ends, the
/// connection gets an answer. Confined to its process.
class long_poll_request final : public runtime::process {
public:
  /// `http` holds the connection; it is replaced only after all sockets, and
  /// so this, have stopped.
  long_poll_request(long_poll_call call, http_sessions& http, connection_id id);
  ~long_poll_request() override;

protected:
  void init() override;
  void handle_message(runtime::message&) override {}
  std::string label() const override { return "long-poll request"; }

private:
  void poll(const runtime::pid& session);
  void push(const runtime::pid& session);
  void open();
  void answer(std::string bytes);
  void answer_status(int status, int http_status = 200);

  long_poll_call call_;
  http_sessions& http_;
  connection_id id_;
  bool answered_ = false;
};

} // namespace bennu::transport::detail
