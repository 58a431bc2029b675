// Every kind of stock CAF actor and a process, both ways.
#include "runtime/caf.hpp"
#include "tests/runtime/caf_fixture.hpp"

namespace bennu::runtime::testing_caf {
namespace {

using stock_actor =
  caf::typed_actor<caf::replies_to<ping>::with<int>, caf::reacts_to<note>,
                   caf::reacts_to<hail>, caf::reacts_to<order>>;

/// What a typed actor takes the process for; it may not send to untyped ones.
using process_actor =
  caf::typed_actor<caf::replies_to<ping>::with<int>, caf::reacts_to<note>,
                   caf::reacts_to<hail>>;

template <class Self>
auto known_to(Self*, const caf::actor& whom) {
  if constexpr (std::is_same_v<Self, stock_actor::base>)
    return caf::actor_cast<process_actor>(whom);
  else
    return whom;
}

template <class Self>
void follow(Self* self, diary* seen, const order& x) {
  using kind = order::kind;
  switch (x.what) {
  case kind::send:
    return self->send(known_to(self, x.whom), note{"from caf"});
  case kind::hail:
    return self->send(known_to(self, x.whom), hail{});
  case kind::link:
    return self->link_to(x.whom);
  case kind::unlink:
    return self->unlink_from(x.whom);
  case kind::monitor:
    return self->monitor(x.whom);
  case kind::request:
    if constexpr (std::is_base_of_v<caf::blocking_actor, Self>)
      self->request(x.whom, patience, ping{1})
        .receive([=](int n) { seen->write(std::to_string(n)); },
                 [=](caf::error& e) { seen->write(caf::to_string(e)); });
    else
      self->request(known_to(self, x.whom), patience, ping{1})
        .then([=](int n) { seen->write(std::to_string(n)); },
              [=](caf::error& e) { seen->write(caf::to_string(e)); });
    return;
  case kind::trap:
    if constexpr (!std::is_base_of_v<caf::blocking_actor, Self>)
      self->set_exit_handler([=](const caf::exit_msg& e) {
        seen->write("exit " + caf::to_string(e.reason));
      });
    return;
  case kind::quit:
    if constexpr (!std::is_base_of_v<caf::blocking_actor, Self>)
      self->quit(caf::exit_reason::user_shutdown);
  }
}

template <class Behavior, class Self>
Behavior stock(Self* self, diary* seen) {
  self->set_down_handler([=](const caf::down_msg& x) {
    seen->write("down " + caf::to_string(x.reason));
  });
  return Behavior{
    [](const ping& x) { return x.n * 2; },
    [=](const note& x) { seen->write("note " + x.text); },
    [=](hail) {
      const auto from = caf::actor_cast<caf::actor>(self->current_sender());
      self->send(known_to(self, from), note{"hello"});
    },
    [=](const order& x) { follow(self, seen, x); },
  };
}

// -- the kinds --

struct function_kind {
  static caf::actor spawn(caf::actor_system& system, diary& seen) {
    return system.spawn([&seen](caf::event_based_actor* self) {
      return stock<caf::behavior>(self, &seen);
    });
  }
};

class stock_class : public caf::event_based_actor {
public:
  stock_class(caf::actor_config& config, diary* seen)
    : caf::event_based_actor(config), seen_(seen) {}
  caf::behavior make_behavior() override {
    return stock<caf::behavior>(this, seen_);
  }

private:
  diary* seen_;
};

struct class_kind {
  static caf::actor spawn(caf::actor_system& system, diary& seen) {
    return system.spawn<stock_class>(&seen);
  }
};

struct stock_state {
  diary* seen = nullptr;
};

struct stateful_kind {
  static caf::actor spawn(caf::actor_system& system, diary& seen) {
    return system.spawn([&seen](caf::stateful_actor<stock_state>* self) {
      self->state.seen = &seen;
      return stock<caf::behavior>(self, self->state.seen);
    });
  }
};

struct typed_kind {
  static stock_actor spawn(caf::actor_system& system, diary& seen) {
    return system.spawn([&seen](stock_actor::pointer self) {
      return stock<stock_actor::behavior_type>(self, &seen);
    });
  }
};

struct blocking_kind {
  static caf::actor spawn(caf::actor_system& system, diary& seen) {
    return system.spawn<caf::detached>([&seen](caf::blocking_actor* self) {
      bool running = true;
      self->receive_while(running)(
        [](const ping& x) { return x.n * 2; },
        [&](const note& x) { seen.write("note " + x.text); },
        [&](hail) {
          self->send(caf::actor_cast<caf::actor>(self->current_sender()),
                     note{"hello"});
        },
        [&](const order& x) {
          follow(self, &seen, x);
          running = x.what != order::kind::quit;
          if (!running)
            self->fail_state(caf::make_error(caf::exit_reason::user_shutdown));
        },
        [&](const caf::down_msg& x) {
          seen.write("down " + caf::to_string(x.reason));
        },
        [&](const caf::exit_msg& x) {
          seen.write("exit " + caf::to_string(x.reason));
          running = x.reason != caf::exit_reason::kill;
        });
    });
  }
};

template <class Kind>
class caf_pairings_test : public caf_test {
protected:
  caf_pairings_test()
    : actor(caf::actor_cast<caf::actor>(Kind::spawn(system(), said))),
      process_id(spawn_witness()), handle(border->handle(process_id)),
      id(border->adopt(actor, 1)) {}

