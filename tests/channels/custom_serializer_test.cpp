#include "channels/serializer_v2.hpp"
#include "tests/channels/socket_fixture.hpp"

#include <gtest/gtest.h>

#include <string>

namespace bennu::channels {
namespace {

/// Vsn 2 whose broadcasts say so.
class loud_serializer final : public serializer {
public:
  std::string_view vsn() const noexcept override { return "2.0.0"; }
  message decode(opcode op, std::string_view data) const override {
    return inner_.decode(op, data);
  }
  frame_ptr encode_push(const wire_ref& join_ref, const wire_ref& ref,
                        std::string_view topic, std::string_view event,
                        const rendered_payload& x) const override {
    return inner_.encode_push(join_ref, ref, topic, event, x);
  }
  frame_ptr encode_reply(const wire_ref& join_ref, const wire_ref& ref,
                         std::string_view topic, std::string_view status,
                         const rendered_payload& x) const override {
    return inner_.encode_reply(join_ref, ref, topic, status, x);
  }
  frame_ptr encode_broadcast(std::string_view topic, std::string_view event,
                             const rendered_payload& x) const override {
    return inner_.encode_broadcast(topic, "LOUD " + std::string{event}, x);
  }

private:
  serializer_v2 inner_;
};

const loud_serializer loud;

socket_spec with_loud() {
  auto spec = obedient_socket();
  spec.serializers = {{&loud, version_requirement{"== 9.0.0"}}};
  for (const auto& x : default_serializers())
    spec.serializers.push_back(x);
  return spec;
}

struct custom_serializer_test : testing::channel_test {
  custom_serializer_test() : channel_test(with_loud()) {}
};

TEST_F(custom_serializer_test, is_chosen_by_version_and_encodes_broadcasts) {
  auto ann = connect({{"name", "ann"}, {"vsn", "9.0.0"}});
  auto bob = connect({{"name", "bob"}});
  ASSERT_TRUE(ann.join("room:1"));
  ASSERT_TRUE(bob.join("room:1"));
  broadcast(topic{"room:1"}, "news");
  ann.await_push("LOUD news");
  bob.await_push("news");
}

TEST_F(custom_serializer_test, is_named_to_a_client_of_another_version) {
  EXPECT_EQ(negotiate_serializer("3.0.0", with_loud().serializers).warning,
            "The client's requested transport version \"3.0.0\" does not match "
            "server's version requirements of [\"== 9.0.0\", \"~> 1.0.0\", "
            "\"~> 2.0.0\"]");
}

} // namespace
} // namespace bennu::channels
