%% What Erlang's verbs cost, one row a call: prints `row value`, in nanoseconds
%% an operation, for idle_memory in bytes. The same rows as process_bench.cpp.
-module(process_bench).
-behaviour(supervisor).
-export([main/1, init/1, start_child/1]).

main([Row]) ->
    logger:set_primary_config(level, none),
    Value = measure(list_to_atom(Row)),
    io:format("~s ~.1f~n", [Row, float(Value)]),
    halt(0).

%% Nanoseconds an operation of F, which does Count of them. In a process of its
%% own with room, so that the collector is not what is measured.
timed(Count, F) ->
    Me = self(),
    spawn_opt(fun() ->
                  Begin = erlang:monotonic_time(nanosecond),
                  F(),
                  End = erlang:monotonic_time(nanosecond),
                  Me ! {took, (End - Begin) / Count}
              end, [{min_heap_size, 1000000}]),
    receive {took, Each} -> Each end.

resident() ->
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = string:lexemes(Text, " "),
    binary_to_integer(Pages) * 4096.

idle() -> receive stop -> ok end.

start(Count) -> [spawn(fun idle/0) || _ <- lists:seq(1, Count)].

measure(idle_memory) ->
    Count = 500000,
    Before = resident(),
    Pids = start(Count),
    After = resident(),
    true = length(Pids) =:= Count,
    (After - Before) / Count;

measure(spawn_idle) ->
    timed(500000, fun() -> start(500000) end);

measure(spawn_exit) ->
    timed(500000,
          fun() ->
              [begin
                   [spawn(fun() -> ok end) || _ <- lists:seq(1, 100)],
                   erlang:yield()
               end || _ <- lists:seq(1, 5000)]
          end);

measure(ping_pong) ->
    Partner = spawn(fun echo/0),
    timed(1000000, fun() -> ping(Partner, 500000) end);

measure(ring) ->
    timed(1000000,
          fun() ->
              Me = self(),
              First = lists:foldl(fun(_, Next) ->
                                      spawn(fun() -> pass_on(Next) end)
                                  end, Me, lists:seq(1, 999)),
              ring(First, 1000)
          end);

measure(call) ->
    %% What gen_server:call does: monitor, send, wait with a timeout.
    Server = spawn(fun serve/0),
    timed(300000, fun() -> [call(Server) || _ <- lists:seq(1, 300000)] end);

measure(fan_out) ->
    Count = 100000,
    Me = self(),
    Counter = counters:new(1, []),
    Pids = [spawn(fun() -> receiver(Counter, Count, Me) end)
            || _ <- lists:seq(1, Count)],
    median([begin
                counters:put(Counter, 1, 0),
                timed(Count, fun() ->
                                 Self = self(),
                                 Me ! {tell, Self},
                                 [Pid ! {tick, Self} || Pid <- Pids],
                                 receive all -> ok end
                             end)
            end || _ <- lists:seq(1, 5)]);

measure(fan_in) ->
    Count = 100000,
    timed(Count,
          fun() ->
              Me = self(),
              Each = Count div 100,
              [spawn(fun() -> [Me ! tick || _ <- lists:seq(1, Each)] end)
               || _ <- lists:seq(1, 100)],
              [receive tick -> ok end || _ <- lists:seq(1, Count)]
          end);

measure(timer) ->
    timed(500000, fun() -> timers(500000) end);

measure(timer_of_million) ->
    Me = self(),
    [erlang:send_after(3600000, Me, tick) || _ <- lists:seq(1, 1000000)],
    timed(500000, fun() -> timers(500000) end);

measure(restart) ->
    Restarts = 500,
    median([timed(Restarts, fun() -> restarts(Restarts) end)
            || _ <- lists:seq(1, 20)]);

measure(table_set) ->
    Keys = 500000,
    timed(Keys * 2,
          fun() ->
              T = ets:new(t, [set]),
              [ets:insert(T, {K, K}) || K <- lists:seq(1, Keys)],
              [ets:lookup(T, K) || K <- lists:seq(1, Keys)]
          end);

measure(table_bag) ->
    timed(200000,
          fun() ->
              T = ets:new(t, [duplicate_bag]),
              Begin = erlang:monotonic_time(nanosecond),
              [ets:insert(T, {key, I}) || I <- lists:seq(1, 1000000)],
              Filled = erlang:monotonic_time(nanosecond),
              [ets:insert(T, {key, I}) || I <- lists:seq(1, 200000)],
              put(extra, Filled - Begin)
          end,
          fun() -> get(extra) end).

%% The same without what was spent on getting ready.
timed(Count, F, Extra) ->
    Me = self(),
    spawn_opt(fun() ->
                  Begin = erlang:monotonic_time(nanosecond),
                  F(),
                  End = erlang:monotonic_time(nanosecond),
                  Me ! {took, (End - Begin - Extra()) / Count}
              end, [{min_heap_size, 1000000}]),
    receive {took, Each} -> Each end.

median(Xs) -> lists:nth((length(Xs) + 1) div 2, lists:sort(Xs)).

echo() -> receive {From, N} -> From ! N, echo() end.

ping(_, 0) -> ok;
ping(Partner, N) ->
    Partner ! {self(), N},
    receive N -> ping(Partner, N - 1) end.

pass_on(Next) -> receive X -> Next ! X, pass_on(Next) end.

ring(_, 0) -> ok;
ring(First, N) ->
    First ! N,
    receive N -> ring(First, N - 1) end.

serve() -> receive {Ref, From, ask} -> From ! {Ref, 1}, serve() end.

call(Server) ->
    Ref = erlang:monitor(process, Server),
    Server ! {Ref, self(), ask},
    receive
        {Ref, Answer} -> erlang:demonitor(Ref, [flush]), Answer;
        {'DOWN', Ref, _, _, Why} -> exit(Why)
    after 5000 -> exit(timeout)
    end.

receiver(Counter, Count, Me) ->
    receive
        {tick, From} ->
            counters:add(Counter, 1, 1),
            case counters:get(Counter, 1) of
                Count -> From ! all;
                _ -> ok
            end,
            receiver(Counter, Count, Me)
    end.

timers(N) ->
    Me = self(),
    [erlang:cancel_timer(erlang:send_after(30000, Me, tick))
     || _ <- lists:seq(1, N)].

%% -- a supervisor with one child that is killed again and again --

restarts(Count) ->
    {ok, Top} = supervisor:start_link(?MODULE, self()),
    First = receive {up, Pid} -> Pid end,
    kill(First, Count),
    unlink(Top),
    exit(Top, kill).

kill(_, 0) -> ok;
kill(Pid, Count) ->
    exit(Pid, kill),
    receive {up, Next} -> kill(Next, Count - 1) end.

init(Driver) ->
    {ok, {#{strategy => one_for_one, intensity => 1000000, period => 1},
          [#{id => child, start => {?MODULE, start_child, [Driver]}}]}}.

start_child(Driver) ->
    {ok, spawn_link(fun() -> Driver ! {up, self()}, idle() end)}.
