# The commands of every day. Each builds only what changed; those that need
# more than a compiler install it first (.ci/setup).
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
PORT ?= 4000
BENNU_FUZZ_SECONDS ?= 30
export PORT BENNU_FUZZ_SECONDS

.PHONY: help
help: ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t14

.PHONY: run
run: ## build the chat node and start it on port 4000 (PORT=... for another)
	.ci/setup run
	cmake --preset release -DBENNU_TESTS=OFF
	cmake --build --preset release -j $(JOBS) --target bennu-chat bennu-observer
	exec build/release/bin/bennu-chat

.PHONY: test
test: ## build the dev preset and run every test
	.ci/setup
	cmake --preset dev
	cmake --build --preset dev -j $(JOBS)
	ctest --preset dev

.PHONY: bench
bench: ## build the release preset and run the benchmarks
	.ci/setup
	cmake --preset release -DBENNU_TESTS=ON
	cmake --build --preset release -j $(JOBS)
	.ci/bench

.PHONY: peers
peers: ## beside the floor and, with UWEBSOCKETS=its folder, uWebSockets
	.ci/setup story
	cmake --preset release -DBENNU_TESTS=ON -DBENNU_UWEBSOCKETS=$(UWEBSOCKETS)
	cmake --build --preset release -j $(JOBS) --target bennu-chat bennu-load \
	  floor_server $(if $(UWEBSOCKETS),uws_server)
	/usr/bin/python3 -B tests/bench/story/peers.py

.PHONY: story
story: ## re-enact the road to two million, one change at a time; draws it
	.ci/setup story
	cmake --preset release -DBENNU_TESTS=ON
	cmake --build --preset release -j $(JOBS) --target story_node bennu-chat \
	  bennu-load
	/usr/bin/python3 -B tests/bench/story/story.py

.PHONY: two-million
two-million: ## 2,000,000 joined connections in one node; wants root and 24 GiB
	.ci/setup story
	cmake --preset release -DBENNU_TESTS=ON
	cmake --build --preset release -j $(JOBS) --target bennu-chat bennu-load \
	  floor_server
	/usr/bin/python3 -B tests/bench/story/two_million.py

.PHONY: observed-million
observed-million: ## what a viewer costs a node of 1,000,000; as two-million
	.ci/setup story
	cmake --preset release -DBENNU_TESTS=ON
	cmake --build --preset release -j $(JOBS) --target bennu-chat bennu-load \
	  bennu-observer observer_bench
	/usr/bin/python3 -B tests/bench/story/observed_million.py

.PHONY: growth
growth: ## what joins, deliveries and heartbeats cost as a node grows; as above
	.ci/setup story
	cmake --preset release -DBENNU_TESTS=ON
	cmake --build --preset release -j $(JOBS) --target bennu-chat bennu-load
	/usr/bin/python3 -B tests/bench/story/growth.py

.PHONY: soak
soak: ## half an hour of mixed load, kills and slow readers
	.ci/setup story
	cmake --preset release -DBENNU_TESTS=ON
	cmake --build --preset release -j $(JOBS) --target bennu-chat bennu-load \
	  bennu-observer
	/usr/bin/python3 -B tests/bench/story/soak.py

.PHONY: fuzz
fuzz: ## run each fuzz target for BENNU_FUZZ_SECONDS (30)
	.ci/setup
	.ci/fuzz

.PHONY: tidy
tidy: ## layer, length and word rules, then clang-tidy on all sources
	.ci/setup
	python3 -B tests/tidy/tidy.py
	.ci/clang-tidy

.PHONY: format
format: ## let clang-format rewrite all sources
	.ci/setup
	tests/tidy/format.sh --fix
