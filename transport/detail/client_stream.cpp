#include "transport/detail/client_stream.hpp"

#include <boost/asio/bind_executor.hpp>

namespace bennu::transport::detail {

// Bound to an executor of ours: the one that comes with them cannot post.

void client_stream::read_some(
  const std::vector<boost::asio::mutable_buffer>& to, on_done then) {
  auto handler = boost::asio::bind_executor(get_executor(), std::move(then));
  if (tls_)
    tls_->async_read_some(to, std::move(handler));
  else
    tcp_.async_read_some(to, std::move(handler));
}

void client_stream::write_some(
  const std::vector<boost::asio::const_buffer>& from, on_done then) {
  auto handler = boost::asio::bind_executor(get_executor(), std::move(then));
  if (tls_)
    tls_->async_write_some(from, std::move(handler));
  else
    tcp_.async_write_some(from, std::move(handler));
}

} // namespace bennu::transport::detail
