#include "channels/custom_channel.hpp"

#include "channels/mount.hpp"
#include "channels/serializer.hpp"

#include <stdexcept>

namespace bennu::channels {

namespace {

using body_function =
  std::function<runtime::behavior(runtime::process&, custom_join)>;

class route_to_process final : public channel_route {
public:
  route_to_process(std::string pattern, body_function body)
    : channel_route(std::move(pattern), {}, {}), body_(std::move(body)) {}

  bool is_custom() const noexcept override { return true; }

  runtime::pid start(runtime::dynamic_supervisor& under,
                     channel_start start) const override {
    const auto& bus = start.route->mount.bus();
    return under.start_child(
      std::in_place_type<runtime::function_process>,
      runtime::detail::bind_body(body_, custom_join{std::move(start), bus}));
  }

private:
  body_function body_;
};

} // namespace

custom_join::custom_join(channel_start start, const pubsub& bus)
  : topic_(std::move(start.topic)), assigns_(std::move(start.assigns)),
    socket_(start.socket), join_ref_(start.join->join_ref),
    serializer_(start.serializer), bus_(bus) {
  if (join_ref_.is_null())
    join_ref_ = start.join->ref;
  if (!start.join->payload.is_binary())
    params_ = start.join->payload.as_json();
}

void custom_join::accept(runtime::process& self, json reply) const {
  self.send(socket_,
            join_decision{self.self(), channels::accept(std::move(reply))});
}

void custom_join::refuse(runtime::process& self, json reason) const {
  self.send(socket_,
            join_decision{self.self(), channels::refuse(std::move(reason))});
}

void custom_join::push(runtime::process& self, std::string_view event,
                       payload x) const {
  self.send(socket_, serializer_->encode_push(join_ref_, {}, topic_.view(),
                                              event, rendered_payload{x}));
}

void custom_join::reply(runtime::process& self, const client_push& to,
                        const result& what) const {
  if (to.what.ref.is_null())
    throw std::logic_error("a message without a ref cannot be answered");
  channels::reply(self, {socket_, topic_, join_ref_, to.what.ref, serializer_},
                  what);
}

void custom_join::close(runtime::process& self) const {
  self.send(socket_, channel_close{self.self()});
}

std::shared_ptr<const channel_route> route_process(std::string pattern,
                                                   body_function body) {
  return std::make_shared<route_to_process>(std::move(pattern),
                                            std::move(body));
}

} // namespace bennu::channels
