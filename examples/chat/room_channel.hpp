#pragma once

#include "channels/channel.hpp"

namespace chat {

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
      {"boom", &room_channel::on_boom},
    };
  }

  bennu::channels::join_result join(const bennu::channels::topic& room,
                                    const json& params) override;

  /// `new_msg` and `ping` take JSON and bytes alike.
  result handle_in(std::string_view event, const payload& x) override;

private:
  result on_history();
  result on_boom();
};
// [room]

} // namespace chat
