#include "transport/detail/endpoint_sheets.hpp"

#include "runtime/node.hpp"
#include "runtime/probe.hpp"
#include "transport/detail/file_limit.hpp"
#include "transport/long_poll_session.hpp"
#include "transport/websocket_session.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace bennu::transport::detail {

namespace {

using runtime::cell;
using runtime::cell_kind;
using runtime::number_cell;
using runtime::row_picker;
using runtime::text_cell;

std::string peer_of(int fd) {
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  if (fd < 0
      || ::getpeername(fd, reinterpret_cast<sockaddr*>(&from), &size) != 0)
    return "";
  char text[INET6_ADDRSTRLEN] = "";
  if (from.ss_family == AF_INET6) {
    const auto& x = reinterpret_cast<const sockaddr_in6&>(from);
    ::inet_ntop(AF_INET6, &x.sin6_addr, text, sizeof text);
    return fmt::format("[{}]:{}", text, ntohs(x.sin6_port));
  }
  const auto& x = reinterpret_cast<const sockaddr_in&>(from);
  ::inet_ntop(AF_INET, &x.sin_addr, text, sizeof text);
  return fmt::format("{}:{}", text, ntohs(x.sin_port));
}

/// What the kernel counts of a connection anyway: it costs us nothing until
/// somebody asks.
tcp_info tcp_of(int fd) {
  tcp_info x{};
  socklen_t size = sizeof x;
  if (fd >= 0)
    ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &x, &size);
  return x;
}

enum socket_column : std::size_t {
  at_pid,
  at_transport,
  at_id,
  at_peer,
  at_channels,
  at_queued,
  at_unsent,
  at_bytes_in,
  at_bytes_out,
  at_heard,
  at_age,
  at_agent,
};

const std::vector<runtime::sheet_column> socket_columns{
  {"pid", cell_kind::process_id},    {"transport", cell_kind::text},
  {"id", cell_kind::text},           {"peer", cell_kind::text},
  {"channels", cell_kind::integer},  {"queued", cell_kind::bytes},
  {"in kernel", cell_kind::bytes},   {"bytes in", cell_kind::bytes},
  {"bytes out", cell_kind::bytes},   {"heard", cell_kind::time_ms},
  {"connected", cell_kind::time_ms}, {"user agent", cell_kind::text},
};

cell milliseconds_cell(runtime::duration x) {
  return number_cell(
    static_cast<std::uint64_t>(x / std::chrono::milliseconds{1}));
}

/// What every socket has, whatever carries it.
template <class Session>
cell common_cell(const Session& x, std::size_t column) {
  switch (column) {
  case at_id:
    return text_cell(x.id());
  case at_channels:
    return number_cell(x.channel_count());
  case at_queued:
    return number_cell(x.queued());
  case at_age:
    return milliseconds_cell(x.age());
  case at_agent:
    return text_cell(std::string{x.agent()});
  default:
    return x.self();
  }
}

bool is_of_kernel(std::size_t column) {
  return column >= at_unsent && column <= at_heard;
}

/// What the kernel says is asked once a row: a search makes each of them.
tcp_info kernel_figures(const websocket_session& x) {
  return tcp_of(x.descriptor());
}
tcp_info kernel_figures(const long_poll_session&) {
  return {};
}

cell socket_cell(const websocket_session& x, const tcp_info& tcp,
                 std::size_t column) {
  switch (column) {
  case at_transport:
    return "websocket";
  case at_peer:
    return peer_of(x.descriptor());
  case at_unsent:
    return number_cell(tcp.tcpi_notsent_bytes);
  case at_bytes_in:
    return number_cell(tcp.tcpi_bytes_received);
  case at_bytes_out:
    return number_cell(tcp.tcpi_bytes_acked);
  case at_heard:
    return number_cell(tcp.tcpi_last_data_recv);
  default:
    return common_cell(x, column);
  }
}

/// It has no connection of its own: what is in the kernel belongs to requests.
cell socket_cell(const long_poll_session& x, const tcp_info&,
                 std::size_t column) {
  switch (column) {
  case at_transport:
    return "longpoll";
  case at_peer:
    return text_cell(x.peer());
  case at_unsent:
    return std::int64_t{0};
  case at_bytes_in:
    return number_cell(x.bytes_in());
  case at_bytes_out:
    return number_cell(x.bytes_out());
  case at_heard:
    return milliseconds_cell(x.silence());
  default:
    return common_cell(x, column);
  }
}

template <class Session>
void offer_socket(const Session& x, row_picker& to) {
  const auto by = to.sort_column();
  const auto tcp = is_of_kernel(by) ? kernel_figures(x) : tcp_info{};
  to.offer(socket_cell(x, tcp, by), [&x] {
    const auto all = kernel_figures(x);
    runtime::sheet_row row;
    for (std::size_t i = 0; i < socket_columns.size(); ++i)
      row.push_back(socket_cell(x, all, i));
    return row;
  });
}

/// Both classes are final, so that their types are compared and no class tree
/// is searched, for each of a million processes.
std::unique_ptr<runtime::sheet_scan>
look_at_sockets(runtime::shard* here, const runtime::sheet_query&) {
  return runtime::scan_processes(
    *here, [](runtime::process& x, row_picker& to) {
      if (typeid(x) == typeid(websocket_session))
        offer_socket(static_cast<const websocket_session&>(x), to);
      else if (typeid(x) == typeid(long_poll_session))
        offer_socket(static_cast<const long_poll_session&>(x), to);
    });
}

