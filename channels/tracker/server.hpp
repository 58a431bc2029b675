#pragma once

#include "channels/tracker/hub.hpp"
#include "runtime/process.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace bennu::channels {

/// A process of a tracker: sends its heartbeats, hears those of others, notices
/// the ends of tracked processes, and tells the handler what has changed.
/// Confined to its process.
class tracker_server final : public runtime::process {
public:
  /// Diffs told before others run: at a broadcast each, about 100 us.
  static constexpr std::size_t diffs_at_once = 100;

  tracker_server(std::shared_ptr<tracker_hub> hub, std::size_t index);

protected:
  void init() override;
  void handle_message(runtime::message& msg) override;
  void terminate(const runtime::exit_reason& why) override;
  std::string label() const override;

private:
  struct tick {};
  struct diffs_due {};

  void on_tick();
  void watch(const runtime::pid& who);
  void send_out(const std::vector<outgoing_gossip>& xs);

  // -- telling --

  void tell_soon();
  void tell(bool all);
  bool tell_one(tracker_diff x);
  void tell_later(runtime::duration after);

  tracker_member& mine() const { return hub_->member(index_); }
  const tracker_options& options() const { return hub_->options(); }

  std::shared_ptr<tracker_hub> hub_;
  std::size_t index_;
  std::unique_ptr<tracker_peers> peers_;
  std::unique_ptr<diff_handler> handler_;
  std::unordered_map<runtime::pid, runtime::monitor_ref> watched_;
  bool waiting_ = false; // for the time to tell
};

/// Asks it to say goodbye and be silent.
struct tracker_retire {};

} // namespace bennu::channels
