# Everything one needs to work on Alizé. `make` lists the targets.
#
# The environment lives in .venv. It is built from the two lock files, whose hashes are checked, and
# brought up to date when a lock or pyproject.toml changes.
#
#   make clean setup PYTHON=/path/to/python3.12    picks another Python
#   make lock LOCK_FLAGS=--upgrade                 moves every pin to its newest version
#   make test-operator KUBERNETES=1.34.4           tests the operator on another Kubernetes

SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?=
LOCK_FLAGS ?=
KUBERNETES ?= 1.36.3
READY := .venv/.ready
# An environment that happens to be active is not ours to change.
UV := env -u VIRTUAL_ENV -u CONDA_PREFIX .venv/bin/uv --quiet
COMPILE := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-header

.PHONY: help setup demo demo-cluster controlplane test test-slow test-operator test-operator-defaults bench lock format clean clean-cache

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: $(READY) ## Make or refresh .venv
	@:

demo: $(READY) ## Plan the Dakhla world and write its report
	@.venv/bin/alize plan dakhla --report

demo-cluster: $(READY) controlplane ## See a day of jobs planned on a real control plane
	@KUBERNETES=$(KUBERNETES) .venv/bin/python -m benchmarks.operator.demo

controlplane: $(READY) ## Have a Kubernetes control plane for the tests, built once
	@KUBERNETES=$(KUBERNETES) .venv/bin/python -m tests.controlplane build

# From the quickest check to the slowest; the first that fails ends it.
test: $(READY) ## Run every check, as CI does
	@echo "ruff: style"
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --quiet --check .
	@echo "import-linter: who may import whom"
	@.venv/bin/lint-imports --no-logo
	@echo "mypy: types"
	@.venv/bin/mypy
	@echo "pytest: behaviour"
	@.venv/bin/pytest -q -m "not slow" --numprocesses=auto --dist=loadfile

test-slow: $(READY) ## Run the tests that plan many worlds (the operator has its own)
	@.venv/bin/pytest -q -m slow --ignore=tests/operator --numprocesses=auto --dist=load

test-operator: $(READY) controlplane ## Run all tests of the operator (KUBERNETES=1.36.3)
	@KUBERNETES=$(KUBERNETES) .venv/bin/pytest -q tests/operator

test-operator-defaults: $(READY) controlplane ## The same with every time constant as it ships
	@KUBERNETES=$(KUBERNETES) TIME_CONSTANTS=full .venv/bin/pytest -q tests/operator

bench: $(READY) ## List the benchmarks and their metrics
	@.venv/bin/python -m benchmarks list

lock: .venv/bin/uv ## Rebuild the lock files from pyproject.toml
	@$(COMPILE) $(LOCK_FLAGS) --group bootstrap --output-file requirements-bootstrap.lock >/dev/null
	@$(COMPILE) $(LOCK_FLAGS) --all-extras --group dev --output-file requirements.lock pyproject.toml >/dev/null
	@$(COMPILE) $(LOCK_FLAGS) --extra operator --extra fast --extra learn --group image --constraint requirements.lock --output-file requirements-operator.lock pyproject.toml >/dev/null
	@if grep -nE '://|^-|(^|[^[:alnum:]])/[a-z]' requirements.lock requirements-bootstrap.lock requirements-operator.lock; then \
		echo "make lock: the lines above name a host or a path of this machine; unset the setting they come from" >&2; \
		exit 1; \
	fi

format: $(READY) ## Format the code and repair what ruff can
	@.venv/bin/ruff check --quiet --fix --exit-zero .
	@.venv/bin/ruff format --quiet .

clean: ## Remove .venv, caches and builds; run folders stay
	@rm -rf .venv build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-cache: ## Remove the control planes that were built
	@rm -rf "$${ALIZE_CONTROLPLANE_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/alize/controlplane}"

# A name on the PATH may be a shim that runs nothing, so each candidate has to prove itself.
.venv/bin/uv: requirements-bootstrap.lock
	@python=; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3); do \
		if "$$candidate" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python=$$candidate; \
			break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "make: no Python 3.11 or newer with venv $(if $(PYTHON),at $(PYTHON),on the PATH); install one, or say make PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	echo "Making .venv with $$("$$python" --version)" && \
	"$$python" -m venv --clear .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-bootstrap.lock
	@touch $@

$(READY): .venv/bin/uv requirements.lock pyproject.toml
	@echo "Installing the locked packages"
	@$(UV) pip sync --python .venv/bin/python --require-hashes --compile-bytecode requirements.lock
	@$(UV) pip install --python .venv/bin/python --no-deps --no-build-isolation --editable .
	@touch $@
