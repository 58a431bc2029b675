#include "examples/load/tsung_xml.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <pugixml.hpp>

namespace load {

namespace {

using pugi::xml_node;

/// Turns of a loop and steps of a session: what 16 and 32 bits hold.
constexpr double turns_max = 4e9;
constexpr std::size_t steps_max = 60'000;

duration from_seconds(double s) {
  return std::chrono::duration_cast<duration>(std::chrono::duration<double>{s});
}

class reader {
public:
  reader(const std::string& xml, const std::string& file, bool allow_remote)
    : xml_(xml), file_(file), allow_remote_(allow_remote) {}

  tsung_load read() {
    if (xml_.size() > tsung_file_max)
      throw tsung_error(file_ + ": larger than a megabyte");
    pugi::xml_document document;
    const auto parsed = document.load_buffer(
      xml_.data(), xml_.size(), pugi::parse_default | pugi::parse_doctype);
    if (!parsed)
      fail_at(parsed.offset, parsed.description());
    const auto root = document.child("tsung");
    if (!root)
      fail_at(0, "no element <tsung>");
    attributes(root, {"loglevel", "version", "dumptraffic", "backend"});
    children(root, {"clients", "servers", "load", "options", "sessions"});
    read_servers(required(root, "servers"));
    read_clients(required(root, "clients"));
    read_load(required(root, "load"));
    read_options(root.child("options"));
    read_sessions(required(root, "sessions"));
    out_.what.users = users_in_all(out_.what.arrivals);
    if (out_.what.users == 0)
      fail(root.child("load"), "no users: an arrival phase needs a rate and a "
                               "duration or maxnumber");
    return std::move(out_);
  }

private:
  // -- errors --

  [[noreturn]] void fail_at(std::ptrdiff_t offset, const std::string& why) {
    const auto end =
      xml_.begin() + std::min<std::ptrdiff_t>(offset, std::ssize(xml_));
    const auto line = 1 + std::count(xml_.begin(), end, '\n');
    throw tsung_error(file_ + ":" + std::to_string(line) + ": " + why);
  }

  [[noreturn]] void fail(const xml_node& at, const std::string& why) {
    fail_at(at.offset_debug(), why);
  }

  static std::string tag(const xml_node& x) {
    return "<" + std::string{x.name()} + ">";
  }

  void attributes(const xml_node& x,
                  std::initializer_list<std::string_view> known) {
    for (const auto& a : x.attributes())
      if (std::find(known.begin(), known.end(), a.name()) == known.end())
        fail(x, "unknown attribute \"" + std::string{a.name()} + "\" of "
                  + tag(x));
  }

  void children(const xml_node& x,
                std::initializer_list<std::string_view> known) {
    for (const auto& child : x.children()) {
      if (child.type() == pugi::node_pcdata)
        fail(child, "text inside " + tag(x));
      if (std::find(known.begin(), known.end(), child.name()) == known.end())
        fail(child, "unknown element " + tag(child) + " in " + tag(x));
    }
  }

  xml_node required(const xml_node& of, const char* name) {
    const auto x = of.child(name);
    if (!x)
      fail(of, "no <" + std::string{name} + "> in " + tag(of));
    return x;
  }

  std::string text(const xml_node& x, const char* name) {
    const auto a = x.attribute(name);
    if (!a)
      fail(x, tag(x) + " needs the attribute \"" + name + "\"");
    return a.value();
  }

  std::string one_of(const xml_node& x, const char* name,
                     std::initializer_list<std::string_view> known,
                     const char* otherwise) {
    std::string value = x.attribute(name).as_string(otherwise);
    if (std::find(known.begin(), known.end(), value) == known.end())
      fail(x, std::string{name} + "=\"" + value + "\" of " + tag(x)
                + " is not supported");
    return value;
  }

  double number(const xml_node& x, const char* name) {
    const auto value = text(x, name);
    double out = 0;
    const auto* end = value.data() + value.size();
    const auto [at, error] = std::from_chars(value.data(), end, out);
    if (error != std::errc{} || at != end || !std::isfinite(out) || out < 0)
      fail(x, std::string{name} + "=\"" + value + "\" of " + tag(x)
                + " is no number");
    return out;
  }

  std::uint16_t port(const xml_node& x, const char* name) {
    const auto value = number(x, name);
    if (value < 1 || value > 65535 || value != std::floor(value))
      fail(x, std::string{name} + " of " + tag(x) + " is no port");
    return static_cast<std::uint16_t>(value);
  }

