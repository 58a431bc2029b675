#pragma once

#include "runtime/fwd.hpp"

#include <memory>
#include <mutex>

namespace bennu::channels {

/// Keeps a spec's hub over restarts of its supervisor. On another node the
/// same spec has another hub. Thread-safe.
template <class Hub>
class hub_keeper {
public:
  template <class Options>
  std::shared_ptr<Hub> on(runtime::node& node, const Options& options) {
    const std::lock_guard guard{mutex_};
    if (!hub_ || &hub_->node() != &node)
      hub_ = std::make_shared<Hub>(node, options);
    return hub_;
  }

private:
  std::mutex mutex_;
  std::shared_ptr<Hub> hub_;
};

} // namespace bennu::channels
