#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <type_traits>
#include <typeinfo>
#include <utility>

namespace bennu::channels {

/// What a connect left for its channels: one value of any type, or none. One
/// pointer wide, since each socket and each channel holds it, whose terminate
/// may outlive the socket. Value; thread-safe to copy and read.
class shared_assigns {
public:
  shared_assigns() = default;

  template <class T>
  static shared_assigns of(T&& x) {
    shared_assigns made;
    made.held_.reset(new holder<std::decay_t<T>>(std::forward<T>(x)));
    return made;
  }

  /// Throws std::bad_cast when there is no T.
  template <class T>
  const T& as() const {
    const auto* held = dynamic_cast<const holder<T>*>(held_.get());
    if (!held)
      throw std::bad_cast{};
    return held->value;
  }

  explicit operator bool() const noexcept { return held_ != nullptr; }

private:
  struct anything
    : boost::intrusive_ref_counter<anything, boost::thread_safe_counter> {
    virtual ~anything() = default;
  };

  template <class T>
  struct holder final : anything {
    template <class U>
    explicit holder(U&& x) : value(std::forward<U>(x)) {}
    T value;
  };

  boost::intrusive_ptr<const anything> held_;
};

} // namespace bennu::channels
