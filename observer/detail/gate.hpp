#pragma once

#include "channels/socket_spec.hpp"
#include "observer/detail/desk.hpp"

namespace bennu::observer::detail {

/// The socket `/observer`: who has the token, as parameter `token` or as
/// `Authorization: Bearer`, may join `observer:node`. Refusals are logged, one
/// line a second at most.
channels::socket_spec viewer_socket(const desk_ptr& at);

} // namespace bennu::observer::detail
