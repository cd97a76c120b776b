# classlab: bare `make` lists the verbs.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
export CLASS CLOUD STUDENT HOURS CIDR CMD SCRIPT TYPE SSH YES PRUNE FORCE KEEP_IMAGE VERBOSE FORMAT PYTHON SYSTEM_PACKAGES
# Where Python may not keep what it has compiled, each of a class's thousand processes compiles it anew.
unexport PYTHONDONTWRITEBYTECODE
# The variables on this command line, so that a mistyped one is not passed over in silence.
export MAKE_GIVEN := $(strip $(foreach each,$(.VARIABLES),$(if $(findstring command line,$(origin $(each))),$(each))))

.PHONY: help
help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  CLASS=cs101 is the class of classes/cs101.yml (else demo); CLOUD=aws is AWS (else as the class file says)"

.PHONY: up
up: $(VENV)/ready ## bring up a class, or what is missing of it (STUDENT=ada, PRUNE=yes, FORCE=yes; SSH=no: from a baked image, entering no seat)
	@$(BIN)/classlab $@

.PHONY: down
down: $(VENV)/ready ## remove all of a class, and prove it (YES=yes: do not ask; FORCE=yes: without results; KEEP_IMAGE=yes)
	@$(BIN)/classlab $@

.PHONY: bake
bake: $(VENV)/ready ## an image of a seat that is set up: from then on seats are ready in seconds (FORCE=yes: another)
	@$(BIN)/classlab $@

.PHONY: images
images: $(VENV)/ready ## baked images: do they fit, and what do they cost? (PRUNE=yes removes those that do not)
	@$(BIN)/classlab $@

.PHONY: check
check: $(VENV)/ready ## is all well? Changes nothing; says what to mend, and how (STUDENT=ada)
	@$(BIN)/classlab $@

.PHONY: status
status: $(VENV)/ready ## the seats: state, address, time left, cost so far (STUDENT='a*'; FORMAT=json)
	@$(BIN)/classlab $@

.PHONY: cost
cost: $(VENV)/ready ## what it has cost until now, an hour, until its end, and a week if forgotten
	@$(BIN)/classlab $@

.PHONY: audit
audit: $(VENV)/ready ## the whole account, in all regions: what is there, whose, and what it costs (CLOUD=aws; FORMAT=csv)
	@$(BIN)/classlab $@

.PHONY: push
push: $(VENV)/ready ## the project as it is now, onto the seats (STUDENT=ada; FORCE=yes: over students' own changes)
	@$(BIN)/classlab $@

.PHONY: run
run: $(VENV)/ready ## the class's program on all seats at once, or how it goes (SCRIPT='python main.py')
	@$(BIN)/classlab $@

.PHONY: collect
collect: $(VENV)/ready ## students' results, and how runs went, into .lab/<class>/results (STUDENT=ada)
	@$(BIN)/classlab $@

.PHONY: reset
reset: $(VENV)/ready ## a fresh seat for STUDENT=ada; results come here first (FORCE=yes: without them)
	@$(BIN)/classlab $@

.PHONY: ssh
ssh: $(VENV)/ready ## a seat's command line (STUDENT=ada), or one command on some or all (CMD='df -h')
	@$(BIN)/classlab $@

.PHONY: jupyter
jupyter: $(VENV)/ready ## the way to a seat's notebooks, in your browser, until Ctrl-C (STUDENT=ada)
	@$(BIN)/classlab $@

.PHONY: cards
cards: $(VENV)/ready ## what students are handed: key, way in, and a card to print (STUDENT=ada)
	@$(BIN)/classlab $@

.PHONY: stop
stop: $(VENV)/ready ## put seats to sleep: only their disks bill (STUDENT=ada)
	@$(BIN)/classlab $@

.PHONY: start
start: $(VENV)/ready ## wake them; their addresses are new, the ssh_config follows (STUDENT=ada)
	@$(BIN)/classlab $@

.PHONY: resize
resize: $(VENV)/ready ## another type for seats: they stop, change and start (TYPE=t3.large, STUDENT=ada)
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
up bake setup test test-hosts test-role test-lab test-mutants bench: export HOSTS := yes
test test-hosts: export TESTS := yes

$(VENV)/dev: requirements-dev.txt $(VENV)/ready
	@exec $(BIN)/python scripts/make_venv.py dev

.PHONY: setup
setup: $(VENV)/ready ## make .venv, install what is locked, see to an engine
	@scripts/ensure-engine

.PHONY: test
test: setup $(VENV)/dev ## lint and every test; boots real hosts
	@scripts/test lint unit hosts molecule

.PHONY: test-unit
test-unit: $(VENV)/dev ## the tests that need no container engine
	@scripts/test unit

.PHONY: test-hosts
test-hosts: setup $(VENV)/dev ## the tests of localcloud's own hosts
	@scripts/test hosts

.PHONY: test-role
test-role: setup $(VENV)/dev ## the Molecule scenario of a role (ROLE=venv; STEP=converge: that alone, seats stay)
	@$(BIN)/python scripts/molecule.py $(if $(STEP),--step $(STEP)) $(or $(ROLE),$(error make test-role needs ROLE: for example, make test-role ROLE=venv))

.PHONY: test-lab
test-lab: setup $(VENV)/dev ## the whole way of a class, from up to down
	@$(BIN)/python scripts/molecule.py lab

.PHONY: test-mutants
test-mutants: setup $(VENV)/dev ## break things on purpose: does a test notice each? (a quarter of an hour)
	@$(BIN)/python scripts/mutants.py

.PHONY: lint
lint: $(VENV)/dev ## ruff, mypy, yamllint, ansible-lint, shellcheck
	@scripts/test lint

$(VENV)/bench/ready: requirements-bench.txt $(VENV)/ready
	@exec $(BIN)/python scripts/make_venv.py bench/ready

.PHONY: bench
bench: setup $(VENV)/bench/ready ## measure classlab beside a script, a playbook and pyinfra (an hour; SEATS='1 3', WAYS='a d', AGAIN=yes)
	@$(BIN)/python -m benchmarks

LOCK := pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-emit-index-url \
	--no-emit-trusted-host --no-emit-find-links
.PHONY: lock
lock: $(VENV)/dev ## bring the locks up to date with requirements.in, -dev.in and -bench.in
	@$(BIN)/$(LOCK) --output-file requirements.txt requirements.in
	@$(BIN)/$(LOCK) --output-file requirements-dev.txt requirements-dev.in
	@$(BIN)/$(LOCK) --output-file requirements-bench.txt requirements-bench.in

.PHONY: audit-requirements
audit-requirements: $(VENV)/dev ## look the locked requirements up in the list of known weaknesses
	@$(BIN)/pip-audit --require-hashes --disable-pip --requirement requirements.txt --requirement requirements-dev.txt \
		--requirement requirements-bench.txt

.PHONY: clean
clean: ## remove .venv and caches (labs and hosts stay)
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
