# `make help` lists the targets.
PYTHON ?= python3
VENV ?= .venv
EXTRAS ?= dev
DATASET ?= mnist
DATA_DIR ?=
KILLS ?= 100
FLIPS ?= 1000
EXPERIMENTS ?= all
RUNS ?= runs
# Titles of pictures in the reports.
BOXES ?= Detections
SAMPLES ?= Samples
PY := $(VENV)/bin/python
# Workers of pytest; JAX itself uses the remaining cores.
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-all test-312 test-parity bench check faults data record pictures clean

help:  ## list the targets
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

venv: $(VENV)/.ready  ## create .venv and install what setup.cfg names

$(VENV)/.ready: setup.cfg constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else "error: $(PYTHON) is Python %d.%d, but 3.11 to 3.13 is wanted; name one with make PYTHON=python3.12" % v)'
	@echo 'Installing into $(VENV): JAX, Flax, Optax, Orbax, TFDS, scikit-learn, matplotlib'
	@echo 'and what they need: about 400 MB to download once, 1.3 GB on disk.'
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --progress-bar=off -c constraints.txt -e '.[$(EXTRAS)]'
	@touch $@

demo: venv  ## train LeNet on scikit-learn's digits, write the report (a minute)
	@$(PY) -m experiments.lenet

test: venv  ## run the tests that need nothing but this machine
	@$(PY) -m pytest -n $(WORKERS) --dist=worksteal

test-all: venv  ## also the slow ones and those on real data: TEST_DATA=DIR
	@$(PY) -m pytest -n $(WORKERS) --dist=worksteal -m '' --test_data='$(TEST_DATA)'

test-parity: venv  ## install PyTorch (extra bench) and compare with it
	@$(PY) -m pip install --quiet --disable-pip-version-check --progress-bar=off -c constraints.txt -e '.[$(EXTRAS),bench]'
	@$(PY) -m pytest -n $(WORKERS) --dist=worksteal tests/parity

bench: venv  ## install PyTorch and time our train steps beside its own
	@$(PY) -m pip install --quiet --disable-pip-version-check --progress-bar=off -c constraints.txt -e '.[$(EXTRAS),bench]'
	@$(PY) -m experiments.benchmark --experiments=$(EXPERIMENTS) --peer=torch

test-312:  ## run the tests on Python 3.12, where pip takes jax 0.11
	@for python in python3.12 $(wildcard $(HOME)/.pyenv/versions/3.12.*/bin/python); do \
	  if $$python -c '' 2>/dev/null; then \
	    exec $(MAKE) --no-print-directory test PYTHON=$$python VENV=.venv-312; fi; done; \
	  echo 'There is no Python 3.12 here: nothing was tested on it.'

check: venv  ## formatter, linter, types
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy

faults: venv  ## make every fault happen, kill runs, flip bits (20 min): KILLS= FLIPS=
	@$(PY) -m tests.faults --kills=$(KILLS) --flips=$(FLIPS)

data: venv  ## prepare a data set: DATASET=mnist DATA_DIR=...
	@$(PY) -m dl_core.data $(DATASET) --data_dir='$(DATA_DIR)'

record: venv  ## add finished runs to results.jsonl and README.md: WORKDIR=...
	@$(PY) -m dl_core.report.record $(WORKDIR)

pictures: venv  ## make the pictures of README.md (Chromium) from finished runs in RUNS=
	@$(PY) -m dl_core.course.shots pictures/report.png $(RUNS)/faster_rcnn
	@$(PY) -m dl_core.course.shots pictures/boxes.png $(RUNS)/faster_rcnn '$(BOXES)'
	@$(PY) -m dl_core.course.shots pictures/samples.png $(RUNS)/gan '$(SAMPLES)'

clean:  ## remove the environments, caches and default runs
	rm -rf .venv .venv-312 build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache runs course
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
