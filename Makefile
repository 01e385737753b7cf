# `make demo` and `make test` need Python 3.11, make, and the package registry; nothing else.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
PICTURES ?=
PIP = python -m pip --disable-pip-version-check --quiet
export PIP_REQUIRE_VIRTUALENV = 1

.PHONY: help demo test check lint types soak bench lock sbom docs clean

help:
	@echo "make demo    draw sample pictures, index them, answer five queries (PICTURES=FOLDER: your own)"
	@echo "make test    lint, types and all tests"
	@echo "make check   the quick part of it, for while you work"
	@echo "make soak    the long reliability run, printed as one table"
	@echo "make bench   the benchmarks"
	@echo "make docs    write the generated pages and pictures of the documentation anew"
	@echo "make lock    pin the dependencies anew, with hashes"
	@echo "make sbom    write the bill of materials of the runtime dependencies"

# Every dependency is pinned with its hash; what does not match is not installed.
.venv/ready: requirements/test.txt pyproject.toml
	$(PYTHON) -m venv .venv
	. .venv/bin/activate && $(PIP) install --require-hashes -r requirements/test.txt
	. .venv/bin/activate && $(PIP) install --no-deps --editable .
	@touch $@

demo/venv/ready: requirements/core.txt pyproject.toml
	@echo "Installing Lookalike into demo/venv ..."
	@$(PYTHON) -m venv demo/venv
	@. demo/venv/bin/activate && $(PIP) install --require-hashes -r requirements/core.txt
	@. demo/venv/bin/activate && $(PIP) install --no-deps --editable .
	@touch $@

demo: demo/venv/ready
	@demo/venv/bin/python scripts/demo.py --folder demo $(if $(PICTURES),--pictures "$(PICTURES)")

lint: .venv/ready
	. .venv/bin/activate && ruff check . && ruff format --check .

types: .venv/ready
	. .venv/bin/activate && mypy

test: lint types
	. .venv/bin/activate && pytest --numprocesses 2 --cov --cov-report=term:skip-covered --cov-fail-under=93
	. .venv/bin/activate && NUMBA_DISABLE_JIT=1 pytest --quiet tests/index

check: lint types
	. .venv/bin/activate && pytest --numprocesses 2 --quiet --maxfail=1

soak: .venv/ready
	. .venv/bin/activate && python scripts/soak.py

bench: .venv/ready
	. .venv/bin/activate && for script in benchmarks/*.py; do python $$script || exit 1; done

docs: .venv/ready
	. .venv/bin/activate && python scripts/cli_reference.py && python scripts/demo.py --sheet docs/answers.webp

lock:
	scripts/lock

sbom: demo/venv/ready
	$(PYTHON) -m venv demo/sbom
	. demo/sbom/bin/activate && $(PIP) install cyclonedx-bom
	demo/sbom/bin/cyclonedx-py environment --output-file demo/sbom.json demo/venv/bin/python
	@echo "demo/sbom.json"

clean:
	rm -rf .venv demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage
