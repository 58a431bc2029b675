#pragma once

#include "runtime/poller.hpp"
#include "runtime/shard.hpp"
#include "transport/detail/send_ring.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

namespace bennu::transport::detail {

/// Names one connection of a shard. The serial keeps it from ever meaning
/// another one that got the same slot or file descriptor. Value.
struct connection_id {
  std::uint32_t slot = 0;
  std::uint32_t serial = 0;

  /// False for the id that names no connection.
  explicit operator bool() const noexcept { return serial != 0; }
  friend bool operator==(connection_id, connection_id) = default;
};

/// Which timeout a connection is under. `closing`: our close frame is still to
/// be sent; `lingering`: all is sent, the client is to end; `idle` and what
/// follows it: a websocket's, by its mount, see idle_of.
enum class patience : std::uint8_t {
  endless,
  handshake,
  closing,
  lingering,
  idle,
};

constexpr patience idle_of(std::size_t mount) noexcept {
  return static_cast<patience>(static_cast<std::size_t>(patience::idle)
                               + mount);
}

/// How long a connection may stay silent, by its patience.
struct silence_limits {
  runtime::duration handshake = std::chrono::seconds{10};
  runtime::duration closing = std::chrono::seconds{5};
  runtime::duration lingering = std::chrono::seconds{2};

  /// By mount, 200 at most.
  std::vector<runtime::duration> idle{std::chrono::seconds{60}};
};

/// All file descriptors of a shard's connections, which the shard's poller
/// watches. An idle connection is 24 bytes here and nothing else: no buffer, no
/// timer, no wake-up.
///
/// Silence is found by a sweep over all entries ten times within the shortest
/// of the handshake and the idle limits, in slices, as Cowboy counts ticks: a
/// connection is late after 1.0 to 1.1 times that limit, and hearing one costs
/// a store.
///
/// Descriptors are opened and closed on the shard's thread alone, since its
/// file table may be its own. Confined to its thread.
class connection_set final : private runtime::poller::handler {
public:
  /// Who is told what happens on a connection.
  class handler {
  public:
    /// Bytes wait to be read, or the client has ended; or there is room to
    /// write again.
    struct readiness {
      bool readable = false;
      bool writable = false;
    };
    virtual void ready(connection_id id, readiness what) = 0;

    /// It was silent for longer than its patience. It is asked again a sweep
    /// later if it is still there.
    virtual void expired(connection_id id) = 0;

    /// The turn ends and the connection is marked: write what waits.
    virtual void flush(connection_id) {}

    /// What flush() would send, if that is one piece and nothing else is to be
    /// done; else nothing. Then sent() is called instead of flush(), with what
    /// ::send has said, or minus its errno.
    virtual std::string_view to_send(connection_id) { return {}; }
    virtual void sent(connection_id, int) {}

    /// The node is stopping: end in an orderly way. True for a websocket that
    /// now does so.
    virtual bool drain(connection_id) { return false; }

  protected:
    ~handler() = default;
  };

  /// What may be waited for; the end of a connection always is.
  enum class interest : std::uint8_t { nothing, read, write, both };

  /// Fewer are flushed one by one: a call of the ring costs a little more.
  static constexpr std::size_t together_min = 4;

  /// With a closed ring each connection is flushed by itself.
  connection_set(runtime::shard& home, const silence_limits& limits,
                 send_ring ring = {});
  connection_set(const connection_set&) = delete;
  connection_set& operator=(const connection_set&) = delete;
  ~connection_set();

  /// Connections at once: what an id within a poller's key can tell apart. One
  /// more is closed, with an error in the log.
  static constexpr std::uint32_t slots_max = 1u << 24;

  /// Closes all of it. Ids stay valid as ids of nothing.
  void shut();

  /// Takes a non-blocking descriptor over. When the kernel refuses to watch it,
  /// closes it and returns no id.
  connection_id add(int fd, handler& owner, patience how);

  void hand_over(connection_id id, handler& owner, patience how);
  void watch(connection_id id, interest what);
  void close(connection_id id);

  /// Resets a connection instead of closing it: what the kernel still holds
  /// for a client that does not read is gone at once.
  void reset(connection_id id);

  /// Restarts a connection's silence.
  void heard(connection_id id) noexcept;

  bool belongs_to(connection_id id, const handler& x) const noexcept {
    const auto* found = find(id);
    return found && found->owner == &x;
  }

  /// -1 when it is gone.
  int fd(connection_id id) const noexcept;

  /// Its handler gets flush() once at the end of this turn.
  void mark(connection_id id) { marked_.push_back(id); }
  void flush_marked();

  /// Whether it has an open ring.
  bool sends_together() const noexcept { return ring_.is_open(); }

  std::size_t size() const noexcept { return size_; }

  /// Reads into a buffer all connections share: what is there, maybe nothing,
  /// or that the client has ended. The view lives until the next read.
  struct received {
    std::string_view bytes;
    bool ended = false;
  };
  received read(connection_id id);

  /// Drains connections from slot `from` on until `count` websockets have
  /// begun to end; returns the slot to go on with, or 0 at the end.
  std::uint32_t drain(std::uint32_t from, std::size_t count);

private:
  struct entry {
    handler* owner = nullptr;
    int fd = -1;
    std::uint32_t serial = 1;
    std::uint32_t heard = 0;
    detail::patience how = patience::endless;
    interest waits = interest::read;
  };

  static constexpr std::size_t sweep_slice = 8192;
  static constexpr std::size_t scratch_size = 65536;

  entry* find(connection_id id) noexcept;
  const entry* find(connection_id id) const noexcept;
  void ready(runtime::poller::key which, std::uint32_t events) override;
  bool watched(int fd, connection_id id) noexcept;
  void free(entry& x, std::uint32_t slot);
  void flush_each(const std::vector<connection_id>& which);
  void flush_together();
  void send_gathered();
  void sweep_later(runtime::duration after);
  void sweep();

  runtime::shard& home_;
  runtime::duration tick_length_;

  /// The silence each patience bears, in ticks.
  std::vector<std::uint32_t> ticks_;
  std::deque<entry> entries_;
  std::deque<std::uint32_t> free_;
  std::vector<connection_id> marked_;
  std::vector<connection_id> flushing_;
  std::vector<connection_id> alone_; // those of them with more than one piece
  send_ring ring_;
  std::unique_ptr<char[]> scratch_;
  runtime::poller::handler_number watcher_;
  bool open_ = true;
  std::size_t size_ = 0;
  std::uint32_t tick_ = 0;
  std::uint32_t sweep_at_ = 0;
  runtime::timer_ref timer_ = 0;
};

} // namespace bennu::transport::detail
