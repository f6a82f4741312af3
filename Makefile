# On a fresh machine with Python 3.11+ (with venv), make and git: `make demo` and `make test`.
# Each installs into .venv what it needs, once; .ci/find-python says which Python, or what is
# missing.
#
#   make PYTHON=python3.12 demo     builds .venv with this Python
#   make TORCH_INDEX=URL demo       takes torch from this package index (see README.md)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test lint bench figures docs clean

PYTHON ?=
TORCH_INDEX ?=
PIP_INSTALL = .venv/bin/python -m pip install -c constraints.txt
# Tests run beside one another; a test that starts threads of its own would only be in the way.
WORKERS ?= auto --maxprocesses 4

help:
	@echo "make demo      install, repair, enlarge, draw, generate and train a little, write one page"
	@echo "make test      install, run the tests"
	@echo "make lint      ruff, ruff format, pyright"
	@echo "make bench     measure, compare with the goals, write bench/results/"
	@echo "make figures   draw docs/figures/, fill the numbers in README.md and docs/ in"
	@echo "make docs      build the guides as a site, build/docs/index.html"
	@echo "make clean     remove .venv and all that was built"

demo: .venv/.core
	@.venv/bin/python bench/demo.py

test: .venv/.dev
	@.venv/bin/python -m pytest -n $(WORKERS) --dist worksteal -rs

lint: .venv/.dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 .venv/bin/pyright

bench: .venv/.dev
	.venv/bin/python bench/record.py

figures: .venv/.dev
	.venv/bin/python bench/figures.py
	.venv/bin/python bench/fill_figures.py

docs: .venv/.dev
	NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet --strict
	@echo build/docs/index.html

clean:
	rm -rf .venv build dist demo .pytest_cache .ruff_cache .hypothesis
	find trombine bench research tests -name __pycache__ -prune -exec rm -rf {} +

# A stamp says that what pyproject.toml and constraints.txt name is installed: .core what trombine
# runs on, .dev the tools of its makers too.

.venv/.core: pyproject.toml constraints.txt | .venv/bin/python
	@$(torch_from_index)
	$(PIP_INSTALL) -e .
	@touch $@

.venv/.dev: pyproject.toml constraints.txt | .venv/bin/python
	@$(torch_from_index)
	$(PIP_INSTALL) -e '.[dev]'
	@touch .venv/.core $@

# Alone and without its dependencies, so that these still come from the usual index.
torch_from_index = $(if $(TORCH_INDEX),$(PIP_INSTALL) --no-deps --index-url $(TORCH_INDEX) torch)

# --clear: a .venv that another Python made, or that was broken off half-way, is made anew.
.venv/bin/python:
	$(eval FOUND := $(shell sh .ci/find-python $(if $(PYTHON),"$(PYTHON)")))
	$(if $(filter !,$(FOUND)),$(error $(wordlist 2,99,$(FOUND))))
	"$(FOUND)" -m venv --clear .venv
