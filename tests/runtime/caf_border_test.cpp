// What both sides promise each other, beyond the plain pairings.
#include "runtime/caf.hpp"
#include "tests/runtime/caf_fixture.hpp"

namespace bennu::runtime::testing_caf {
namespace {

/// Answers pings, and fails when asked about a note.
caf::behavior echo(caf::event_based_actor*) {
  return {
    [](const ping& x) { return x.n; },
    [](const note& x) -> caf::result<int> {
      return caf::make_error(caf::sec::invalid_argument, x.text);
    },
  };
}

class caf_border_test : public caf_test {
protected:
  /// A request from a stock actor to `id`, and what came of it.
  template <class... Ts>
  std::string ask(const pid& id, Ts... xs) {
    auto heard = std::make_shared<diary>();
    system().spawn([=, to = border->handle(id)](caf::event_based_actor* self) {
      self->request(to, patience, xs...)
        .then([=](int n) { heard->write(std::to_string(n)); },
              [=](caf::error& e) {
                heard->write(e == caf::sec::unexpected_response
                               ? "empty"
                               : caf::to_string(e));
              });
    });
    return heard->next();
  }
};

TEST_F(caf_border_test, a_process_may_answer_an_actor_later) {
  std::promise<reply_to> asked;
  const auto id = node().spawn([&](process& self) -> behavior {
    return {
      [&](ping) { asked.set_value(self.take_reply_to()); },
      [&](reply_to to, int n) { self.reply(to, n); },
    };
  });
  auto answer =
    std::async(std::launch::async, [&] { return ask(id, ping{1}); });
  node().send(id, asked.get_future().get(), 7);
  EXPECT_EQ(answer.get(), "7");
}

TEST_F(caf_border_test, a_request_nobody_handles_fails_at_once) {
  border->declare<std::string, int>();
  const auto text = ask(spawn_witness(), std::string("what"), 1);
  EXPECT_NE(text.find("no handler for"), std::string::npos) << text;
}

TEST_F(caf_border_test, a_handler_without_a_result_answers_empty) {
  const auto id = spawn_witness();
  auto heard = std::make_shared<diary>();
  system().spawn([=, to = border->handle(id)](caf::event_based_actor* self) {
    self->request(to, patience, note{"x"}).then([=] { heard->write("done"); });
  });
  EXPECT_EQ(heard->next(), "done");
}

TEST_F(caf_border_test, a_request_to_a_process_that_dies_tells_why) {
  const auto id = node().spawn([](process&) -> behavior {
    return {[](ping) { throw std::runtime_error("boom"); }};
  });
  EXPECT_NE(ask(id, ping{}).find("boom"), std::string::npos);
  EXPECT_NE(ask(id, ping{}).find("unknown"), std::string::npos) << "dead now";
}

TEST_F(caf_border_test, an_actors_error_is_why_a_request_fails) {
  const auto id = border->adopt(system().spawn(echo));
  const auto witness = spawn_witness();
  tell(witness, [&, id](process& self) {
    self.request(id, patience, note{"bad"})
      .then([](int) {},
            [&](const exit_reason& why) { seen.write(to_string(why)); });
  });
  const auto text = seen.next();
  EXPECT_NE(text.find("invalid_argument"), std::string::npos) << text;
}

TEST_F(caf_border_test, a_request_to_an_actor_that_ends_fails) {
  const auto id =
    border->adopt(system().spawn([](caf::event_based_actor* self) {
      return caf::behavior{[=](ping) -> caf::result<int> {
        auto late = self->make_response_promise();
        self->quit(caf::exit_reason::user_shutdown);
        return caf::delegated<int>{};
      }};
    }));
  tell(spawn_witness(), [&, id](process& self) {
    self.request(id, patience, ping{})
      .then([](int) {},
            [&](const exit_reason& why) { seen.write(to_string(why)); });
  });
  EXPECT_EQ(seen.next(), "shutdown");
}

TEST_F(caf_border_test, an_undeclared_message_arrives_as_caf_sent_it) {
  const auto id = node().spawn([this](process&) -> behavior {
    return {[this](const caf::message& x) { seen.write(caf::to_string(x)); }};
  });
  caf::anon_send(border->handle(id), 1, 2, 3);
  EXPECT_EQ(seen.next(), "(1, 2, 3)");
}

TEST_F(caf_border_test, an_undeclared_message_to_caf_names_itself) {
  struct secret {};
  const auto id = border->adopt(system().spawn(echo));
  tell(spawn_witness(), [&, id](process& self) {
    self.send(id, 1, 2);
    self.request(id, patience, 1, 2)
      .then([](int) {},
            [&](const exit_reason& why) { seen.write(to_string(why)); });
  });
  EXPECT_NE(seen.next().find("declare<int, int>()"), std::string::npos);
  EXPECT_NE(logged.next().find("declare<int, int>()"), std::string::npos);
}

TEST_F(caf_border_test, declared_lists_of_types_cross_whole) {
  border->declare<caf::atom_value, int>();
  border->declare<int, int>();
  const auto id = node().spawn([](process&) -> behavior {
    return {[](caf::atom_value what, int n) {
      return what == caf::atom("double") ? 2 * n : n;
    }};
  });
  EXPECT_EQ(ask(id, caf::atom("double"), 21), "42");
}

TEST_F(caf_border_test, an_adopted_actor_is_found_again) {
  const auto worker = system().spawn(echo);
  const auto id = border->adopt(worker);
  EXPECT_EQ(border->adopt(worker), id);
  EXPECT_NE(border->adopt(worker, 1), id) << "one for each shard";
  EXPECT_EQ(border->handle(id), worker);
  const auto witness = spawn_witness();
  EXPECT_EQ(border->adopt(border->handle(witness)), witness);
}

TEST_F(caf_border_test, a_registered_actor_is_sent_to_by_name) {
  const auto id = border->adopt(system().spawn(echo));
  ASSERT_TRUE(node().register_name("echo", id));
  EXPECT_EQ(node().call<int>(node().whereis("echo"), ping{5}), 5);
}

TEST_F(caf_border_test, an_adopted_actor_lives_without_a_handle) {
  const auto id = border->adopt(system().spawn(echo));
  EXPECT_EQ(node().call<int>(id, ping{1}), 1);
  EXPECT_EQ(node().call<int>(id, ping{2}), 2);
}

TEST_F(caf_border_test, kill_reaches_the_actor) {
  const auto worker = system().spawn(echo);
  worker->attach_functor(
    [&](const caf::error& why) { said.write(caf::to_string(why)); });
  const auto id = border->adopt(worker);
  node().exit(id, exit_reason::kill());
  EXPECT_NE(said.next().find("kill"), std::string::npos);
  EXPECT_FALSE(node().is_alive(id));
}

TEST_F(caf_border_test, an_exit_signal_reaches_the_actor) {
  const auto worker = system().spawn(echo);
  worker->attach_functor(
    [&](const caf::error& why) { said.write(caf::to_string(why)); });
  const auto witness = spawn_witness();
  tell(witness, [&](process& self) {
    self.exit(border->adopt(worker), exit_reason::shutdown());
  });
  EXPECT_NE(said.next().find("user_shutdown"), std::string::npos);
}

TEST_F(caf_border_test, an_exit_from_nobody_is_trapped_as_one) {
  const auto id = spawn_witness();
  caf::anon_send_exit(border->handle(id), caf::exit_reason::user_shutdown);
  EXPECT_EQ(seen.next(), "exit shutdown");
  tell(id, [&](process& self) { seen.write(to_string(self.sender())); });
  caf::anon_send_exit(border->handle(id), caf::exit_reason::kill);
  auto gone = std::make_shared<std::promise<void>>();
  border->handle(id)->attach_functor([gone] { gone->set_value(); });
  EXPECT_EQ(gone->get_future().wait_for(patience), std::future_status::ready);
  EXPECT_FALSE(node().is_alive(id));
}

TEST_F(caf_border_test, nothing_comes_over_what_was_taken_off) {
  const auto id = spawn_witness();
  const auto to = border->handle(id);
  const auto watcher = system().spawn([&](caf::event_based_actor* self) {
    self->set_exit_handler([&](caf::exit_msg&) { said.write("exit"); });
    self->set_down_handler([&](caf::down_msg&) { said.write("down"); });
    self->link_to(to);
    self->monitor(to);
    self->unlink_from(to);
    self->demonitor(to->address());
    said.write("ready");
    return caf::behavior{[&](hail) { said.write("still here"); }};
  });
  EXPECT_EQ(said.next(), "ready");
  // Behind the unlink, on its way: a request that is answered.
  EXPECT_EQ(ask(id, ping{1}), "2");
  const auto again = border->handle(id);
  crash(id);
  auto gone = std::make_shared<std::promise<void>>();
  again->attach_functor([gone] { gone->set_value(); });
  ASSERT_EQ(gone->get_future().wait_for(patience), std::future_status::ready);
  caf::anon_send(watcher, hail{});
  EXPECT_EQ(said.next(), "still here");
}

TEST_F(caf_border_test, monitoring_the_dead_fires_at_once) {
  const auto id = node().spawn([](process&) { return behavior{}; });
  auto gone = std::make_shared<std::promise<std::string>>();
  border->handle(id)->attach_functor(
    [gone](const caf::error& why) { gone->set_value(caf::to_string(why)); });
  auto why = gone->get_future();
  ASSERT_EQ(why.wait_for(patience), std::future_status::ready);
}

TEST_F(caf_border_test, an_actor_may_hand_a_request_on_to_a_process) {
  const auto id = spawn_witness();
  const auto to = border->handle(id);
  const auto front =
    border->adopt(system().spawn([=](caf::event_based_actor* self) {
      return caf::behavior{
        [=](const ping& x) { return self->delegate(to, x); }};
    }));
  EXPECT_EQ(node().call<int>(front, ping{41}), 42);
}

TEST_F(caf_border_test, a_scoped_actor_asks_a_process) {
  caf::scoped_actor self{system()};
  int answer = 0;
  self->request(border->handle(spawn_witness()), patience, ping{1})
    .receive([&](int n) { answer = n; }, [](caf::error&) {});
  EXPECT_EQ(answer, 2);
}

TEST_F(caf_border_test, a_node_ends_though_an_actor_waits_for_messages) {
  border->adopt(system().spawn<caf::detached>([](caf::blocking_actor* self) {
    bool running = true;
    self->receive_while(running)(
      [&](const caf::exit_msg&) { running = false; });
  }));
  border->adopt(system().spawn(echo));
  SUCCEED() << "the fixture's end is the test";
}

class few_proxies_test : public caf_test {
protected:
  few_proxies_test() : caf_test(node_options{.caf_proxies_max = 2}) {}
};

TEST_F(few_proxies_test, past_the_limit_an_actor_is_unknown) {
  const auto first = system().spawn(echo);
  EXPECT_TRUE(border->adopt(first));
  const auto second = border->adopt(system().spawn(echo));
  EXPECT_TRUE(second);
  EXPECT_FALSE(border->adopt(system().spawn(echo)));
  EXPECT_NE(logged.next().find("caf_proxies_max of 2"), std::string::npos);
  // One that ends makes room.
  tell(spawn_witness(), [&](process& self) { self.monitor(second); });
  node().exit(second, exit_reason::kill());
  EXPECT_EQ(seen.next(), "down killed");
  EXPECT_TRUE(border->adopt(system().spawn(echo)));
}

TEST(caf_setup_test, a_program_adds_to_cafs_configuration) {
  bool called = false;
  node_options options{.shards = 1};
  options.caf_setup = [&](caf::actor_system_config& config) {
    config.set("scheduler.max-threads", 2u);
    called = true;
  };
  runtime::node node{options};
  EXPECT_TRUE(called);
  EXPECT_EQ(caf::get_or(caf_border{node}.system().config(),
                        "scheduler.max-threads", 0u),
            2u);
}

} // namespace
} // namespace bennu::runtime::testing_caf
