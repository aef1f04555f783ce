# Two commands do everything on a fresh machine: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PREDICTORS := random-labels single-class coseg-no-training coseg-xatten coseg-prefix
PROTOCOLS := --protocol standard --protocol coseg-authors
RESULTS ?= results/run

.PHONY: help run test lint types floors wheel miniature-weights results clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/run.stamp: pyproject.toml setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(PIP) -e '.[test,dev]'
	@touch $@

run: $(VENV)/run.stamp ## install, evaluate every shipped predictor on the miniature, print the table
	@for predictor in $(PREDICTORS); do \
	    $(BIN)/cosegbench run --predictor $$predictor --suite miniature $(PROTOCOLS) --results $(RESULTS) || exit $$?; \
	done
	@$(BIN)/cosegbench table --results $(RESULTS) --suite miniature $(PROTOCOLS)

test: $(VENV)/test.stamp ## install, run the test suite
	$(BIN)/python -m pytest

lint: $(VENV)/test.stamp ## ruff, formatting included
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/test.stamp ## mypy --strict
	$(BIN)/mypy

floors: $(VENV)/test.stamp ## the import floors of the house
	$(BIN)/lint-imports

wheel: $(VENV)/test.stamp ## build the wheel into dist/
	$(BIN)/python -m build --wheel --outdir dist

clean: ## remove everything that can be made again, the virtual environment included
	rm -rf $(VENV) build dist results/run *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
