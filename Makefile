# classlab: bare `make` lists the verbs.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
export CLASS CLOUD STUDENT HOURS CIDR YES PRUNE FORCE VERBOSE PYTHON SYSTEM_PACKAGES
# The variables on this command line, so that a mistyped one is not passed over in silence.
export MAKE_GIVEN := $(strip $(foreach each,$(.VARIABLES),$(if $(findstring command line,$(origin $(each))),$(each))))

.PHONY: help
help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  CLASS=cs101 is the class of classes/cs101.yml (else demo); CLOUD=aws is AWS (else as the class file says)"

.PHONY: up
up: $(VENV)/ready ## bring up a class, or what is missing of it (STUDENT=ada, PRUNE=yes, FORCE=yes)
	@$(BIN)/classlab $@

.PHONY: down
down: $(VENV)/ready ## remove all of a class, and prove it (YES=yes: do not ask)
	@$(BIN)/classlab $@

.PHONY: extend
extend: $(VENV)/ready ## let a class run on (HOURS=2)
	@$(BIN)/classlab $@

.PHONY: allow
allow: $(VENV)/ready ## let your new address in (CIDR=203.0.113.0/24: that one)
	@$(BIN)/classlab $@

# Made anew whenever the lock changes. With HOSTS, the engine and the image are seen to meanwhile.
$(VENV)/ready: requirements.txt pyproject.toml
	@python=$$(scripts/find-python) && exec "$$python" scripts/make_venv.py ready
up setup test test-hosts bench: export HOSTS := yes

$(VENV)/dev: requirements-dev.txt $(VENV)/ready
	@exec $(BIN)/python scripts/make_venv.py dev

.PHONY: setup
setup: $(VENV)/ready ## make .venv, install what is locked, see to an engine
	@scripts/ensure-engine

.PHONY: test
test: setup $(VENV)/dev ## lint, then every test; boots real hosts
	@scripts/test lint unit hosts

.PHONY: test-unit
test-unit: $(VENV)/dev ## the tests that need no engine
	@scripts/test unit

.PHONY: test-hosts
test-hosts: setup $(VENV)/dev ## the tests that boot hosts
	@scripts/test hosts

.PHONY: lint
lint: $(VENV)/dev ## ruff, mypy, shellcheck
	@scripts/test lint

.PHONY: bench
bench: setup ## measure localcloud against bare containers, and a class against a plain script
	@$(BIN)/python -m benchmarks.boot
	@$(BIN)/python -m benchmarks.class_day

LOCK := pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
	--no-emit-trusted-host --no-emit-find-links
.PHONY: lock
lock: $(VENV)/dev ## bring the locks up to date with requirements.in and requirements-dev.in
	@$(BIN)/$(LOCK) --output-file requirements.txt requirements.in
	@$(BIN)/$(LOCK) --output-file requirements-dev.txt requirements-dev.in

.PHONY: audit
audit: $(VENV)/dev ## look the locked requirements up in the list of known weaknesses
	@$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements.txt --requirement requirements-dev.txt

.PHONY: clean
clean: ## remove .venv and caches (labs and hosts stay)
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
