#include "transport/detail/http_message.hpp"

#include "transport/detail/deflater.hpp"
#include "transport/detail/handshake.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <iterator>

namespace bennu::transport::detail {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;

using parser_type = http::request_parser<http::string_body>;
using request_type = http::request<http::string_body>;

std::string_view view(beast::string_view x) {
  return {x.data(), x.size()};
}
beast::string_view view(std::string_view x) {
  return {x.data(), x.size()};
}

std::string lower(std::string_view text) {
  std::string x{text};
  // A name is ASCII.
  for (auto& c : x)
    c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
  return x;
}

/// RFC 7692, 7.1: a window in bits.
bool is_window(std::string_view x) {
  return x == "8" || x == "9"
         || (x.size() == 2 && x[0] == '1' && x[1] >= '0' && x[1] <= '5');
}

/// The parameters of an offer of permessage-deflate.
bool agreeable(const http::param_list& params) {
  std::vector<std::string> seen;
  for (const auto& [raw_name, raw_value] : params) {
    const auto name = lower(view(raw_name));
    const auto value = view(raw_value);
    if (std::find(seen.begin(), seen.end(), name) != seen.end())
      return false;
    seen.push_back(name);
    const bool flag = name == "server_no_context_takeover"
                      || name == "client_no_context_takeover";
    const bool good = flag ? value.empty()
                           : (name == "server_max_window_bits" && value == "15")
                               || (name == "client_max_window_bits"
                                   && (value.empty() || is_window(value)));
    if (!good)
      return false;
  }
  return true;
}

} // namespace

struct http_request::impl {
  request_type message;
};

http_request::http_request() = default;
http_request::http_request(http_request&&) noexcept = default;
http_request& http_request::operator=(http_request&&) noexcept = default;
http_request::~http_request() = default;

std::string_view http_request::method() const noexcept {
  return view(impl_->message.method_string());
}

std::string_view http_request::target() const noexcept {
  return view(impl_->message.target());
}

unsigned http_request::version() const noexcept {
  return impl_->message.version();
}

bool http_request::keep_alive() const noexcept {
  return impl_->message.keep_alive();
}

std::optional<std::string_view>
http_request::header(std::string_view name) const {
  const auto found = impl_->message.find(view(name));
  if (found == impl_->message.end())
    return std::nullopt;
  return view(found->value());
}

bool http_request::has_token(std::string_view name,
                             std::string_view token) const {
  const auto [first, last] = impl_->message.equal_range(view(name));
  return std::any_of(first, last, [&](const auto& field) {
    return http::token_list{field.value()}.exists(view(token));
  });
}

std::vector<std::pair<std::string, std::string>> http_request::headers() const {
  std::vector<std::pair<std::string, std::string>> all;
  const auto& message = impl_->message;
  all.reserve(
    static_cast<std::size_t>(std::distance(message.begin(), message.end())));
  for (const auto& field : message)
    all.emplace_back(lower(view(field.name_string())), view(field.value()));
  return all;
}

std::string http_request::accept_websocket(std::string_view subprotocol,
                                           bool compress) const {
  return switching_protocols(header("sec-websocket-key").value_or(""),
                             subprotocol, compress ? deflate_agreement : "");
}

std::string_view http_request::body() const noexcept {
  return impl_->message.body();
}

bool http_request::offers_deflate() const {
  const auto [first, last] =
    impl_->message.equal_range(http::field::sec_websocket_extensions);
  return std::any_of(first, last, [](const auto& field) {
    // Beast gives a last offer without parameters those of the one before,
    // unless something follows it.
    const auto value = std::string(view(field.value())) + " ";
    const http::ext_list offers{view(std::string_view{value})};
    return std::any_of(offers.begin(), offers.end(), [](const auto& offer) {
      return beast::iequals(offer.first, "permessage-deflate")
             && agreeable(offer.second);
    });
  });
}

struct http_reader::impl {
  explicit impl(const http_limits& x) : limits(x) {
    parser.header_limit(static_cast<std::uint32_t>(limits.header_max));
    parser.body_limit(boost::none);
  }

