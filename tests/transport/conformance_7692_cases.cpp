#include "tests/transport/conformance_cases.hpp"
#include "transport/detail/deflater.hpp"

#include <iterator>

#include <fmt/core.h>

namespace bennu::transport::testing {

namespace {

constexpr int rsv1 = 4;

/// Compressed by our own deflater; the RFC's examples check it.
std::string deflated(std::string_view text) {
  detail::deflater x;
  const auto made = x.deflated({channels::opcode::binary, text});
  return std::string(made->payload());
}

std::string compressed(int opcode, std::string_view payload, bool fin = true) {
  return client_frame(opcode, payload, {.fin = fin, .reserved_bits = rsv1});
}

/// Text that shrinks to about a third.
std::string prose(std::size_t size) {
  std::string text;
  for (unsigned i = 0; text.size() < size; ++i)
    text += fmt::format("{:x} words and {:o} more; ", i * 2654435761u, i * 97);
  text.resize(size);
  return text;
}

const std::string hello{"\xf2\x48\xcd\xc9\xc9\x07\x00", 7};
/// In a final block, and without the octet behind it.
const std::string final_hello{"\xf3\x48\xcd\xc9\xc9\x07\x00", 7};
const std::string zero(1, '\0');
const std::string cut_off{"\0\0\xff\xff", 4};
using cases = std::vector<conformance_case>;

cases what_arrives() {
  return {
    {"the RFCs Hello arrives", compressed(text, hello), {{"text:Hello"}, {}}},
    {"the RFCs Hello in two fragments arrives",
     compressed(text, hello.substr(0, 3), false)
       + client_frame(continuation, hello.substr(3)),
     {{"text:Hello"}, {}}},
    {"the RFCs Hello in a block without compression arrives",
     compressed(
       text, std::string{"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11}),
     {{"text:Hello"}, {}}},
    {"the RFCs Hello in two blocks arrives",
     compressed(text, std::string{"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9"
                                  "\x07\x00",
                                  13}),
     {{"text:Hello"}, {}}},
    {"the RFCs Hello in a final block arrives",
     compressed(text, final_hello + zero),
     {{"text:Hello"}, {}}},
    {"a final block in two fragments arrives",
     compressed(text, final_hello, false) + client_frame(continuation, zero),
     {{"text:Hello"}, {}}},
    {"final blocks and others in one message arrive",
     compressed(text, final_hello + final_hello + hello),
     {{"text:HelloHelloHello"}, {}}},
    {"messages after one with a final block arrive",
     compressed(text, final_hello + zero) + compressed(text, hello)
       + client_frame(text, "a"),
     {{"text:Hello", "text:Hello", "text:a"}, {}}},
    {"an empty message arrives",
     compressed(text, std::string("\0", 1)),
     {{"text:"}, {}}},
    {"messages compressed and not go together",
     client_frame(text, "a") + compressed(text, hello) + client_frame(text, "b")
       + compressed(text, hello),
     {{"text:a", "text:Hello", "text:b", "text:Hello"}, {}}},
    {"a ping between compressed fragments is answered",
     compressed(text, hello.substr(0, 3), false) + client_frame(ping, "p")
       + client_frame(continuation, hello.substr(3)),
     {{"text:Hello"}, server_frame(pong, "p")}},
  };
}

cases what_is_refused() {
  return {
    {"a compressed ping is refused",
     compressed(ping, hello),
     {{}, closed_with(1002)}},
    {"a compressed close is refused",
     compressed(close, ""),
     {{}, closed_with(1002)}},
    {"a continuation with the bit again is refused",
     compressed(text, hello.substr(0, 3), false)
       + compressed(continuation, hello.substr(3)),
     {{}, closed_with(1002)}},
    {"the other reserved bits are refused",
     client_frame(text, hello, {.reserved_bits = rsv1 | 1}),
     {{}, closed_with(1002)}},
    {"what does not inflate is refused",
     compressed(text, "\xff\xff\xff\xff"),
     {{}, closed_with(1007)}},
    {"a final block that nothing follows is refused",
     compressed(text, final_hello),
     {{}, closed_with(1007)}},
    {"a message with its tail still on is refused",
     compressed(text, hello + cut_off),
     {{}, closed_with(1007)}},
    {"a message that ends within a block is refused",
     compressed(text, hello.substr(0, 6)),
     {{}, closed_with(1007)}},
    {"a message with an octet more is refused",
     compressed(text, hello + zero),
     {{}, closed_with(1007)}},
    {"a message without any octet is refused",
     compressed(text, ""),
     {{}, closed_with(1007)}},
    {"broken behind a good message is refused",
     compressed(text, hello) + compressed(text, hello.substr(0, 6))
       + client_frame(ping, "p"),
     {{"text:Hello"}, closed_with(1007)}},
    {"inflated text that is no utf8 is refused",
     compressed(text, deflated(std::string(100, '\xff'))),
     {{}, closed_with(1007)}},
    {"little that inflates by any ratio arrives",
     compressed(binary, deflated(std::string(4096, 'x'))),
     {{"bin:" + std::string(4096, 'x')}, {}}},
    {"a bomb is refused",
     compressed(binary, deflated(std::string(90'000, 'x'))),
     {{}, closed_with(1009)}},
    {"a bomb behind a good message is refused",
     client_frame(binary, prose(90'000))
       + compressed(binary, deflated(std::string(90'000, 'x'))),
     {{"bin:" + prose(90'000)}, closed_with(1009)}},
    {"inflated at the limit arrives",
     compressed(binary, deflated(prose(conformance_message_max))),
     {{"bin:" + prose(conformance_message_max)}, {}}},
    {"inflated past the limit is refused",
     compressed(binary, deflated(prose(conformance_message_max + 1))),
     {{}, closed_with(1009)}},
  };
}

cases sizes() {
  cases all;
  for (const std::size_t n : {64u, 125u, 126u, 1024u, 4096u, 8192u, 65536u}) {
    const auto text_n = prose(n);
    const auto bytes = deflated(text_n);
    all.push_back({fmt::format("{} bytes arrive", n),
                   compressed(text, bytes),
                   {{"text:" + text_n}, {}}});
    const auto half = bytes.size() / 2;
    all.push_back({fmt::format("{} bytes in fragments arrive", n),
                   compressed(text, bytes.substr(0, half), false)
                     + client_frame(continuation, bytes.substr(half)),
                   {{"text:" + text_n}, {}}});
  }
  return all;
}

} // namespace

std::vector<conformance_case> rfc7692_cases() {
  cases all;
  for (auto part : {what_arrives(), what_is_refused(), sizes()})
    std::move(part.begin(), part.end(), std::back_inserter(all));
  for (auto& x : all)
    x.inflate = true;
  all.push_back({"a compressed message nobody has agreed to is refused",
                 compressed(text, hello),
                 {{}, closed_with(1002)}});
  return all;
}

} // namespace bennu::transport::testing