  double unit(const xml_node& x, const char* otherwise = "second") {
    const auto name =
      one_of(x, "unit", {"second", "minute", "hour", "millisecond"}, otherwise);
    return name == "second"   ? 1
           : name == "minute" ? 60
           : name == "hour"   ? 3600
                              : 0.001;
  }

  // -- sections --

  void read_servers(const xml_node& x) {
    attributes(x, {});
    children(x, {"server"});
    for (const auto& server : x.children()) {
      attributes(server, {"host", "port", "type", "weight"});
      one_of(server, "type", {"tcp"}, "tcp");
      const auto url = "ws://" + text(server, "host") + ":"
                       + std::to_string(port(server, "port")) + "/";
      try {
        out_.what.targets.push_back(parse_target(url, allow_remote_));
      } catch (const std::invalid_argument& e) {
        fail(server, e.what());
      }
    }
    if (out_.what.targets.empty())
      fail(x, "no <server> in <servers>");
  }

  void read_clients(const xml_node& x) {
    attributes(x, {});
    children(x, {"client"});
    for (const auto& client : x.children()) {
      // One process of ours is all clients: what it can hold it finds itself.
      attributes(client,
                 {"host", "use_controller_vm", "maxusers", "cpu", "weight"});
      children(client, {"ip"});
      text(client, "host");
      if (client.attribute("maxusers"))
        number(client, "maxusers");
      for (const auto& ip : client.children()) {
        attributes(ip, {"value"});
        in_addr address{};
        const auto value = text(ip, "value");
        if (::inet_pton(AF_INET, value.c_str(), &address) != 1)
          fail(ip, value + " is no IPv4 address");
        out_.how.sources.push_back(address);
      }
    }
  }

  void read_load(const xml_node& x) {
    attributes(x, {"duration", "unit"});
    children(x, {"arrivalphase"});
    if (x.attribute("duration"))
      out_.length = from_seconds(number(x, "duration") * unit(x));
    for (const auto& phase : x.children()) {
      attributes(phase, {"phase", "duration", "unit"});
      children(phase, {"users"});
      const auto users = required(phase, "users");
      attributes(users, {"maxnumber", "arrivalrate", "interarrival", "unit"});
      arrival_phase to;
      to.length = from_seconds(number(phase, "duration") * unit(phase));
      if (users.attribute("arrivalrate"))
        to.per_second = number(users, "arrivalrate") / unit(users);
      else
        to.per_second = 1 / (number(users, "interarrival") * unit(users));
      if (!std::isfinite(to.per_second) || to.per_second <= 0)
        fail(users, "users who never come");
      if (users.attribute("maxnumber"))
        to.users_max = static_cast<std::uint64_t>(number(users, "maxnumber"));
      out_.what.arrivals.push_back(to);
    }
  }

  void read_options(const xml_node& x) {
    attributes(x, {});
    children(x, {"option"});
    for (const auto& option : x.children()) {
      attributes(option, {"name", "value", "min", "max"});
      const auto name = text(option, "name");
      if (name != "ports_range")
        fail(option, "unknown option \"" + name + "\"");
      out_.how.port_min = port(option, "min");
      out_.how.port_max = port(option, "max");
      if (out_.how.port_min > out_.how.port_max)
        fail(option, "ports_range ends before it begins");
    }
  }

  void read_sessions(const xml_node& x) {
    attributes(x, {});
    children(x, {"session"});
    for (const auto& node : x.children()) {
      attributes(node, {"name", "probability", "weight", "type"});
      one_of(node, "type", {"ts_websocket"}, "");
      session to{.name = text(node, "name"), .is_v2 = false};
      to.weight =
        number(node, node.attribute("probability") ? "probability" : "weight");
      loops_.clear();
      read_steps(node, to);
      try {
        link_steps(to);
      } catch (const std::invalid_argument& e) {
        fail(node, e.what());
      }
      if (to.steps.size() > steps_max)
        fail(node, "a session of too many requests");
      out_.what.sessions.push_back(std::move(to));
    }
    double all = 0;
    for (const auto& s : out_.what.sessions)
      all += s.weight;
    if (all <= 0 || out_.what.sessions.size() > 255)
      fail(x, "<sessions> needs 1 to 255 sessions, some with a probability");
  }