  void give_order(order::kind what) {
    caf::anon_send(actor, order{what, handle});
  }

  /// Orders are done when a message behind them is.
  void give_order_and_wait(order::kind what) {
    give_order(what);
    caf::anon_send(actor, note{"done"});
    EXPECT_EQ(said.next(), "note done");
  }

  /// What the process has sent the actor's pid is there when an answer to a
  /// later request is back.
  void tell_and_wait(std::function<void(process&)> f) {
    tell(process_id, [this, f](process& self) {
      f(self);
      self.request(id, patience, ping{1}).then([this](int) {
        seen.write("answer");
      });
    });
    EXPECT_EQ(seen.next(), "answer");
  }

  caf::actor actor;
  pid process_id;
  caf::actor handle;
  pid id;
};

using kinds = ::testing::Types<function_kind, class_kind, stateful_kind,
                               typed_kind, blocking_kind>;
TYPED_TEST_SUITE(caf_pairings_test, kinds);

// -- a process to an actor --

TYPED_TEST(caf_pairings_test, a_process_sends_to_an_actor) {
  this->tell(this->process_id, [this](process& self) {
    self.send(this->id, note{"from a process"});
  });
  EXPECT_EQ(this->said.next(), "note from a process");
}

TYPED_TEST(caf_pairings_test, a_process_asks_an_actor) {
  this->tell(this->process_id, [this](process& self) {
    self.request(this->id, patience, ping{21}).then([this](int n) {
      this->seen.write(std::to_string(n));
    });
  });
  EXPECT_EQ(this->seen.next(), "42");
}

TYPED_TEST(caf_pairings_test, an_actor_replies_to_a_process) {
  this->tell(this->process_id,
             [this](process& self) { self.send(this->id, hail{}); });
  EXPECT_EQ(this->seen.next(), "note hello");
}

TYPED_TEST(caf_pairings_test, a_process_linked_to_an_actor_hears_of_its_end) {
  this->tell_and_wait([this](process& self) { self.link(this->id); });
  this->give_order(order::kind::quit);
  EXPECT_EQ(this->seen.next(), "exit shutdown");
}

TYPED_TEST(caf_pairings_test, an_actor_a_process_linked_hears_of_its_end) {
  this->give_order_and_wait(order::kind::trap);
  this->tell_and_wait([this](process& self) { self.link(this->id); });
  this->crash(this->process_id);
  EXPECT_NE(this->said.next().find("boom"), std::string::npos);
  EXPECT_TRUE(this->node().is_alive(this->id)) << "it trapped that";
}

TYPED_TEST(caf_pairings_test, a_process_monitors_an_actor) {
  this->tell_and_wait([this](process& self) { self.monitor(this->id); });
  this->give_order(order::kind::quit);
  EXPECT_EQ(this->seen.next(), "down shutdown");
}

// -- an actor to a process --

TYPED_TEST(caf_pairings_test, an_actor_sends_to_a_process) {
  this->give_order(order::kind::send);
  EXPECT_EQ(this->seen.next(), "note from caf");
}

TYPED_TEST(caf_pairings_test, an_actor_asks_a_process) {
  this->give_order(order::kind::request);
  EXPECT_EQ(this->said.next(), "2");
}

TYPED_TEST(caf_pairings_test, a_process_replies_to_an_actor) {
  this->give_order(order::kind::hail);
  EXPECT_EQ(this->said.next(), "note hello");
}

TYPED_TEST(caf_pairings_test, an_actor_linked_to_a_process_hears_of_its_end) {
  this->give_order_and_wait(order::kind::trap);
  this->give_order_and_wait(order::kind::link);
  this->crash(this->process_id);
  EXPECT_NE(this->said.next().find("boom"), std::string::npos);
}

TYPED_TEST(caf_pairings_test, a_process_an_actor_linked_hears_of_its_end) {
  this->give_order_and_wait(order::kind::link);
  this->give_order(order::kind::quit);
  EXPECT_EQ(this->seen.next(), "exit shutdown");
}

TYPED_TEST(caf_pairings_test, an_actor_monitors_a_process) {
  this->give_order_and_wait(order::kind::monitor);
  this->crash(this->process_id);
  EXPECT_NE(this->said.next().find("boom"), std::string::npos);
}

} // namespace
} // namespace bennu::runtime::testing_caf
