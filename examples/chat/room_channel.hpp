#pragma once

#include "channels/channel.hpp"

#include <memory>
#include <string>

namespace chat {

/// The name of the presence that knows who is in which room.
inline constexpr auto presence_name = "chat.presence";

// [room]
/// One process per client and room. A crash costs that client a rejoin.
class room_channel final : public bennu::channels::channel {
public:
  using json = bennu::channels::json;
  using payload = bennu::channels::payload;
  using result = bennu::channels::result;

  static auto events() {
    return bennu::channels::event_map<room_channel>{
      {"history", &room_channel::on_history},
      {"status", &room_channel::on_status},
      {"boom", &room_channel::on_boom},
    };
  }

  /// Who says a name, `{"user": "ann"}`, is shown to the others.
  bennu::channels::join_result join(const bennu::channels::topic& room,
                                    const json& params) override;

  /// `new_msg` and `ping` take JSON and bytes alike.
  result handle_in(std::string_view event, const payload& x) override;

  result handle_info(bennu::runtime::message& msg) override;

private:
  result on_history();
  result on_status(const json& x);
  result on_boom();

  /// Null for who says no name: a million of them carry no empty string.
  std::unique_ptr<const std::string> user_;
};
// [room]

} // namespace chat
