# `make` prints this list. Every target makes or renews .venv by itself; all that is needed is Python >= 3.11.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test fuzz check lint format bench cases docs migration lock env

# Bytecode must be written: the imports of one process take 1 s with it and 5 s without.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
NEW_ENOUGH := import sys, venv; sys.exit(sys.version_info < (3, 11))

help: ## print this list
	@echo "Yiwang. Usage: make TARGET"
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: env ## start everything on this machine and print the addresses
	@exec $(BIN)/yiwang run $(ARGS)

test: env ## run the tests, two at a time; make test ARGS="-k outbox" runs some
	$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

fuzz: env ## run the property tests on new random examples, many: make fuzz ARGS=tests/auth
	$(BIN)/pytest --hypothesis-profile=fuzz $(ARGS)

check: lint test ## everything CI checks: lint, types, layers, tests

lint: env ## lint, formatting, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: env ## format the code and mend what ruff can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

bench: env ## measure beside other gateways: make bench NAME=gateway
	@test -f "bench/$(NAME).py" || { echo "make bench NAME=...: one of" $$(grep -l '^if __name__' bench/*.py | sed 's|bench/||; s|\.py||'); exit 2; }
	$(BIN)/python -m bench.$(NAME) $(ARGS)

cases: env ## list the ids of facts and issues, each with the test that stands for it
	@$(BIN)/pytest --collect-only --cases -q --no-header

docs: env ## write the generated pages of docs/
	$(BIN)/python docs/generate.py

migration: env ## write a migration from the tables as they are: make migration NAME="add lots"
	@test -n "$(NAME)" || { echo 'make migration NAME="what changes"'; exit 2; }
	$(BIN)/python -m migrations.revise "$(NAME)"

lock: env ## choose and pin the newest versions of everything we depend on
	$(BIN)/python requirements/lock.py

env:
	@cmp -s requirements/dev.txt .venv/installed.txt || { \
	  for python in python3.13 python3.12 python3.11 python3 python; do \
	    if $$python -c '$(NEW_ENOUGH)' 2>/dev/null; then exec $$python requirements/install.py; fi; \
	  done; \
	  echo "Python >= 3.11 with its venv module is needed; on Debian 12 or Ubuntu 24.04: apt-get install python3-venv"; exit 1; }
