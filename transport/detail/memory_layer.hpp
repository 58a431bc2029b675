#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/role.hpp>

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace bennu::transport::detail {

namespace net = boost::asio;
namespace beast = boost::beast;
using beast::error_code;

/// Completions of asynchronous operations that are ready to run, in order.
/// What an io_context is to a socket, for a stream that has none: the owner
/// runs it to the end after each feed, so an operation never outlives the call
/// that gave it its bytes. Their memory is used again. Confined to its thread.
class work_queue {
public:
  /// `context` holds the services Asio's types ask for; nothing runs on it.
  explicit work_queue(net::execution_context& context) : context_(&context) {}
  work_queue(const work_queue&) = delete;
  work_queue& operator=(const work_queue&) = delete;
  ~work_queue();

  net::execution_context& context() const noexcept { return *context_; }

  struct work {
    virtual void run() = 0;
    virtual void discard() noexcept = 0;

    work* next = nullptr;

  protected:
    ~work() = default;
  };

  struct discarder {
    void operator()(work* x) const noexcept { x->discard(); }
  };
  using work_ptr = std::unique_ptr<work, discarder>;

  template <class F>
  work_ptr make(F f);
  void push(work_ptr x) noexcept;

  /// Runs what is queued and what that queues.
  void run();

private:
  template <class F>
  struct work_of;

  void* allocate(std::size_t size);
  void release(void* block, std::size_t size) noexcept;

  /// Beast's reads and writes in flight fit; a larger one is allocated.
  static constexpr std::size_t block_size = 512;
  static constexpr std::size_t blocks_kept_max = 4;

  net::execution_context* context_;
  work* first_ = nullptr;
  work* last_ = nullptr;
  void* kept_[blocks_kept_max] = {};
  std::size_t kept_count_ = 0;
};

/// The executor of a work_queue. Value.
class queue_executor {
public:
  explicit queue_executor(work_queue& queue) noexcept : queue_(&queue) {}

  net::execution_context& query(net::execution::context_t) const noexcept {
    return queue_->context();
  }
  static constexpr net::execution::blocking_t
  query(net::execution::blocking_t) noexcept {
    return net::execution::blocking.never;
  }

  template <class F>
  void execute(F&& f) const {
    queue_->push(queue_->make(std::forward<F>(f)));
  }

  friend bool operator==(const queue_executor& a,
                         const queue_executor& b) noexcept {
    return a.queue_ == b.queue_;
  }
  friend bool operator!=(const queue_executor& a,
                         const queue_executor& b) noexcept {
    return a.queue_ != b.queue_;
  }

private:
  work_queue* queue_;
};

/// The layer below a Beast websocket stream that has no socket: reads come from
/// bytes that are fed, or wait for more; writes go to a string. Confined to its
/// thread.
class memory_layer {
public:
  using executor_type = queue_executor;

  explicit memory_layer(work_queue& queue) : queue_(&queue) {}

  executor_type get_executor() const noexcept { return executor_type{*queue_}; }

  /// Gives the stream bytes, which must live until they are consumed.
  void feed(std::string_view bytes) noexcept {
    in_ = net::buffer(bytes.data(), bytes.size());
  }

  bool has_input() const noexcept { return in_.size() > 0; }

  /// Completes a read that waits, when there is input for it.
  bool resume() {
    if (!waiting_ || !has_input())
      return false;
    waiting_size_ = take(waiting_buffer_);
    queue_->push(std::move(waiting_));
    return true;
  }

  std::string& output() noexcept { return out_; }

  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return net::async_initiate<Handler, void(error_code, std::size_t)>(
      [this](auto h, const auto& bs) {
        waiting_buffer_ = first_of<net::mutable_buffer>(bs);
        waiting_ = queue_->make([this, h = std::move(h)]() mutable {
          h(error_code{}, waiting_size_);
        });
        resume();
      },
      handler, buffers);
  }

  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return net::async_initiate<Handler, void(error_code, std::size_t)>(
      [this](auto h, const auto& bs) {
        queue_->push(queue_->make([h = std::move(h), n = append(bs)]() mutable {
          h(error_code{}, n);
        }));
      },
      handler, buffers);
  }

  // Beast accepts with the synchronous forms; it never reads with them, since
  // the request is at hand.
  template <class Buffers>
  std::size_t read_some(const Buffers&, error_code& ec) {
    ec = net::error::would_block;
    return 0;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers&) {
    return 0;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, error_code& ec) {
    ec = {};
    return append(buffers);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    return append(buffers);
  }

private:
  /// Beast may lead with an empty buffer; a read must not complete with 0.
  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& buffers) {
    const auto end = net::buffer_sequence_end(buffers);
    for (auto it = net::buffer_sequence_begin(buffers); it != end; ++it)
      if (Buffer buffer(*it); buffer.size() > 0)
        return buffer;
    return {};
  }

  std::size_t take(net::mutable_buffer to) noexcept {
    const auto n = net::buffer_copy(to, in_);
    in_ += n;
    return n;
  }

  template <class Buffers>
  std::size_t append(const Buffers& buffers) {
    const auto before = out_.size();
    const auto end = net::buffer_sequence_end(buffers);
    for (auto it = net::buffer_sequence_begin(buffers); it != end; ++it) {
      const net::const_buffer bytes(*it);
      out_.append(static_cast<const char*>(bytes.data()), bytes.size());
    }
    return out_.size() - before;
  }

  work_queue* queue_;
  work_queue::work_ptr waiting_;
  net::mutable_buffer waiting_buffer_;
  std::size_t waiting_size_ = 0;
  net::const_buffer in_;
  std::string out_;
};

// Found by argument lookup when Beast ends a stream: there is nothing below to
// end.
inline void teardown(beast::role_type, memory_layer&, error_code& ec) {
  ec = {};
}
inline void beast_close_socket(memory_layer&) {}
template <class Handler>
void async_teardown(beast::role_type, memory_layer& layer, Handler&& handler) {
  layer.get_executor().execute(
    [h = std::forward<Handler>(handler)]() mutable { h(error_code{}); });
}

// -- inline implementation ----------------------------------------------------

template <class F>
struct work_queue::work_of final : work {
  work_of(work_queue& q, F fn) : queue(q), f(std::move(fn)) {}

  // Runs moved out of its block, so that what it starts can have the block.
  void run() override {
    F moved{std::move(f)};
    discard();
    moved();
  }

  void discard() noexcept override {
    auto& owner = queue;
    this->~work_of();
    owner.release(this, sizeof(work_of));
  }

  work_queue& queue;
  F f;
};

template <class F>
work_queue::work_ptr work_queue::make(F f) {
  static_assert(alignof(work_of<F>) <= alignof(std::max_align_t));
  void* block = allocate(sizeof(work_of<F>));
  return work_ptr{new (block) work_of<F>(*this, std::move(f))};
}

} // namespace bennu::transport::detail
