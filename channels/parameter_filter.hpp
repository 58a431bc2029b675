#pragma once

#include "channels/json.hpp"

#include <optional>
#include <string>
#include <vector>

namespace bennu::channels {

/// What of a client's parameters log lines and telemetry may show. Mirrors
/// Phoenix.Logger's filter_parameters. Differs: tokens are hidden, too, since
/// whoever reads one in a log may connect with it. Value.
struct parameter_filter {
  /// A value whose key contains one of these words is shown as [FILTERED], and
  /// so is text that contains one with "=" behind it.
  std::vector<std::string> discard{"password", "token"};

  /// When set, discard does not count: values are shown under these keys only.
  std::optional<std::vector<std::string>> keep{};

  json operator()(const json& params) const;
};

} // namespace bennu::channels
