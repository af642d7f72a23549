# `make` alone prints this list.
PYTHON ?= python3
BIN := .venv/bin
RUN := .venv/.run-ready
DEV := .venv/.dev-ready
RIVAL := out/bench/rival
RIVALS := $(or $(RINGREN_BENCH),../shared/bench)
ROWS ?= 1000000
CALLS ?= 1000000
EVENTS ?= 1000000
EXAMPLES ?= 200
MINUTES ?= 10
SEED ?= 1
LINT := out/lint
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
export PYTHONPATH := $(CURDIR)
# Tests start this program some hundred times: it need not be compiled anew each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help audit demo test nightly kills check format docs lock bench calls soak year swarm fuzz lint-deploy clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(RUN): requirements.lock
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements.lock
	@$(BIN)/python -c "import pathlib,site; pathlib.Path(site.getsitepackages()[0],'ringren.pth').write_text('$(CURDIR)\n')"
	@for name in sync ringren; do printf '#!%s\nimport sys\nfrom sync.__main__ import main\nif __name__ == "__main__":\n    sys.exit(main())\n' '$(CURDIR)/$(BIN)/python' > $(BIN)/$$name && chmod +x $(BIN)/$$name; done
	@touch $@

$(DEV): requirements-dev.lock $(RUN)
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

audit: $(RUN)  ## dry run on a messy made-up example, with a report to open
	@$(BIN)/python examples/generate.py --out out/example
	@$(BIN)/sync --dry-run out/example --state out/state --report out/report.html || test $$? -eq 2

demo: $(DEV)  ## three simulated CRM systems audited, repaired and taken back; no account needed
	@PYTHONPATH=$(CURDIR):$(CURDIR)/tests $(BIN)/python examples/demo.py

test: $(DEV)  ## every test
	$(BIN)/python -m pytest -n 2

nightly: $(DEV)  ## every test, with a thousand examples of each property and 250 hostile lives (hours)
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest -n 2 --timeout 0

kills: $(DEV)  ## a run, a plan, an undo, killed at each instant there is (hours)
	RINGREN_TEST_EVERY_KILL=1 $(BIN)/python -m pytest -n 2 --timeout 0 tests/promises/test_kills.py

check: $(DEV)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(RIVAL)/.ready: requirements-bench.lock
	$(PYTHON) -m venv $(RIVAL)
	$(RIVAL)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r $<
	@touch $@

bench: $(DEV) $(if $(wildcard $(RIVALS)/naive.py),$(RIVAL)/.ready)  ## speed and memory, against other programs: ROWS=1000000 FLAGS=--strict
	@$(BIN)/python tests/bench/compare.py --rows $(ROWS) --opponent $(RIVAL)/bin/python $(FLAGS)

calls: $(DEV)  ## forbidden calls planted among CALLS=1000000 lawful ones: who is alarmed, and why
	@PYTHONPATH=$(CURDIR):$(CURDIR)/tests $(BIN)/python tests/planted_calls.py --calls $(CALLS)

soak: $(DEV)  ## hostile histories of EVENTS=1000000 changes: none missed, doubled or lost; goes on after a kill
	@PYTHONPATH=$(CURDIR):$(CURDIR)/tests nice -n 10 $(BIN)/python -m soak $(EVENTS) --kept out/soak-$(EVENTS).jsonl $(FLAGS)

year: $(DEV)  ## a simulated year of all jobs under one clock, SEED=1: every promise looked at; FLAGS="--from 2028-03-25 --days 2"
	@PYTHONPATH=$(CURDIR):$(CURDIR)/tests nice -n 10 $(BIN)/python -m year $(SEED) $(FLAGS)

swarm: $(DEV)  ## several workers killed, paused and cut off at random for MINUTES=10: nothing lost or doubled
	@PYTHONPATH=$(CURDIR):$(CURDIR)/tests nice -n 10 $(BIN)/python -m swarm --minutes $(MINUTES) $(FLAGS)

fuzz: $(DEV)  ## the API asked EXAMPLES=200 things an address, by tokens that may and that may not: FLAGS="--seed 5"
	@PYTHONPATH=$(CURDIR):$(CURDIR)/tests nice -n 10 $(BIN)/python -m fuzzing --examples $(EXAMPLES) $(FLAGS)

$(LINT)/.ready: requirements-deploy.lock
	$(PYTHON) -m venv $(LINT)
	$(LINT)/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r $<
	@touch $@

lint-deploy: $(LINT)/.ready  ## what is in deploy/, by the linters of its readers (180 MB of them)
	$(LINT)/bin/hadolint deploy/Containerfile
	$(LINT)/bin/kubernetes-validate --strict --quiet deploy/kubernetes/*.yaml
	$(LINT)/bin/shellcheck .ci/run

format: $(DEV)  ## write the format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(DEV)  ## renew the pages that are made from code: rules, findings, fields, settings, commands
	@PYTHONPATH=$(CURDIR):$(CURDIR)/tests $(BIN)/python -m pages

lock:  ## renew the lock files (needs uv)
	uv pip compile --quiet pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements.lock
	uv pip compile --quiet pyproject.toml --group dev --all-extras --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements.lock -o requirements-dev.lock
	uv pip compile --quiet --group deploy --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -o requirements-deploy.lock
	uv pip compile --quiet pyproject.toml --group bench --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate -c requirements.lock -o requirements-bench.lock

clean:  ## remove what was made here (not the state of your own audits)
	rm -rf .venv out .pytest_cache .mypy_cache .ruff_cache .hypothesis
