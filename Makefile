# Oxpecker's tasks. `make demo` and `make test` need a Rust toolchain and nothing else; they install what is missing
# and say so.

# rustup must not stop every cargo command because its server is out of reach: .ci/setup asks for the target itself.
export RUSTUP_AUTO_INSTALL := 0

CARGO ?= cargo
WASM := target/oxpecker.wasm
CLI := target/release/oxpecker
SAMPLE := rules/samples/cloudtrail.ndjson

.PHONY: help demo build playground test test-aot test-fluent-bit lint fmt rule-pages fuzz bench bench-peers bench-shippers instructions instructions-keep clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 20

demo: build ## replay a day of CloudTrail with an intrusion in it through the shipped rules
	@.ci/demo $(CLI) $(SAMPLE)

build: ## target/release/oxpecker and target/oxpecker.wasm
	@.ci/setup
	@.ci/build

playground: ## the playground's page, and a command line that serves it (needs npm; installs it)
	@.ci/playground
	@.ci/build

test: ## every test
	@.ci/test

test-aot: build ## packs compiled ahead of time for Fluent Bit, in some ten minutes (installs LLVM)
	@.ci/test-aot

test-fluent-bit: build ## the printed configurations in a real Fluent Bit, in some five minutes (builds it; OXPECKER_DATA's events where it is set)
	@.ci/test-fluent-bit

lint: build ## formatting and lints, warnings are errors
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets --locked -- -D warnings

fmt: ## format the code
	$(CARGO) fmt --all

rule-pages: build ## docs/rules from the rule files, after a change of rules
	$(CLI) rules --rules rules --pages docs/rules

fuzz: build ## fuzz each boundary for a minute (FUZZ_SECONDS=60)
	@.ci/fuzz

bench-peers: build ## Oxpecker and other rule engines on the same events and rules, as a table (BENCH_ROUNDS=5, BENCH_RULES=11,200,1000,10000)
	@.ci/bench-peers

bench-shippers: build ## what a record costs in Fluent Bit beside a Lua script with one rule, as a table (BENCH_ROUNDS=7, BENCH_RULES=11,200,1000, BENCH_AOT=1 for compiled packs too)
	@.ci/bench-shippers

bench: ## time scanning, deciding, windows and loading (real events where OXPECKER_DATA has them)
	$(CARGO) bench --locked -p oxpecker-engine --bench engine

instructions: ## count instructions an event with callgrind; fails where they grew by more than 5 %
	@.ci/instructions

instructions-keep: ## count them and keep the numbers for later runs to be compared with
	@.ci/instructions --keep

clean: ## remove what was built
	$(CARGO) clean
