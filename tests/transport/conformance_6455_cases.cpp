#include "tests/transport/conformance_cases.hpp"

#include <iterator>

#include <fmt/core.h>

namespace bennu::transport::testing {

namespace {

using cases = std::vector<conformance_case>;
using codes = std::vector<std::uint16_t>;

std::string part(int opcode, std::string_view payload) {
  return client_frame(opcode, payload, {.fin = false});
}
std::string shown(std::string_view bytes) {
  std::string text;
  for (const char c : bytes)
    text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

/// Autobahn 1: lengths around each form of header.
cases framing() {
  cases all;
  for (const std::size_t n :
       {0u, 1u, 125u, 126u, 127u, 128u, 65535u, 65536u, 100'000u}) {
    const std::string payload(n, '*');
    all.push_back({fmt::format("text of {} bytes arrives", n),
                   client_frame(text, payload),
                   {{"text:" + payload}, {}}});
    const std::string bytes(n, '\xFE');
    all.push_back({fmt::format("binary of {} bytes arrives", n),
                   client_frame(binary, bytes),
                   {{"bin:" + bytes}, {}}});
  }
  all.push_back({"a length in a longer form than it needs is refused",
                 std::string("\x81\xFE\x00\x05mask.....", 13),
                 {{}, closed_with(1002)}});
  all.push_back({"a short length in eight bytes is refused",
                 std::string("\x81\xFF\0\0\0\0\0\0\0\x05mask.....", 19),
                 {{}, closed_with(1002)}});
  all.push_back({"a frame without a mask is refused",
                 client_frame(text, "x", {.masked = false}),
                 {{}, closed_with(1002)}});
  all.push_back({"an empty frame without a mask is refused",
                 client_frame(text, "", {.masked = false}),
                 {{}, closed_with(1002)}});
  return all;
}

/// Autobahn 2: pings and pongs.
cases control_frames() {
  cases all;
  for (const std::size_t n : {0u, 1u, 124u, 125u}) {
    const std::string payload(n, '\xFE');
    all.push_back({fmt::format("a ping of {} bytes gets its pong", n),
                   client_frame(ping, payload),
                   {{}, server_frame(pong, payload)}});
  }
  all.push_back({"a ping of 126 bytes is refused",
                 client_frame(ping, std::string(126, 'x')),
                 {{}, closed_with(1002)}});
  all.push_back({"a pong nobody asked for is heard and left at that",
                 client_frame(pong, "x") + client_frame(text, "a"),
                 {{"text:a"}, {}}});
  all.push_back({"a ping in fragments is refused",
                 part(ping, "x"),
                 {{}, closed_with(1002)}});
  std::string pings;
  std::string pongs;
  for (int i = 0; i < 10; ++i) {
    pings += client_frame(ping, std::to_string(i));
    pongs += server_frame(pong, std::to_string(i));
  }
  all.push_back({"ten pings get ten pongs in order", pings, {{}, pongs}});
  return all;
}

/// Autobahn 3 and 4.
cases reserved() {
  cases all;
  for (int bits = 1; bits < 8; ++bits)
    for (const int op : {text, binary, ping, pong, close})
      all.push_back(
        {fmt::format("reserved bits {} on opcode {} are refused", bits, op),
         client_frame(text, "first")
           + client_frame(op, "", {.reserved_bits = bits}),
         {{"text:first"}, closed_with(1002)}});
  for (const int op : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15})
    for (const char* payload : {"", "x"})
      all.push_back({fmt::format("reserved opcode {} with {} bytes is refused",
                                 op, std::string_view{payload}.size()),
                     client_frame(text, "first") + client_frame(op, payload),
                     {{"text:first"}, closed_with(1002)}});
  return all;
}

/// Autobahn 5.
cases fragments() {
  const auto end = [](std::string_view x) {
    return client_frame(continuation, x);
  };
  const auto more = [](std::string_view x) { return part(continuation, x); };
  return {
    {"a message in two fragments arrives",
     part(text, "a") + end("b"),
     {{"text:ab"}, {}}},
    {"a message in empty fragments arrives",
     part(text, "") + more("") + end(""),
     {{"text:"}, {}}},
    {"a ping between fragments is answered before the message",
     part(text, "a") + client_frame(ping, "p") + more("b")
       + client_frame(ping, "q") + end("c"),
     {{"text:abc"}, server_frame(pong, "p") + server_frame(pong, "q")}},
    {"a continuation of nothing is refused", end("x"), {{}, closed_with(1002)}},
    {"a continuation of nothing that goes on is refused",
     more("x"),
     {{}, closed_with(1002)}},
    {"a continuation after a whole message is refused",
     client_frame(text, "a") + end("x"),
     {{"text:a"}, closed_with(1002)}},
    {"text inside a message is refused",
     part(text, "a") + client_frame(text, "b"),
     {{}, closed_with(1002)}},
    {"binary inside a text message is refused",
     part(text, "a") + client_frame(binary, "b"),
     {{}, closed_with(1002)}},
    {"a close between fragments is answered",
     part(text, "a") + client_frame(close, close_payload(1000)),
     {{}, closed_with(1000)}},
    {"a thousand fragments are one message",
     [&] {
       auto bytes = part(binary, "x");
       for (int i = 0; i < 998; ++i)
         bytes += more("x");
       return bytes + end("x");
     }(),
     {{"bin:" + std::string(1000, 'x')}, {}}},
  };
}

/// Autobahn 6: each whole, and cut in the middle of a character.
cases utf8() {
  cases all;
  for (const std::string_view good :
       {"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5", "\xc2\x80",
        "\xe0\xa0\x80", "\xf0\x90\x80\x80", "\x7f", "\xdf\xbf", "\xef\xbf\xbf",
        "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd",
        "\xef\xb7\x90", "\xf0\x9f\xbf\xbe"}) {
    all.push_back({"utf8 " + shown(good) + " arrives",
                   client_frame(text, good),
                   {{"text:" + std::string(good)}, {}}});
    all.push_back({"utf8 " + shown(good) + " in fragments arrives",
                   part(text, good.substr(0, 1))
                     + client_frame(continuation, good.substr(1)),
                   {{"text:" + std::string(good)}, {}}});
  }
  for (const std::string_view bad :
       {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xe0\x80\xaf", "\xe0\x9f\xbf",
        "\xf0\x80\x80\xaf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe",
        "\xff", "\xc2", "\xe2\x82", "\xf0\x9f\x92", "\xce\xba\xed\xa0\x80x"}) {
    all.push_back({"utf8 " + shown(bad) + " is refused",
                   client_frame(text, bad),
                   {{}, closed_with(1007)}});
    all.push_back({"utf8 " + shown(bad) + " as binary arrives",
                   client_frame(binary, bad),
                   {{"bin:" + std::string(bad)}, {}}});
  }
  // The message never ends: it must not have to.
  all.push_back({"bad utf8 fails in the fragment where it is",
                 part(text, "\xce\xba") + part(continuation, "\xf4\x90"),
                 {{}, closed_with(1007)}});
  all.push_back({"a character cut off by the message's end is refused",
                 part(text, "a\xe2") + client_frame(continuation, "\x82"),
                 {{}, closed_with(1007)}});
  return all;
}

/// Autobahn 7; of codes past 4999 it says nothing, and Beast echoes them.
cases closes() {
  cases all;
  for (const std::uint16_t code :
       codes{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999,
             4000, 4999})
    all.push_back({fmt::format("close {} is echoed", code),
                   client_frame(close, close_payload(code)),
                   {{}, closed_with(code)}});
  for (const std::uint16_t code :
       codes{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999})
    all.push_back({fmt::format("close {} is refused", code),
                   client_frame(close, close_payload(code)),
                   {{}, closed_with(1002)}});
  all.push_back({"a close without a code is answered",
                 client_frame(close, ""),
                 {{}, closed_with(1000)}});
  all.push_back({"a close with half a code is refused",
                 client_frame(close, "\x03"),
                 {{}, closed_with(1002)}});
  all.push_back(
    {"a close with the longest reason is answered with its code",
     client_frame(close, close_payload(1000, std::string(123, 'x'))),
     {{}, closed_with(1000)}});
  all.push_back(
    {"a close with too long a reason is refused",
     client_frame(close, close_payload(1000, std::string(124, 'x'))),
     {{}, closed_with(1002)}});
  all.push_back({"a close whose reason is no utf8 is refused",
                 client_frame(close, close_payload(1000, "\xff")),
                 {{}, closed_with(1002)}});
  all.push_back({"nothing behind a close is heard",
                 client_frame(text, "a")
                   + client_frame(close, close_payload(1000))
                   + client_frame(text, "b") + client_frame(ping, "p"),
                 {{"text:a"}, closed_with(1000)}});
  return all;
}

/// Autobahn 9, and ours: limits.
cases limits() {
  const std::string most(conformance_message_max, 'x');
  const std::string half(conformance_message_max / 2, 'x');
  return {
    {"one byte more than the limit is refused",
     client_frame(binary, most + "x"),
     {{}, closed_with(1009)}},
    {"fragments together at the limit arrive",
     part(binary, half) + client_frame(continuation, half),
     {{"bin:" + most}, {}}},
    {"fragments together past the limit are refused",
     part(binary, half) + client_frame(continuation, half + "x"),
     {{}, closed_with(1009)}},
    {"a length nobody could send is refused at once",
     std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xffmask", 14),
     {{}, closed_with(1009)}},
  };
}

} // namespace

std::vector<conformance_case> rfc6455_cases() {
  cases all;
  for (auto part : {framing(), control_frames(), reserved(), fragments(),
                    utf8(), closes(), limits()})
    std::move(part.begin(), part.end(), std::back_inserter(all));
  return all;
}

} // namespace bennu::transport::testing
