#include "transport/detail/shard_transport.hpp"

#include <cerrno>
#include <utility>

#include <sys/socket.h>

namespace bennu::transport::detail {

namespace {

codec_options inflating(codec_options x) {
  x.inflate = true;
  return x;
}

} // namespace

shard_transport::shard_transport(runtime::shard& shard,
                                 const shard_transport_options& opts,
                                 shard_counters& counts)
  : home(shard), options(opts), counters(counts),
    connections(shard, opts.silence), codecs(opts.codec),
    inflating_codecs(inflating(opts.codec)) {
  // Now, since when files run out it may be too late for the first one.
  codecs.give_back(codecs.take());
  home.add_hook(*this);
}

shard_transport::~shard_transport() {
  shut();
}

void shard_transport::shut() {
  if (std::exchange(shut_, true))
    return;
  home.remove_hook(*this);
  connections.shut();
  codecs.clear();
  inflating_codecs.clear();
}

long shard_transport::send(connection_id id, std::string_view bytes) {
  const auto n = ::send(connections.fd(id), bytes.data(), bytes.size(),
                        MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n >= 0)
    return n;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

void shard_transport::linger(connection_id id) {
  ::shutdown(connections.fd(id), SHUT_WR);
  connections.watch(id, connection_set::interest::read);
  connections.hand_over(id, *this, patience::lingering);
}

void shard_transport::begin_drain(std::function<void()> empty) {
  draining = true;
  empty_ = std::move(empty);
}

void shard_transport::end_drain() {
  draining = false;
  empty_ = {};
  drain_at_ = 0;
}

void shard_transport::drain_batch(std::size_t count) {
  std::vector<loose_session*> batch;
  for (auto* x : sessions_)
    if (batch.size() < count)
      batch.push_back(x);
  for (auto* x : batch)
    x->drain();
  drain_at_ = connections.drain(drain_at_, count - batch.size());
}

void shard_transport::turn_ended() {
  // What a flush does may end sessions, marked ones too, and mark others: the
  // shard may sleep after this.
  do {
    for (auto* x : std::exchange(marked_, {}))
      if (sessions_.contains(x))
        x->flush();
    connections.flush_marked();
  } while (!marked_.empty());
  deflates.turn_ended();
  if (empty_ && connections.size() == 0 && sessions_.empty())
    std::exchange(empty_, {})();
}

// A client that lingers is not heard any more, so it cannot stay by talking.
void shard_transport::ready(connection_id id, readiness) {
  if (connections.read(id).ended)
    connections.close(id);
}

void shard_transport::expired(connection_id id) {
  connections.close(id);
}

} // namespace bennu::transport::detail
