# Every recipe sets up what it needs; nothing is rebuilt that is there already.
SHELL := bash
ARGS ?=
WITH_TOOLS := . scripts/env.sh &&

.DEFAULT_GOAL := help
.PHONY: help setup build up test bench chaos image dev long clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

setup: ## find or install the tools
	@scripts/setup.sh build

build: setup ## build target/release/flaskscale and its site files
	@$(WITH_TOOLS) cargo leptos build --release --precompress

up: build ## build, then start the local cloud (ARGS="--speed 20")
	@target/release/flaskscale up $(ARGS)

test: ## set up, then run every check and test
	@scripts/test.sh

bench: ## measure, side by side with the rivals, into docs/benchmarks.md
	@scripts/bench.sh

chaos: build ## kill, roll and scale the fleet under load, API faults on; no idempotent request may fail (ARGS="--requests 1000000")
	@scripts/chaos.sh $(ARGS)

image: ## build the production image on a base made here, start it, ask it and stop it (needs root)
	@scripts/check_image.sh

dev: setup ## serve the app for development on port 3000, rebuilt as files change
	@$(WITH_TOOLS) cargo leptos watch

long: ## the long forms of the tests
	@FLASKSCALE_LONG=1 scripts/test.sh

clean: ## remove everything that was built here
	rm -rf target end2end/node_modules end2end/test-results end2end/playwright-report
