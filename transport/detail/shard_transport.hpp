#pragma once

#include "runtime/shard.hpp"
#include "transport/counters.hpp"
#include "transport/detail/agent_table.hpp"
#include "transport/detail/codec_pool.hpp"
#include "transport/detail/connection_set.hpp"
#include "transport/detail/deflater.hpp"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace bennu::transport::detail {

struct shard_transport_options {
  silence_limits silence{};
  codec_options codec{};

  /// Bytes that may wait to be sent to one client; see websocket_session.
  std::size_t write_queue_max = 1024 * 1024;
};

/// What the connections of one endpoint on one shard share. It outlives the
/// process that made it until the last connection is gone, so that whoever
/// ends first, nobody is left with less than a closed set. Confined to its
/// thread.
class shard_transport final
  : public boost::intrusive_ref_counter<shard_transport,
                                        boost::thread_unsafe_counter>,
    private runtime::shard::turn_hook,
    private connection_set::handler {
public:
  /// A session that stands behind no connection of its own. It adds itself, and
  /// removes itself when it ends.
  class loose_session {
  public:
    /// The turn ends and the session is marked: hand over what waits.
    virtual void flush() = 0;

    /// The node is stopping: end in an orderly way.
    virtual void drain() = 0;

  protected:
    ~loose_session() = default;
  };

  shard_transport(runtime::shard& home, const shard_transport_options& opts,
                  shard_counters& counts);
  ~shard_transport() override;

  /// Closes everything and leaves the shard's turns.
  void shut();

  /// Sends what the kernel takes at once; how many bytes, or -1 when the
  /// client is gone.
  long send(connection_id id, std::string_view bytes);

  /// Ends a connection on which all has been sent: tells the client so, then
  /// waits for its end, since closing with unread bytes would reset it and
  /// take back the last ones sent.
  void linger(connection_id id);

  void add(loose_session& x) { sessions_.insert(&x); }
  void remove(loose_session& x) { sessions_.erase(&x); }

  /// It gets flush() once at the end of this turn.
  void mark(loose_session& x) { marked_.push_back(&x); }

  /// Closes all connections in batches, sessions without one first; calls
  /// `empty` once none is left.
  void begin_drain(std::function<void()> empty);

  /// New ones are welcome again.
  void end_drain();

  void drain_batch(std::size_t count);

  runtime::shard& home;
  const shard_transport_options options;
  shard_counters& counters;
  connection_set connections;
  codec_pool codecs;

  /// For websockets that have agreed to compress.
  codec_pool inflating_codecs;
  deflater deflates;

  /// Who the clients say they are, for observers.
  agent_table agents;
  bool draining = false;

private:
  void turn_ended() override;
  void ready(connection_id id, readiness what) override;
  void expired(connection_id id) override;

  std::unordered_set<loose_session*> sessions_;
  std::vector<loose_session*> marked_;
  std::function<void()> empty_;
  std::uint32_t drain_at_ = 0;
  bool shut_ = false;
};

using shard_transport_ptr = boost::intrusive_ptr<shard_transport>;

} // namespace bennu::transport::detail
