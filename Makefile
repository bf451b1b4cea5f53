# Everything works from a fresh clone with Rust, make, Go and pip. Tools are fetched with pinned versions into
# $NATS_OAM_TOOLS, else ~/.cache/nats-oam-tools; nothing is installed on the system.

.DEFAULT_GOAL := help

# What would let a snapshot or a generated page pass by writing it.
unexport INSTA_UPDATE INSTA_FORCE_PASS NATS_OAM_WRITE

STEP = @printf '\n== %s\n'

.PHONY: help check lint test tools demo doc deny stories verdicts fuzz bench

help: ## lists these targets
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1	\2/p' $(MAKEFILE_LIST)

demo: ## opens the console on a private cluster
	cargo run -- demo

check: lint ## format, lints and unit tests: under a minute when warm
	$(STEP) 'unit tests'
	cargo test --lib

lint: ## format and lints only
	$(STEP) 'format'
	cargo fmt --check
	$(STEP) 'lints'
	cargo clippy --all-targets -- -D warnings

test: check doc deny stories fuzz ## every check there is

doc: ## the documentation builds without a warning
	$(STEP) 'documentation'
	RUSTDOCFLAGS='-D warnings' cargo doc --no-deps

deny: ## licences, banned crates, sources of the dependencies
	$(STEP) 'dependencies'
	deny=$$(tests/tools/fetch cargo-deny) && \
	"$$deny/bin/cargo-deny" check bans licenses sources

# What releases decide differently is told by version: each is asked. `make stories` asks the pinned one of 500 users.
RELEASES ?= 2.10.26 2.11.11 2.12.8 2.14.6 2.15.1
verdicts: ## CASES (2000) random users before servers of RELEASES, or before the one that NATS_SERVER names
	$(STEP) 'random users before real servers'
	for release in $${NATS_SERVER:-$(RELEASES)}; do \
	server=$${NATS_SERVER:-$$(tests/tools/fetch nats-server "$$release")/bin/nats-server} && \
	NATS_SERVER=$$server NATS_OAM_CASES=$${CASES:-2000} NATS_OAM_E2E=required \
	cargo test --quiet --test it verdicts::fresh || exit 1; done

fuzz: ## 20 s of each fuzz target, from the fixtures and what earlier runs found
	$(STEP) 'fuzz targets'
	fuzz/run 20

bench: ## ours against floors and nsc, in turns; minutes the first time (docs/BENCHMARKS.md)
	$(STEP) 'benches'
	cargo build --release --bins --examples
	cargo bench --bench paired

tools: ## fetches nsc, the NATS CLI, the oracle and nats-server, and runs each once
	$(STEP) 'tools of the stories'
	tests/tools/fetch go-tools >/dev/null
	NATS_OAM_E2E=required cargo test --quiet --test it support::tools::tests::every_tool_says

# A story is a test that needs a real server or tool. Each one that ran is a line of $$NATS_OAM_STORIES.
stories: tools
	$(STEP) 'all tests, with real servers and tools'
	ran=$$(mktemp) && trap 'rm -f "$$ran"' EXIT && \
	NATS_OAM_E2E=required NATS_OAM_STORIES="$$ran" cargo test && \
	count=$$(sort -u "$$ran" | wc -l | tr -d ' ') && \
	printf '\n== %s stories ran against real servers and tools\n' "$$count" && \
	[ "$$count" -gt 0 ]
