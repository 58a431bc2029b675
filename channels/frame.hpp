#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace bennu::channels {

enum class opcode : std::uint8_t { text = 1, binary = 2 };

/// One encoded message on its way to clients: immutable, shared by every
/// connection it goes to. It carries its RFC 6455 server header in front of
/// its payload, so that a thousand connections send the same bytes and no
/// byte is built twice; a transport without frames uses the payload alone.
class frame {
public:
  frame(const frame&) = delete;
  frame& operator=(const frame&) = delete;

  channels::opcode opcode() const noexcept { return opcode_; }
  std::string_view payload() const noexcept;

  /// Header and payload: what a websocket connection sends.
  std::string_view wire() const noexcept;

private:
  friend class frame_ptr;
  frame(channels::opcode op, std::uint8_t header_size,
        std::string_view payload) noexcept;

  /// Leaves the header to be written.
  static frame* make(channels::opcode op, std::uint8_t header_size,
                     std::string_view payload);
  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const noexcept {
    return reinterpret_cast<const char*>(this + 1);
  }
  void release() noexcept;

  std::atomic<std::uint32_t> references_{1};
  channels::opcode opcode_;
  std::uint8_t header_size_;
  std::uint32_t size_;
};

/// A reference to a frame; copying it copies a pointer. Value; thread-safe to
/// copy and read.
class frame_ptr {
public:
  frame_ptr() = default;

  /// The payload may have 4 GiB - 11 bytes at most; more throws
  /// std::length_error.
  frame_ptr(opcode op, std::string_view payload)
    : frame_ptr(op, payload, false) {}

  /// The payload is a whole message compressed by RFC 7692, and its header
  /// says so: for clients that have agreed to that.
  static frame_ptr compressed(opcode op, std::string_view payload) {
    return {op, payload, true};
  }

  /// Bytes of a connection's own that are no message (an upgrade's answer, a
  /// pong): there is no header, payload() and wire() are the same.
  static frame_ptr raw(std::string_view bytes);

  frame_ptr(const frame_ptr& other) noexcept : frame_(other.frame_) {
    if (frame_)
      frame_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  frame_ptr(frame_ptr&& other) noexcept
    : frame_(std::exchange(other.frame_, nullptr)) {}
  frame_ptr& operator=(frame_ptr other) noexcept {
    std::swap(frame_, other.frame_);
    return *this;
  }
  ~frame_ptr() {
    if (frame_)
      frame_->release();
  }

  explicit operator bool() const noexcept { return frame_ != nullptr; }
  const frame& operator*() const noexcept { return *frame_; }
  const frame* operator->() const noexcept { return frame_; }

private:
  frame_ptr(opcode op, std::string_view payload, bool compressed);

  frame* frame_ = nullptr;
};

} // namespace bennu::channels
