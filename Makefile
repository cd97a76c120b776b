# classlab: bare `make` lists the verbs.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
export PYTHON SYSTEM_PACKAGES

.PHONY: help
help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Made anew whenever the lock changes.
$(VENV)/ready: requirements.txt pyproject.toml
	@python=$$(scripts/find-python) && echo "Making $(VENV) with $$python" && "$$python" -m venv --clear $(VENV)
	@echo "Installing the locked requirements"
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: $(VENV)/ready ## make .venv, install what is locked, see to an engine
	@scripts/ensure-engine

.PHONY: test
test: setup ## lint, then every test; boots real hosts
	@scripts/test lint unit hosts

.PHONY: test-unit
test-unit: $(VENV)/ready ## the tests that need no engine
	@scripts/test unit

.PHONY: test-hosts
test-hosts: setup ## the tests that boot hosts
	@scripts/test hosts

.PHONY: lint
lint: $(VENV)/ready ## ruff, mypy, shellcheck
	@scripts/test lint

.PHONY: bench
bench: setup ## measure localcloud against bare containers
	@$(BIN)/python -m benchmarks.boot

.PHONY: lock
lock: $(VENV)/ready ## bring requirements.txt up to date with requirements.in
	@$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
		--no-emit-trusted-host --no-emit-find-links --output-file requirements.txt requirements.in

.PHONY: audit
audit: $(VENV)/ready ## look the locked requirements up in the list of known weaknesses
	@$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements.txt

.PHONY: clean
clean: ## remove .venv and caches (labs and hosts stay)
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
