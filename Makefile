# Two commands do everything on a fresh machine: `make run` and `make test`. `make help` lists the rest.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PREDICTORS := random-labels single-class coseg-no-training coseg-xatten coseg-prefix
PROTOCOLS := --protocol standard --protocol coseg-authors
SYSTEMS := coseg-no-training coseg-xatten coseg-prefix
RESULTS ?= results/run
# `make run FRESH=--fresh` replaces records that another version of the code has made; without it they are refused.
FRESH ?=
# Records of other training seeds: measured here (`make seed`), else the committed ones.
SEEDS = $(or $(wildcard $(RESULTS)/seeds/*),$(wildcard results/miniature/records-seed-*))
PICTURES := $(RESULTS)/pictures

.PHONY: help run test lint types floors wheel miniature-weights results seed outputs picture clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(VENV)/run.stamp: pyproject.toml setup.py constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(PIP) -e '.[test,dev,browser]'
	@touch $@

run: $(VENV)/run.stamp ## install, evaluate every shipped predictor on the miniature, print the table
	@for predictor in $(PREDICTORS); do \
	    $(BIN)/cosegbench run --predictor $$predictor --suite miniature $(PROTOCOLS) --results $(RESULTS) $(FRESH) || exit $$?; \
	done
	@$(BIN)/cosegbench table --results $(RESULTS) --suite miniature $(PROTOCOLS)

results: run ## measure everything that results/miniature states, and write it
	@set -e; for system in coseg-xatten coseg-prefix; do \
	    $(BIN)/cosegbench run --predictor $$system --set recipe=paper --name $$system-paper --suite miniature \
	        $(PROTOCOLS) --results $(RESULTS) $(FRESH); \
	    $(BIN)/cosegbench run --predictor $$system --set recipe=paper --name $$system-paper \
	        --dataset miniature-coco-stuff --results $(RESULTS) $(FRESH); \
	done
	@$(BIN)/cosegbench run --predictor coseg-no-training --set labels=true --name coseg-no-training-true-labels \
	    --suite miniature $(PROTOCOLS) --results $(RESULTS) $(FRESH)
	@set -e; for system in $(SYSTEMS); do \
	    $(BIN)/cosegbench run --predictor $$system --dataset miniature-coco-stuff --results $(RESULTS) $(FRESH); \
	done
	@set -e; for column in coco-things voc20 context59 context459; do \
	    $(BIN)/cosegbench labels --predictor coseg-no-training --dataset miniature-$$column \
	        --out $(RESULTS)/labels/coseg-no-training/miniature-$$column.jsonl; \
	done
	@$(BIN)/python baselines/study_miniature.py $(RESULTS) $(SEEDS) --labels $(RESULTS)/labels --out results/miniature

seed: $(VENV)/run.stamp ## measure another training seed: make seed WEIGHTS=folder, then make results
	@set -e; for system in $(SYSTEMS); do \
	    $(BIN)/cosegbench run --predictor $$system --weights $(WEIGHTS) --suite miniature $(PROTOCOLS) \
	        --results $(RESULTS)/seeds/$(notdir $(WEIGHTS)); \
	done

outputs: $(VENV)/run.stamp ## from the records of results/miniature: report, tables with intervals, comparison, measures, label statistics
	@set -e; out=results/miniature; from="--results $$out/records --suite miniature"; \
	    $(BIN)/cosegbench report $$from --pictures --worst 2 --output $$out/report.html; \
	    $(BIN)/cosegbench table $$from $(PROTOCOLS) --ci --rules --stability > $$out/rules.md; \
	    $(BIN)/cosegbench table $$from --measures > $$out/measures.md; \
	    $(BIN)/cosegbench compare coseg-prefix coseg-no-training $$from > $$out/compare.md; \
	    $(BIN)/cosegbench probe table --results $$out/probes > $$out/probes/README.md; \
	    $(BIN)/cosegbench datasets stats miniature-coco-stuff --picture $$out/labels.png > $$out/labels.md

picture: $(VENV)/run.stamp ## draw docs/pictures/miniature.png and results/miniature/show.png
	@set -e; for system in $(SYSTEMS); do \
	    $(BIN)/cosegbench run --predictor $$system --dataset miniature-context59 --fresh \
	        --results $(PICTURES)/records --save-predictions $(PICTURES)/$$system; \
	done
	@$(BIN)/python docs/pictures/draw.py --predictions $(PICTURES) --out docs/pictures/miniature.png
	@$(BIN)/cosegbench show --dataset miniature-context59 \
	    $(foreach system,$(SYSTEMS),--predictions $(system)=$(PICTURES)/$(system)) \
	    --of coseg-no-training --worst 2 --median 1 --best 1 --out results/miniature/show.png

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
	$(BIN)/python -m build --wheel --quiet --outdir dist

miniature-weights: $(VENV)/run.stamp ## train every shipped weight from scratch (under an hour on 2 cores)
	$(BIN)/python baselines/train_miniature.py --fresh

clean: ## remove everything that can be made again, the virtual environment included
	rm -rf $(VENV) build dist results/run *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
