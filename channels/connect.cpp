#include "channels/connect.hpp"

#include "channels/detail/observed.hpp"
#include "channels/serializer.hpp"
#include "channels/socket_spec.hpp"
#include "channels/telemetry.hpp"
#include "runtime/log.hpp"

#include <exception>

namespace bennu::channels {

namespace {

connect_outcome refused(int status, std::string reason, std::string body) {
  return {
    {},
    {.status = status, .reason = std::move(reason), .body = std::move(body)}};
}

connect_outcome connect(const std::shared_ptr<const socket_spec>& spec,
                        const serializer& format,
                        const connect_request& request) {
  const auto answer = spec->connect ? spec->connect(request) : accept_connect();
  if (!answer.accepted())
    return {{}, answer.refusal()};
  return {socket_init{.spec = spec,
                      .serializer = &format,
                      .assigns = answer.assigns(),
                      .id = spec->id(answer.assigns()),
                      .expires_in = answer.expires_in()},
          {}};
}

} // namespace

std::optional<std::string> connect_request::param(std::string_view name) const {
  const auto found = params.find(name);
  if (found == params.end())
    return {};
  return found->second;
}

std::optional<std::string>
connect_request::header(std::string_view name) const {
  for (const auto& [known, value] : headers)
    if (known == name)
      return value;
  return {};
}

connect_request::header_list
connect_request::headers_with(std::string_view prefix) const {
  header_list found;
  for (const auto& x : headers)
    if (x.first.starts_with(prefix))
      found.push_back(x);
  return found;
}

connect_request::header_list connect_request::trace_context_headers() const {
  auto found = headers_with("trace");
  std::erase_if(found, [](const auto& x) {
    return x.first != "traceparent" && x.first != "tracestate";
  });
  return found;
}

std::string_view connect_request::path() const noexcept {
  return std::string_view{uri}.substr(0, uri.find('?'));
}

connect_outcome negotiate(const std::shared_ptr<const socket_spec>& spec,
                          const connect_request& request) {
  const auto [format, warning] = negotiate_serializer(
    request.param("vsn").value_or("1.0.0"), spec->serializers);
  if (!format) {
    runtime::log(runtime::log_level::warning, std::string_view{warning});
    return refused(403, warning, warning);
  }
  const detail::stopwatch time{
    spec->mounted ? &spec->mounted->node().telemetry() : nullptr,
    {events::socket_connected},
    spec->log_connect};
  try {
    auto outcome = connect(spec, *format, request);
    detail::report_connect(*spec, request, time, &outcome);
    return outcome;
  } catch (const std::exception& e) {
    runtime::log(runtime::log_level::error, "connect of {} threw: {}",
                 request.path(), e.what());
    detail::report_connect(*spec, request, time, nullptr);
    return refused(500, e.what(),
                   "The server failed on this connect; its log "
                   "says why.");
  }
}

} // namespace bennu::channels
