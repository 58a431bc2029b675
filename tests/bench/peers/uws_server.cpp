// A chat server on uWebSockets, as lean as its users write one: the messages of
// Phoenix are sliced by hand, topics are its own publish and subscribe. No JSON
// is parsed, there are no processes and nothing is supervised.
//
//   uws_server --port N [--threads N]
//
// Threads share the port; what one is told to publish it hands to the others.
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <App.h>
#include <CLI/CLI.hpp>
#include <sys/resource.h>

namespace {

struct nothing {};
using app = uWS::App;
using socket = uWS::WebSocket<false, true, nothing>;

struct server_thread {
  uWS::Loop* loop = nullptr;
  app* of = nullptr;
};

std::mutex mutex;
std::vector<server_thread> all_threads;

/// `["join_ref","ref","topic","event",payload]`, where both may be null.
struct message {
  std::string_view join_ref; // with its quotes
  std::string_view ref;
  std::string_view topic;
  std::string_view event;
  std::string_view payload_and_bracket;
};

bool take(std::string_view& text, std::string_view& to) {
  const auto comma = text.find(',');
  if (comma == std::string_view::npos)
    return false;
  to = text.substr(0, comma);
  text.remove_prefix(comma + 1);
  return true;
}

bool slice(std::string_view text, message& to) {
  if (!text.starts_with('['))
    return false;
  text.remove_prefix(1);
  if (!take(text, to.join_ref) || !take(text, to.ref) || !take(text, to.topic)
      || !take(text, to.event))
    return false;
  to.payload_and_bracket = text;
  return true;
}

void reply(socket* to, const message& x, std::string_view response) {
  std::string out;
  out.reserve(128);
  out.append("[").append(x.join_ref).append(",").append(x.ref).append(",");
  out.append(x.topic).append(R"(,"phx_reply",{"response":)");
  out.append(response).append(R"(,"status":"ok"}])");
  to->send(out, uWS::OpCode::TEXT);
}

void publish(app& from, const message& x) {
  auto text = std::make_shared<std::string>("[null,null,");
  text->append(x.topic).append(",").append(x.event).append(",");
  text->append(x.payload_and_bracket);
  const std::string topic{x.topic};
  from.publish(topic, *text, uWS::OpCode::TEXT);
  const std::lock_guard guard{mutex};
  for (const auto& other : all_threads)
    if (other.of != &from)
      other.loop->defer([to = other.of, topic, text] {
        to->publish(topic, *text, uWS::OpCode::TEXT);
      });
}

void handle(app& here, socket* from, std::string_view text) {
  message x;
  if (!slice(text, x))
    return from->end(1003);
  if (x.event == R"("heartbeat")" || x.event == R"("phx_leave")") {
    if (x.event == R"("phx_leave")")
      from->unsubscribe(x.topic);
    reply(from, x, "{}");
  } else if (x.event == R"("phx_join")") {
    from->subscribe(x.topic);
    reply(from, x, "{}");
  } else if (x.event == R"("new_msg")") {
    publish(here, x);
  } else {
    reply(from, x,
          x.payload_and_bracket.substr(0, x.payload_and_bracket.size() - 1));
  }
}

void serve(int port) {
  app here;
  {
    const std::lock_guard guard{mutex};
    all_threads.push_back({uWS::Loop::get(), &here});
  }
  here.ws<nothing>(
    "/socket/websocket",
    {.compression = uWS::DISABLED,
     .maxPayloadLength = 1024 * 1024,
     .idleTimeout = 960,
     .maxBackpressure = 1024 * 1024,
     .sendPingsAutomatically = false,
     .message = [&here](auto* from, std::string_view text, uWS::OpCode) {
       handle(here, from, text);
     }});
  here.listen("127.0.0.1", port, [port](auto* listening) {
    if (!listening) {
      std::fprintf(stderr, "uws_server cannot listen on port %d\n", port);
      std::_Exit(2);
    }
  });
  here.run();
}

} // namespace

int main(int argc, char** argv) {
  int port = 0;
  std::size_t threads = 2;
  CLI::App options{"The chat server that Bennu stands beside."};
  options.add_option("--port", port)->required();
  options.add_option("--threads", threads)->check(CLI::Range(1, 64));
  CLI11_PARSE(options, argc, argv);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i)
    running.emplace_back([port] { serve(port); });
  for (auto& x : running)
    x.join();
}
