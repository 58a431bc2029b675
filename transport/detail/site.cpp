#include "transport/detail/site.hpp"

#include "runtime/log.hpp"
#include "transport/detail/protocol_offer.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace bennu::transport::detail {

namespace {

namespace urls = boost::urls;
using params_map = std::map<std::string, std::string, std::less<>>;

urls::string_view url_text(std::string_view x) {
  return {x.data(), x.size()};
}

/// What the user's connect has to say to who is refused.
http_answer refused(const channels::connect_refusal& why) {
  http_response x;
  x.status = why.status;
  for (const auto& [name, value] : why.headers)
    x.headers.emplace_back(name, value);
  x.body = why.body.empty() ? "The connection was refused.\n" : why.body;
  x.content_type = why.content_type;
  return {.bytes = render(x, false)};
}

http_answer plain(int status, std::string_view text, bool keep_alive = false) {
  http_response x;
  x.status = status;
  x.body = std::string(text) + "\n";
  return {.bytes = render(x, keep_alive), .keep_alive = keep_alive};
}

http_answer needs_upgrade(std::string_view text) {
  http_response x;
  x.status = 426;
  x.headers = {{"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}};
  x.body = std::string(text) + "\n";
  return {.bytes = render(x, false)};
}

/// Segment by segment; those of `:name` go to `params` when all match.
bool matches(std::string_view pattern, std::string_view path,
             params_map& params) {
  params_map found;
  while (!pattern.empty() && !path.empty()) {
    const auto pattern_end = std::min(pattern.find('/', 1), pattern.size());
    const auto path_end = std::min(path.find('/', 1), path.size());
    const auto wanted = pattern.substr(0, pattern_end);
    const auto given = path.substr(0, path_end);
    if (wanted.starts_with("/:") && given.size() > 1)
      found.insert_or_assign(std::string(wanted.substr(2)),
                             std::string(given.substr(1)));
    else if (wanted != given)
      return false;
    pattern.remove_prefix(pattern_end);
    path.remove_prefix(path_end);
  }
  if (!pattern.empty() || !path.empty())
    return false;
  for (auto& [name, value] : found)
    params.insert_or_assign(name, std::move(value));
  return true;
}

authority address_of(const http_request& request) {
  const auto host = request.header("host").value_or("");
  auto x = parse_authority("http://" + std::string(host));
  return x ? std::move(*x) : authority{};
}

/// Why this is no upgrade to a websocket; empty when it is one.
std::string upgrade_fault(const http_request& request) {
  const auto shown = [&](std::string_view name) {
    const auto value = request.header(name);
    return value ? "\"" + std::string(*value) + "\"" : "none";
  };
  if (request.version() < 11)
    return "A websocket needs HTTP/1.1";
  if (request.header("host").value_or("").empty())
    return "'host' header must be present and not empty";
  if (!request.has_token("connection", "upgrade"))
    return "'connection' header must contain 'upgrade', got "
           + shown("connection");
  if (!request.has_token("upgrade", "websocket"))
    return "'upgrade' header must contain 'websocket', got " + shown("upgrade");
  if (!request.header("sec-websocket-key"))
    return "'sec-websocket-key' header must be present";
  return {};
}

} // namespace

/// A request's target, decoded.
struct site::target {
  std::string path;
  params_map params;

  static std::optional<target> parse(std::string_view text) {
    const auto url = urls::parse_origin_form(url_text(text));
    if (!url)
      return std::nullopt;
    target x;
    x.path = decoded(url->encoded_path(), {});
    urls::encoding_opts how;
    how.space_as_plus = true;
    for (const auto& param : url->encoded_params())
      x.params.insert_or_assign(decoded(param.key, how),
                                decoded(param.value, how));
    return x;
  }

private:
  static std::string decoded(urls::pct_string_view x,
                             const urls::encoding_opts& how) {
    // Most have nothing to be decoded.
    if (x.find_first_of("%+") == x.npos)
      return {x.data(), x.size()};
    return x.decode(how);
  }
};

namespace {

/// Leaves of the offered protocols the `names`, without the token among them.
void hide_token(channels::connect_request::header_list& headers,
                const std::vector<std::string>& names) {
  std::erase_if(
    headers, [](const auto& x) { return x.first == "sec-websocket-protocol"; });
  if (!names.empty())
    headers.emplace_back("sec-websocket-protocol",
                         fmt::format("{}", fmt::join(names, ", ")));
}

template <class Target>
channels::connect_request asked_of(Target& to, const http_request& request,
                                   const peer_address& peer) {
  channels::connect_request asked;
  asked.params = std::move(to.params);
  asked.headers = request.headers();
  asked.uri = std::string(request.target());
  asked.peer_address = peer.address;
  asked.peer_port = peer.port;
  return asked;
}

} // namespace

site::site(options opts) : options_(std::move(opts)) {
  options_.limits.body_max_of = [this](std::string_view x) {
    return body_max_of(x);
  };
  // What phoenix.js offers beside its token: a browser gives up when it gets
  // back nothing of what it has offered.
  for (auto& mount : options_.mounts)
    if (mount.auth_token)
      mount.subprotocols.insert(mount.subprotocols.begin(), "phoenix");
}

/// Only a push to a mount that is polled has a body of any size.
std::size_t site::body_max_of(std::string_view text) const {
  const auto to = target::parse(text);
  params_map ignored;
  if (to)
    for (const auto& mount : options_.mounts)
      if (!mount.long_poll_path.empty()
          && matches(mount.long_poll_path, to->path, ignored))
        return mount.long_poll.body_max;
  return options_.limits.body_max;
}

http_answer site::answer(const http_request& request, const peer_address& peer,
                         bool draining) const {
  auto to = target::parse(request.target());
  if (!to)
    return plain(400, "The request's target is no valid path and query: "
                      "percent-encode what is special in it.");
  for (std::size_t i = 0; i < options_.mounts.size(); ++i) {
    const auto& mount = options_.mounts[i];
    if (!mount.websocket_path.empty()
        && matches(mount.websocket_path, to->path, to->params))
      return draining ? plain(503, "This node is stopping: connect again.")
                      : open_websocket(i, *to, request, peer);
    if (!mount.long_poll_path.empty()
        && matches(mount.long_poll_path, to->path, to->params))
      return call_long_poll(i, *to, request, peer);
  }
  for (const auto& page : options_.pages)
    if (to->path == page.path)
      return serve_page(request, page);
  if (to->path == "/health") {
    http_response x{.status = draining ? 503 : 200};
    x.content_type = "application/json";
    x.body = draining ? R"({"status":"draining"})" : R"({"status":"ok"})";
    const bool head = request.method() == "HEAD";
    return {.bytes = render(x, request.keep_alive(),
                            head ? std::optional{x.body.size()} : std::nullopt),
            .keep_alive = request.keep_alive()};
  }
  return serve_file(request, to->path);
}

http_answer site::open_websocket(std::size_t index, target& to,
                                 const http_request& request,
                                 const peer_address& peer) const {
  const auto& mount = options_.mounts[index];
  if (request.method() != "GET")
    return plain(400, "A websocket is opened with GET.");
  if (!request.header("upgrade"))
    return needs_upgrade("A websocket is opened here: send an upgrade request, "
                         "e.g. with new WebSocket(url).");
  if (const auto fault = upgrade_fault(request); !fault.empty()) {
    runtime::log(runtime::log_level::info, "a bad upgrade: {}", fault);
    return plain(400, fault);
  }
  if (request.header("sec-websocket-version") != "13")
    return needs_upgrade("'sec-websocket-version' header must be 13");
  if (!origin_allowed(mount.websocket_origin, request))
    return plain(403, "Pages of this origin may not connect: list it in "
                      "check_origin.");
  auto offer = protocol_offer::parse(
    request.header("sec-websocket-protocol").value_or(""), mount.auth_token);
  const auto protocol = offer.choose(mount.subprotocols);
  if (!protocol) {
    runtime::log(runtime::log_level::info,
                 "refused a socket: none of the offered subprotocols is among "
                 "those of {}",
                 mount.websocket_path);
    return plain(403, "None of the offered subprotocols is spoken here.");
  }
  auto asked = asked_of(to, request, peer);
  if (offer.token) {
    asked.auth_token = std::move(offer.token);
    hide_token(asked.headers, offer.names);
  }
  auto outcome = mount.connect(asked);
  if (!outcome.accepted)
    return refused(outcome.refused);
  http_answer x;
  x.socket = std::move(outcome.accepted);
  x.mount = index;
  x.subprotocol = *protocol;
  x.compress = mount.compress && request.offers_deflate();
  return x;
}

http_answer site::call_long_poll(std::size_t index, target& to,
                                 const http_request& request,
                                 const peer_address& peer) const {
  const auto& mount = options_.mounts[index];
  const bool keep_alive = request.keep_alive();
  const auto said = [&](std::string bytes) {
    return http_answer{.bytes = std::move(bytes), .keep_alive = keep_alive};
  };
  if (!origin_allowed(mount.long_poll_origin, request))
    return said(long_poll_status(403, keep_alive));
  if (request.method() == "OPTIONS")
    return said(long_poll_preflight(request));
  long_poll_call call;
  call.mount = index;
  call.keep_alive = keep_alive;
  if (request.method() == "POST") {
    call.push =
      read_pushes(request.header("content-type").value_or(""), request.body(),
                  {.part_max = options_.message_max,
                   .parts_max = mount.long_poll.pushes_max});
    if (!call.push)
      return plain(400, "A line of the request's body is neither JSON nor "
                        "base64, or too long.");
  } else if (request.method() != "GET") {
    return plain(400, "Polls are made with GET, pushes with POST.");
  }
  call.asked = asked_of(to, request, peer);
  call.asked.transport = "longpoll";
  if (const auto token = request.header("x-phoenix-authtoken");
      token && mount.auth_token) {
    call.asked.auth_token = std::string(*token);
    std::erase_if(call.asked.headers, [](const auto& x) {
      return x.first == "x-phoenix-authtoken";
    });
  }
  call.token = std::string(
    request.header("x-phoenix-longpoll-token")
      .value_or(std::string_view{call.asked.param("token").value_or("")}));
  http_answer x;
  x.long_poll = std::move(call);
  return x;
}

bool site::origin_allowed(const std::optional<transport::origin_check>& own,
                          const http_request& request) const {
  const auto& check = own ? *own : options_.origin_check;
  const auto origin = request.header("origin");
  // Programs send none, and then there is nothing to compare.
  if (!origin || check.allows(origin, address_of(request), options_.url_host))
    return true;
  runtime::log(runtime::log_level::warning,
               "refused a socket to a page of the origin {}: list it in "
               "check_origin if it is yours",
               origin->substr(0, 200));
  return false;
}

http_answer site::serve_page(const http_request& request,
                             const live_page& page) const {
  if (request.method() != "GET" && request.method() != "HEAD")
    return plain(405, "This page is read with GET.");
  http_response x{.status = 200};
  x.content_type = page.content_type;
  x.body = page.text();
  const bool keep_alive = request.keep_alive();
  return {.bytes = render(x, keep_alive), .keep_alive = keep_alive};
}

http_answer site::serve_file(const http_request& request,
                             const std::string& path) const {
  const bool keep_alive = request.keep_alive();
  if (request.method() != "GET" && request.method() != "HEAD") {
    http_response x{.status = 405};
    x.headers = {{"Allow", "GET, HEAD"}};
    x.body = fmt::format("{} is not done here: use GET.\n", request.method());
    return {.bytes = render(x, keep_alive), .keep_alive = keep_alive};
  }
  const auto* file = options_.files.find(path);
  if (!file) {
    auto x = plain(404, "Nothing is here." + mounts_text(), keep_alive);
    if (request.method() == "HEAD")
      x.bytes.resize(x.bytes.find("\r\n\r\n") + 4);
    return x;
  }
  http_response x;
  x.headers = {{"Cache-Control", "no-cache"}};
  x.content_type = file->content_type;
  http_answer answer{.bytes = render(x, keep_alive, file->content.size()),
                     .keep_alive = keep_alive};
  if (request.method() == "GET")
    answer.file = file->content;
  return answer;
}

std::string site::mounts_text() const {
  std::string text;
  for (const auto& mount : options_.mounts)
    if (!mount.websocket_path.empty())
      text += (text.empty() ? " Websockets are opened at " : ", ")
              + mount.websocket_path;
  return text.empty() ? text : text + ".";
}

std::string refusal(int status, std::string_view text) {
  return plain(status, text).bytes;
}

} // namespace bennu::transport::detail