void offer_endpoint(const endpoint_state& state, row_picker& to) {
  for (std::size_t i = 0; i < state.parts.size(); ++i) {
    const auto x = state.parts[i]->counters.read();
    to.offer({text_cell(state.options.name), number_cell(state.port),
              number_cell(i), number_cell(x.open), number_cell(x.accepted),
              number_cell(x.upgraded), number_cell(x.refused),
              number_cell(x.slow_consumers), number_cell(x.timeouts),
              number_cell(x.bytes_in), number_cell(x.bytes_out),
              number_cell(x.messages_in), number_cell(x.messages_out)});
  }
}

/// What an endpoint is limited to, with the advice that its start gave.
void offer_limits(const endpoint_state& state, row_picker& to) {
  const auto& x = state.options;
  const auto line = [&](const char* what, std::size_t limit, std::string text) {
    to.offer({text_cell(x.name + ": " + what), number_cell(limit),
              text_cell(std::move(text))});
  };
  line("connections expected", x.connections_expected,
       "what the file limit is to allow");
  line("backlog", static_cast<std::size_t>(x.backlog),
       "connections of a shard that wait to be accepted");
  line("message bytes", x.message_max, "of a client; past it: 1009");
  line("write queue bytes", x.write_queue_max,
       "of a client that reads too slowly; past it: closed");
  line("pending", x.pending_max,
       "connections of a shard that are no websockets, or not yet");
  line("body bytes", x.bodies_max, "of requests under way in a shard");
  for (auto& text : complaints(read_limits(),
                               {.connections = x.connections_expected,
                               .shards = state.parts.size(),
                               .backlog = static_cast<std::size_t>(x.backlog)}))
    line("too low", 0, std::move(text));
}

void publish_limits(runtime::node& node, const endpoint_state_ptr& state) {
  runtime::probe::of(node).publish(runtime::sheet{
    .name = "limits",
    .source = state->options.name,
    .columns = {{"limit", cell_kind::text},
                {"most", cell_kind::integer},
                {"advice", cell_kind::text}},
    .scope = runtime::sheet_scope::node,
    .scan = [weak = std::weak_ptr{state}](runtime::shard*,
                                          const runtime::sheet_query&)
      -> std::unique_ptr<runtime::sheet_scan> {
      auto alive = weak.lock();
      if (!alive)
        return nullptr;
      return runtime::scan_once([alive = std::move(alive)](row_picker& to) {
        offer_limits(*alive, to);
      });
    }});
}

void publish_figures(runtime::node& node, const endpoint_state_ptr& state) {
  using runtime::figure;
  const auto publish = [&](const char* name, figure::kind what, cell_kind unit,
                           std::uint64_t endpoint_counters::*which) {
    runtime::probe::of(node).publish(figure{
      .name = name,
      .source = state->options.name,
      .what = what,
      .unit = unit,
      .read = [weak = std::weak_ptr{state}, which] {
        const auto alive = weak.lock();
        return alive ? static_cast<std::int64_t>(alive->count().*which) : 0;
      }});
  };
  const auto count = figure::kind::count;
  const auto number = cell_kind::integer;
  publish("connections", figure::kind::level, number, &endpoint_counters::open);
  publish("accepted", count, number, &endpoint_counters::accepted);
  publish("messages in", count, number, &endpoint_counters::messages_in);
  publish("messages out", count, number, &endpoint_counters::messages_out);
  publish("bytes in", count, cell_kind::bytes, &endpoint_counters::bytes_in);
  publish("bytes out", count, cell_kind::bytes, &endpoint_counters::bytes_out);
  publish("slow consumers", count, number, &endpoint_counters::slow_consumers);
}

} // namespace

void publish_sheets(runtime::node& node, const endpoint_state_ptr& state) {
  runtime::probe::of(node).publish({
    .name = "endpoints",
    .source = state->options.name,
    .columns = {{"endpoint", cell_kind::text},
                {"port", cell_kind::integer},
                {"shard", cell_kind::integer},
                {"open", cell_kind::integer},
                {"accepted", cell_kind::integer},
                {"upgraded", cell_kind::integer},
                {"refused", cell_kind::integer},
                {"slow consumers", cell_kind::integer},
                {"timeouts", cell_kind::integer},
                {"bytes in", cell_kind::bytes},
                {"bytes out", cell_kind::bytes},
                {"messages in", cell_kind::integer},
                {"messages out", cell_kind::integer}},
    .scope = runtime::sheet_scope::node,
    .scan = [weak = std::weak_ptr{state}](runtime::shard*,
                                          const runtime::sheet_query&)
      -> std::unique_ptr<runtime::sheet_scan> {
      auto alive = weak.lock();
      if (!alive)
        return nullptr;
      return runtime::scan_once([alive = std::move(alive)](row_picker& to) {
        offer_endpoint(*alive, to);
      });
    },
  });
  publish_figures(node, state);
  publish_limits(node, state);
  // Those of all endpoints, so published by each and shown once.
  runtime::probe::of(node).publish({.name = "sockets",
                                    .source = "transport",
                                    .columns = socket_columns,
                                    .sort = "queued",
                                    .scan = look_at_sockets});
}

} // namespace bennu::transport::detail