  void read_steps(const xml_node& x, session& to) {
    children(x, {"request", "thinktime", "for", "transaction"});
    for (const auto& node : x.children()) {
      const std::string_view name = node.name();
      if (name == "request") {
        read_request(node, to);
      } else if (name == "thinktime") {
        read_thinktime(node, to);
      } else if (name == "for") {
        read_for(node, to);
      } else {
        attributes(node, {"name"});
        read_steps(node, to);
      }
    }
  }

  void read_thinktime(const xml_node& x, session& to) {
    attributes(x, {"value", "random", "min", "max"});
    children(x, {});
    step out{.what = verb::think};
    const bool is_random = x.attribute("random").as_bool();
    if (is_random && x.attribute("min")) {
      out.length = {.how = pause::kind::uniform,
                    .seconds = number(x, "min"),
                    .seconds_max = number(x, "max")};
      if (out.length.seconds > out.length.seconds_max)
        fail(x, "min of <thinktime> is more than max");
    } else {
      out.length = {.how =
                      is_random ? pause::kind::exponential : pause::kind::fixed,
                    .seconds = number(x, "value")};
    }
    to.steps.push_back(std::move(out));
  }

  void read_for(const xml_node& x, session& to) {
    attributes(x, {"var", "from", "to", "incr"});
    const auto from = number(x, "from");
    const auto last = number(x, "to");
    const auto by = x.attribute("incr") ? number(x, "incr") : 1;
    if (by < 1 || last < from || (last - from) / by > turns_max)
      fail(x, "<for> has no end");
    if (loops_.size() >= loops_max)
      fail(x, "more than " + std::to_string(loops_max)
                + " <for> inside each other");
    loops_.push_back({text(x, "var"), static_cast<std::int64_t>(from),
                      static_cast<std::int64_t>(by)});
    to.steps.push_back(
      {.what = verb::repeat,
       .times = static_cast<std::uint32_t>((last - from) / by) + 1});
    read_steps(x, to);
    to.steps.push_back({.what = verb::end});
    loops_.pop_back();
  }

  void read_request(const xml_node& x, session& to) {
    attributes(x, {"subst"});
    children(x, {"match", "websocket"});
    const auto node = required(x, "websocket");
    attributes(node, {"type", "path", "ack", "frame"});
    step out;
    for (const auto& child : x.children("match"))
      read_match(child, out);
    const auto type = one_of(node, "type", {"connect", "message", "close"}, "");
    const bool has_places = x.attribute("subst").as_bool();
    const std::string words =
      type == "connect" ? text(node, "path") : node.text().get();
    try {
      out.text = has_places ? message_text::parse(words, loops_)
                            : message_text::plain(words);
    } catch (const std::invalid_argument& e) {
      fail(node, e.what());
    }
    if (type == "connect") {
      if (words.find_first_of(" \r\n") != std::string::npos
          || !words.starts_with('/'))
        fail(node, "path is no path");
      out.what = verb::connect;
    } else if (type == "close") {
      out.what = verb::close;
    } else {
      out.what = verb::send;
      const auto ack =
        one_of(node, "ack", {"local", "parse", "no_ack"}, "local");
      out.is_binary =
        one_of(node, "frame", {"text", "binary"}, "text") == "binary";
      out.await = ack == "no_ack" ? wait_for::nothing : wait_for::frame;
      out.is_join = out.text.contains("\"phx_join\"");
    }
    to.steps.push_back(std::move(out));
  }

  void read_match(const xml_node& x, step& to) {
    attributes(x, {"do", "when", "name"});
    const auto what = one_of(x, "do", {"continue", "log", "abort"}, "continue");
    const auto when = one_of(x, "when", {"match", "nomatch"}, "match");
    to.match = x.text().get();
    if (to.match.find_first_of("\\[](){}*+?^$|.") != std::string::npos)
      fail(x, "a regular expression in <match> is not supported: write the "
              "text itself");
    to.match_is_fatal = what == "abort";
    to.match_ends_when = when == "match";
  }

  const std::string& xml_;
  const std::string& file_;
  const bool allow_remote_;
  tsung_load out_;
  std::vector<message_text::loop_variable> loops_;
};

} // namespace

tsung_load parse_tsung(const std::string& xml, const std::string& file,
                       bool allow_remote) {
  return reader{xml, file, allow_remote}.read();
}

} // namespace load
