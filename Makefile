# `make demo` and `make test` need Python 3.11, make, Node 20.19 or newer, and the package registries; nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PICTURES ?=
PIP = python -m pip --disable-pip-version-check --quiet
export PIP_REQUIRE_VIRTUALENV = 1

.PHONY: help demo serve page test test-train test-engine check lint types client soak bench lock sbom docs clean

help:
	@echo "make demo    draw sample pictures, index them, answer five queries (PICTURES=FOLDER: your own)"
	@echo "make serve   open the page on what the demo indexed (Ctrl-C ends it)"
	@echo "make test    lint, types and all tests"
	@echo "make test-train   the tests of training, which need PyTorch (5 GB)"
	@echo "make test-engine  the tests with real search engines, which need Maven (0.2 GB)"
	@echo "make check   the quick part of it, for while you work"
	@echo "make soak    the long reliability run, printed as one table"
	@echo "make bench   the benchmarks"
	@echo "make page    build the page that the server shows"
	@echo "make client  write the page's client anew, from the routes of the server"
	@echo "make docs    write the generated pages and pictures of the documentation anew"
	@echo "make lock    pin the dependencies anew, with hashes"
	@echo "make sbom    write the bill of materials of the runtime dependencies"

# Every dependency is pinned with its hash; what does not match is not installed.
.venv/ready: requirements/test.txt pyproject.toml
	$(PYTHON) -m venv .venv
	. .venv/bin/activate && $(PIP) install --require-hashes -r requirements/test.txt
	. .venv/bin/activate && $(PIP) install --no-deps --editable .
	@touch $@

.venv-train/ready: requirements/train.txt pyproject.toml
	$(PYTHON) -m venv .venv-train
	. .venv-train/bin/activate && $(PIP) install --require-hashes -r requirements/train.txt
	. .venv-train/bin/activate && $(PIP) install --no-deps --editable .
	@touch $@

.venv-engine/ready: requirements/engine.txt pyproject.toml
	$(PYTHON) -m venv .venv-engine
	. .venv-engine/bin/activate && $(PIP) install --require-hashes -r requirements/engine.txt
	. .venv-engine/bin/activate && $(PIP) install --no-deps --editable .
	@touch $@

demo/venv/ready: requirements/core.txt pyproject.toml
	@echo "Installing Lookalike into demo/venv ..."
	@$(PYTHON) -m venv demo/venv
	@. demo/venv/bin/activate && $(PIP) install --require-hashes -r requirements/core.txt
	@. demo/venv/bin/activate && $(PIP) install --no-deps --editable .
	@touch $@

demo: demo/venv/ready page
	@demo/venv/bin/python scripts/demo.py --folder demo $(if $(PICTURES),--pictures "$(PICTURES)")

serve: demo
	@demo/venv/bin/lookalike --collection demo/$(if $(PICTURES),yours,collection) serve --root "$(or $(PICTURES),demo/pictures)"

web/node_modules/ready: web/package-lock.json
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

PAGE = src/lookalike/api/page/index.html
page: $(PAGE)
$(PAGE): web/node_modules/ready web/index.html web/vite.config.ts $(shell find web/src -type f)
	@cd web && npm run --silent build -- --logLevel warn
	@touch $@

client: .venv/ready web/node_modules/ready
	. .venv/bin/activate && python scripts/openapi.py
	cd web && npm run --silent client

lint: .venv/ready web/node_modules/ready
	. .venv/bin/activate && ruff check . && ruff format --check .
	cd web && npm run --silent check && npm run --silent client -- --check

types: .venv/ready
	. .venv/bin/activate && mypy

test: lint types page
	cd web && npm test --silent
	. .venv/bin/activate && pytest --numprocesses 2 --ignore=tests/browser --ignore=tests/engine --cov --cov-report=term:skip-covered --cov-fail-under=93
	. .venv/bin/activate && pytest --numprocesses 2 tests/browser
	. .venv/bin/activate && NUMBA_DISABLE_JIT=1 pytest --quiet --numprocesses 2 tests/index

test-train: .venv-train/ready
	. .venv-train/bin/activate && pytest --quiet tests/learning src/lookalike/learning

# Maven fetches the nodes, once, into demo/engine.
test-engine: .venv-engine/ready
	. .venv-engine/bin/activate && pytest --quiet tests/engine

check: lint types page
	cd web && npm test --silent
	. .venv/bin/activate && pytest --numprocesses 2 --quiet --maxfail=1 --ignore=tests/browser --ignore=tests/engine --ignore=tests/jobs

soak: .venv/ready
	. .venv/bin/activate && python scripts/soak.py

bench: .venv/ready
	. .venv/bin/activate && for script in benchmarks/*.py; do python $$script || exit 1; done

docs: .venv/ready page
	. .venv/bin/activate && python scripts/cli_reference.py && python scripts/screenshots.py

lock:
	scripts/lock

sbom: demo/venv/ready
	$(PYTHON) -m venv demo/sbom
	. demo/sbom/bin/activate && $(PIP) install cyclonedx-bom
	demo/sbom/bin/cyclonedx-py environment --output-file demo/sbom.json demo/venv/bin/python
	@echo "demo/sbom.json"

clean:
	rm -rf .venv .venv-train .venv-engine demo web/node_modules src/lookalike/api/page .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
