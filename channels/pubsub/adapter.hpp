#pragma once

#include "channels/pubsub/dispatcher.hpp"

#include <string>
#include <string_view>

namespace bennu::channels {

/// The way to the pubsubs of the same name on other nodes. Mirrors
/// Phoenix.PubSub.Adapter. A broadcast goes to the adapter first and is
/// delivered here only if that did not throw. What arrives from another node
/// an adapter hands to pubsub::local_broadcast. Called from every shard and
/// from outside: thread-safe.
class adapter {
public:
  virtual ~adapter() = default;

  /// Names this node among the others.
  virtual std::string node_name() const = 0;

  /// To all other nodes. Throws when it cannot be sent.
  virtual void broadcast(const publication& what) = 0;

  /// To one node; an unknown one is no error, as in Phoenix.
  virtual void direct_broadcast(std::string_view node,
                                const publication& what) = 0;
};

/// The adapter of a node that stands alone: there is nobody else.
class local_adapter final : public adapter {
public:
  explicit local_adapter(std::string node_name)
    : node_name_(std::move(node_name)) {}

  std::string node_name() const override { return node_name_; }
  void broadcast(const publication&) override {}
  void direct_broadcast(std::string_view, const publication&) override {}

private:
  std::string node_name_;
};

} // namespace bennu::channels
