# The commands of every day. Each builds only what changed; those that need
# more than a compiler install it first (.ci/setup).
.DEFAULT_GOAL := help
JOBS ?= $(shell nproc)
PORT ?= 4000
BENNU_FUZZ_SECONDS ?= 30
export PORT BENNU_FUZZ_SECONDS

.PHONY: help
help: ## list these commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t12

.PHONY: run
run: ## build the chat node and start it on port 4000 (PORT=... for another)
	.ci/setup run
	cmake --preset release -DBENNU_TESTS=OFF
	cmake --build --preset release -j $(JOBS) --target bennu-chat bennu-observer \
	  chat_page observer_page
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

.PHONY: fuzz
fuzz: ## run each fuzz target for BENNU_FUZZ_SECONDS (30)
	.ci/setup
	.ci/fuzz

.PHONY: tidy
tidy: ## layer, length and word rules, then clang-tidy on all sources
	.ci/setup
	cmake --preset dev
	python3 -B tests/tidy/tidy.py
	.ci/clang-tidy dev

.PHONY: format
format: ## let clang-format rewrite all sources
	.ci/setup
	tests/tidy/format.sh --fix
