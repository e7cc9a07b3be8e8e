# Everything runs from a virtual environment that is built on first use; only Python 3.11+ and make are needed.
#   make demo PYTHON=python3.12                 another interpreter
#   make test VENV=.venv-mine                   another environment
#   make bench BENCH_PYTHON=/path/to/python3.13 the benchmark elsewhere: some peers want a newer Python

PYTHON       ?= python3
VENV         ?= .venv
OUT          ?= out
BENCH_PYTHON ?= $(PYTHON)
BENCH_VENV   ?= .venv-bench-$(shell $(BENCH_PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

BIN   := $(VENV)/bin
OLD   := import sys; sys.exit(sys.version_info < (3, 11))
SORRY := echo 'apigw_sim needs Python 3.11 or newer; name one with PYTHON=/path/to/python' >&2
PIP   := -m pip install -qq --disable-pip-version-check --editable

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow cluster-test notebooks bench bench-studies lint format clean

help:
	@echo 'make demo        run the flash sale and say where its report is'
	@echo 'make test        the tests'
	@echo 'make test-slow   the tests on large samples'
	@echo 'make cluster-test  studies on a Dask cluster of this machine, with workers killed'
	@echo 'make notebooks   execute every notebook'
	@echo 'make bench       speed and memory, under three minutes (BENCH=long adds an hour and a day)'
	@echo 'make bench-studies  what a study costs beside its runs, and what a second core does for it'
	@echo 'make lint        ruff and mypy'
	@echo 'make format      let ruff lay out the code'
	@echo 'make clean       remove the environments and what runs left behind'

$(VENV)/.stamp: pyproject.toml
	@$(PYTHON) -c '$(OLD)' || { $(SORRY); exit 1; }
	@echo 'building the environment $(VENV), once; this may take a minute or two'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP) '.[test]'
	@touch $@

$(BENCH_VENV)/.stamp-bench: pyproject.toml
	@$(BENCH_PYTHON) -c '$(OLD)' || { $(SORRY); exit 1; }
	@echo 'building the environment $(BENCH_VENV), once; this may take a minute or two'
	$(BENCH_PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python $(PIP) '.[peers]'
	@touch $@

demo: $(VENV)/.stamp
	$(BIN)/apigw-sim run scenarios/flash_sale.yaml --seed 7 --out $(OUT)
	@echo
	@echo 'The report: $(OUT)/overview.svg (a picture) and $(OUT)/summary.json (the numbers)'

test: $(VENV)/.stamp
	$(BIN)/pytest -n auto

test-slow: $(VENV)/.stamp
	$(BIN)/pytest -n auto -m slow

cluster-test: $(VENV)/.stamp
	$(BIN)/pytest -m cluster tests/experiment

notebooks: $(VENV)/.stamp
	@ls notebooks/*.ipynb
	$(BIN)/jupyter-execute --kernel_name=python3 notebooks/*.ipynb

bench-studies: $(BENCH_VENV)/.stamp-bench
	$(BENCH_VENV)/bin/python benchmarks/studies.py

bench: $(BENCH_VENV)/.stamp-bench
	$(BENCH_VENV)/bin/python benchmarks/run.py

# All three are run, whatever the first says.
lint: $(VENV)/.stamp
	@failed=0; \
	for check in 'ruff check' 'ruff format --check' mypy; do \
	  echo "$$check"; $(BIN)/$$check || failed=1; \
	done; exit $$failed

format: $(VENV)/.stamp
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf .venv .venv-bench-* out .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
