#pragma once

#include "transport/detail/endpoint_state.hpp"

namespace bennu::transport::detail {

/// Shows an endpoint to observers of its node: the sheets `endpoints` and
/// `sockets`. What is shown ends with the endpoint.
void publish_sheets(runtime::node& node, const endpoint_state_ptr& state);

} // namespace bennu::transport::detail
