#include "examples/load/tsung_xml.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

using namespace load;
using namespace std::chrono_literals;

/// A whole file of these parts; the session's steps begin in line 4.
std::string file_of(const std::string& steps,
                    const std::string& load =
                      R"(<arrivalphase phase="1" duration="10" unit="second">)"
                      R"(<users arrivalrate="5" unit="second"/>)"
                      R"(</arrivalphase>)",
                    const std::string& options = "") {
  return "<tsung><clients><client host=\"localhost\"/></clients>\n"
         "<servers><server host=\"127.0.0.1\" port=\"4000\" type=\"tcp\"/>"
         "</servers><load>"
         + load + "</load><options>" + options
         + "</options>\n<sessions><session name=\"a\" probability=\"100\" "
           "type=\"ts_websocket\">\n"
         + steps + "</session></sessions></tsung>";
}

tsung_load parse(const std::string& xml) {
  return parse_tsung(xml, "x.xml", false);
}

std::string error_of(const std::string& xml) {
  try {
    parse(xml);
    return "none";
  } catch (const tsung_error& e) {
    return e.what();
  }
}

constexpr auto connect_request =
  "<request><websocket type=\"connect\" path=\"/s\"/></request>\n";

TEST(load_tsung, the_story_is_understood) {
  std::ifstream in(BENNU_STORY);
  const auto x = parse({std::istreambuf_iterator<char>{in}, {}});
  EXPECT_EQ(x.what.users, 100'000u);
  EXPECT_EQ(x.how.port_min, 1025);
  EXPECT_EQ(x.how.port_max, 65535);
  ASSERT_EQ(x.what.sessions.size(), 1u);
  const auto& steps = x.what.sessions[0].steps;
  ASSERT_EQ(steps.size(), 6u);
  EXPECT_EQ(steps[0].what, verb::connect);
  EXPECT_TRUE(steps[1].is_join);
  EXPECT_EQ(steps[1].await, wait_for::frame);
  EXPECT_EQ(steps[2].times, 1'000u);
  EXPECT_EQ(steps[3].length.seconds, 30);
  std::string text;
  steps[1].text.append_to(text, {.user = 42});
  EXPECT_NE(text.find(R"("user":"42")"), std::string::npos);
}

TEST(load_tsung, places_are_filled_only_with_subst) {
  const std::string message =
    "<websocket type=\"message\" ack=\"no_ack\">n%%_i%%</websocket></request>";
  const auto x = parse(file_of("<for var=\"i\" from=\"3\" to=\"9\" incr=\"2\">"
                               "<request subst=\"true\">"
                               + message + "<request>" + message + "</for>"));
  const auto& steps = x.what.sessions[0].steps;
  EXPECT_EQ(steps[0].times, 4u);
  EXPECT_EQ(steps[1].await, wait_for::nothing);
  const std::array<std::uint32_t, 1> turns{1};
  std::string filled, plain;
  steps[1].text.append_to(filled, {.loops = turns});
  steps[2].text.append_to(plain, {.loops = turns});
  EXPECT_EQ(filled, "n5");
  EXPECT_EQ(plain, "n%%_i%%");
}

TEST(load_tsung, arrivals_by_interval_and_by_the_minute) {
  const auto x =
    parse(file_of(connect_request,
                  R"(<arrivalphase phase="1" duration="1" unit="minute">)"
                  R"(<users interarrival="2" unit="second"/></arrivalphase>)"
                  R"(<arrivalphase phase="2" duration="1" unit="minute">)"
                  R"(<users arrivalrate="120" maxnumber="50" unit="minute"/>)"
                  R"(</arrivalphase>)"));
  ASSERT_EQ(x.what.arrivals.size(), 2u);
  EXPECT_EQ(x.what.arrivals[0].per_second, 0.5);
  EXPECT_EQ(x.what.arrivals[1].per_second, 2);
  EXPECT_EQ(x.what.users, 80u);
}

TEST(load_tsung, pauses_are_fixed_or_random) {
  const auto x =
    parse(file_of(R"(<thinktime value="2"/>)"
                  R"(<thinktime value="2" random="true"/>)"
                  R"(<thinktime min="1" max="3" random="true"/>)"));
  const auto& steps = x.what.sessions[0].steps;
  EXPECT_EQ(steps[0].length.how, pause::kind::fixed);
  EXPECT_EQ(steps[1].length.how, pause::kind::exponential);
  EXPECT_EQ(steps[2].length.how, pause::kind::uniform);
}

TEST(load_tsung, an_error_names_its_line) {
  EXPECT_EQ(error_of(file_of("<thinktime value=\"1\"/>\n<dance/>")),
            "x.xml:5: unknown element <dance> in <session>");
  EXPECT_EQ(error_of(file_of("\n\n<thinktime value=\"1\" colour=\"red\"/>")),
            "x.xml:6: unknown attribute \"colour\" of <thinktime>");
  EXPECT_EQ(error_of(file_of("<thinktime value=\"soon\"/>")),
            "x.xml:4: value=\"soon\" of <thinktime> is no number");
  EXPECT_EQ(error_of(file_of("<thinktime/>")),
            "x.xml:4: <thinktime> needs the attribute \"value\"");
  EXPECT_EQ(error_of(file_of("<request><websocket type=\"sing\"/></request>")),
            "x.xml:4: type=\"sing\" of <websocket> is not supported");
  EXPECT_EQ(error_of(file_of("<request>\n<http url=\"/\"/></request>")),
            "x.xml:5: unknown element <http> in <request>");
  EXPECT_EQ(error_of("<tsung>\n<clients>"), "x.xml:2: Start-end tags mismatch");
}

TEST(load_tsung, an_unknown_option_or_place_is_an_error) {
  EXPECT_EQ(error_of(file_of(connect_request, "",
                             "<option name=\"hibernate\" value=\"10\"/>")),
            "x.xml:2: unknown option \"hibernate\"");
  EXPECT_NE(error_of(file_of("<request subst=\"true\"><websocket "
                             "type=\"message\">%%rand%%</websocket></request>"))
              .find("x.xml:4: %%rand%% is not known"),
            std::string::npos);
}

TEST(load_tsung, a_load_without_users_or_another_machine_is_refused) {
  EXPECT_NE(error_of(file_of(connect_request, "")).find("no users"),
            std::string::npos);
  auto xml = file_of(connect_request);
  xml.replace(xml.find("127.0.0.1"), 9, "192.0.2.1");
  EXPECT_NE(error_of(xml).find("--allow-remote"), std::string::npos);
}

TEST(load_tsung, a_file_past_a_megabyte_is_refused) {
  auto xml = file_of(connect_request);
  xml.append(tsung_file_max - xml.size(), '\n');
  EXPECT_EQ(error_of(xml), "none");
  EXPECT_NE(error_of(xml + "\n").find("larger"), std::string::npos);
}

} // namespace
