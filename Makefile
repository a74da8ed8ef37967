PYTHON = .venv/bin/python

.PHONY: test lint benchmark pictures

.venv:
	python3 -m venv .venv
	$(PYTHON) -m pip install -q -e ".[test,lint]"

test: .venv
	$(PYTHON) -m pytest

lint: .venv
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

benchmark: .venv
	$(PYTHON) tests/benchmarks/against_micrograd.py

pictures: .venv
	$(PYTHON) -m tinygrad_edu demo -o notebooks/pictures/worked_example.svg