  /// False when all bytes are used up or the parser wants more at once.
  bool put(std::string_view rest, std::size_t& used, error_code& ec) {
    const auto n = parser.put(net::buffer(rest.data(), rest.size()), ec);
    used += n;
    if (!parser.is_header_done() || in_body)
      return !ec && n > 0;
    // The parser stops behind the header: what follows depends on it.
    in_body = true;
    header_size += used;
    const auto length = parser.content_length().value_or(0);
    const bool has_body = length > 0 || parser.chunked();
    const auto body_max = has_body && limits.body_max_of
                            ? limits.body_max_of(view(parser.get().target()))
                            : limits.body_max;
    if (length > body_max)
      ec = http::error::body_limit;
    parser.body_limit(body_max);
    parser.eager(true);
    return !ec;
  }

  // Beast counts without line ends: our limit is in bytes on the wire.
  bool header_fits(std::size_t waiting) const {
    return header_size + (in_body ? 0 : waiting) <= limits.header_max;
  }

  bool wants_continue() {
    return in_body && parser.get().version() >= 11
           && beast::iequals(parser.get()[http::field::expect], "100-continue")
           && !std::exchange(continued, true);
  }

  static http_read::kind kind_of(error_code ec) {
    if (ec == http::error::header_limit)
      return http_read::kind::header_too_large;
    if (ec == http::error::body_limit)
      return http_read::kind::body_too_large;
    return http_read::kind::malformed;
  }

  const http_limits& limits;
  parser_type parser;
  std::size_t header_size = 0;
  bool in_body = false;
  bool continued = false;
};

http_reader::http_reader(const http_limits& limits)
  : impl_(std::make_unique<impl>(limits)) {}

http_reader::~http_reader() = default;

http_read http_reader::read(std::string_view bytes) {
  auto& x = *impl_;
  http_read seen;
  error_code ec;
  while (!x.parser.is_done() && seen.size < bytes.size()
         && x.put(bytes.substr(seen.size), seen.size, ec)) {
  }
  if (!x.in_body)
    x.header_size += seen.size;
  if (!x.header_fits(bytes.size() - seen.size)) {
    seen.what = http_read::kind::header_too_large;
  } else if (ec && ec != http::error::need_more) {
    seen.what = impl::kind_of(ec);
    seen.error = ec.message();
  } else if (x.parser.is_done()) {
    seen.what = http_read::kind::complete;
    seen.request.impl_ = std::make_unique<http_request::impl>();
    seen.request.impl_->message = x.parser.release();
  } else {
    seen.wants_continue = x.wants_continue();
  }
  return seen;
}

std::size_t http_reader::body_size() const noexcept {
  return impl_->in_body ? impl_->parser.get().body().capacity() : 0;
}

http_read read_http(std::string_view bytes, const http_limits& limits) {
  return http_reader{limits}.read(bytes);
}

std::string render(const http_response& x, bool keep_alive,
                   std::optional<std::size_t> head_size) {
  http::response<http::string_body> message;
  message.version(11);
  message.result(static_cast<unsigned>(x.status));
  for (const auto& [name, value] : x.headers)
    message.set(view(name), value);
  message.set(http::field::content_type, view(x.content_type));
  message.content_length(head_size.value_or(x.body.size()));
  message.keep_alive(keep_alive);
  if (!keep_alive)
    message.set(http::field::connection, "close");
  if (!head_size)
    message.body() = x.body;
  std::string bytes;
  http::response_serializer<http::string_body> serializer{message};
  serializer.split(head_size.has_value());
  error_code ec;
  while (!ec
         && !(head_size ? serializer.is_header_done() : serializer.is_done()))
    serializer.next(ec, [&](error_code&, const auto& buffers) {
      for (net::const_buffer part : beast::buffers_range_ref(buffers))
        bytes.append(static_cast<const char*>(part.data()), part.size());
      serializer.consume(beast::buffer_bytes(buffers));
    });
  return bytes;
}

} // namespace bennu::transport::detail
