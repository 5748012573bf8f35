# make demo              open JupyterLab on the quickstart
# make demo HEADLESS=1   run it without a browser and write build/quickstart.html
# make test              everything that must pass: linters, types, floors, browser part, tests
# make test-all          the same, with the tests that take minutes
# make bench             every benchmark, beside its peers; the tables go to build/benchmarks.md (QUICK=1: smaller)
# make lint | js | clean
#
# The first call makes a virtual environment in .venv; later calls use it. Without make: see README.md.

VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= $(shell sh tools/python.sh)
JS     := $(shell find js -path js/node_modules -prune -o -type f -print)

export JUPYTER_PREFER_ENV_PATH := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.NOTPARALLEL:
.PHONY: demo test test-all bench lint js python clean

demo: $(VENV)/.demo $(VENV)/.bundle
ifdef HEADLESS
	$(BIN)/rlnb demo --headless build/quickstart.html
else
	$(BIN)/rlnb demo
endif

# The linters and the browser part first: they answer within a minute.
test: lint js python

test-all: MARKERS := -m ""
test-all: lint js python

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

js: $(VENV)/.test
	$(BIN)/python tools/js.py

python: $(VENV)/.test $(VENV)/.bundle
	$(BIN)/python tools/browser.py
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(MARKERS)

bench: $(VENV)/.test $(VENV)/.bundle
	$(BIN)/python -m tests.benchmarks $(if $(QUICK),--quick)

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# --- what is installed, once ------------------------------------------------------------------------------------

$(VENV)/.pip:
	@test -n "$(PYTHON)" || { echo "rlnb needs Python 3.11 or newer with venv (Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.demo: $(VENV)/.pip pyproject.toml hatch_build.py
	@echo "Installing rlnb, JupyterLab and PyTorch into $(VENV) (once, a few minutes) ..."
	$(BIN)/python -m pip install --quiet --editable . --group demo
	@touch $@

$(VENV)/.test: $(VENV)/.pip pyproject.toml hatch_build.py
	@echo "Installing rlnb and what its tests need into $(VENV) (once, a few minutes) ..."
	$(BIN)/python -m pip install --quiet --editable . --group test
	@touch $@

# Installing has built the browser part; this builds it again when its sources are newer.
$(VENV)/.bundle: $(JS) hatch_build.py | $(VENV)/.pip
	$(BIN)/python tools/js.py build
	@touch $@
