# Everything a checkout needs. Nothing here expects an activated virtual environment.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
WORKERS ?= 2
BIN := .venv/bin
STAMP := .venv/.installed
PURE_TESTS := tests/domain tests/flows tests/content tests/provider
COMPILE = $(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-header --no-annotate

.PHONY: help setup run test fast bench migration lock clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## The virtual environment .venv and what it needs
	@:

# Progress goes to standard error: the first lines that `make run` prints are the service's own.
$(STAMP): requirements/dev.txt pyproject.toml
	@echo "Setting up .venv (a minute or two the first time) ..." >&2
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --require-hashes --only-binary :all: -r requirements/dev.txt >&2
	@$(BIN)/pip install -qq --no-deps --no-build-isolation -e . >&2
	@touch $@

run: setup ## The service on 127.0.0.1:8000, with SQLite under var/, sample partners and a telephone company
	@$(BIN)/partnerline migrate >/dev/null
	@lines=$$($(BIN)/partnerline partners export | wc -l); \
	if [ "$$lines" -le 1 ]; then $(BIN)/partnerline partners import ivr_flows/sample/partners.csv >/dev/null; fi
	@exec $(BIN)/partnerline serve

test: setup ## Everything that CI runs, on SQLite and on a real PostgreSQL of its own
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -q -n $(WORKERS)

fast: setup ## The pure tests only: no socket, no database, seconds in all
	$(BIN)/pytest -q $(PURE_TESTS)

bench: setup ## Measurements beside their baselines
	$(BIN)/python -m bench

migration: setup ## A new migration from app/store/tables.py: make migration ABOUT="what changes"
	@$(BIN)/python -m migrations "$(ABOUT)"
	@$(BIN)/ruff check --quiet --fix migrations && $(BIN)/ruff format --quiet migrations

lock: setup ## New versions in requirements/, with hashes
	@[ -x $(BIN)/uv ] || $(BIN)/pip install --quiet uv
	$(COMPILE) --upgrade pyproject.toml -o requirements/run.txt
	$(COMPILE) --upgrade --extra dev -c requirements/run.txt pyproject.toml -o requirements/dev.txt

clean: ## Removes what the above made, except the data in var/
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
