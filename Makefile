PYTHON = .venv/bin/python
INSTALLED = .venv/.installed

.PHONY: test lint benchmark checkers pictures

test: $(INSTALLED)
	$(PYTHON) -m pytest

lint: $(INSTALLED)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

benchmark: $(INSTALLED)
	$(PYTHON) tests/benchmarks/against_micrograd.py

# Beside the checkers of PyTorch, JAX and autograd, those that are installed: ten minutes.
checkers: $(INSTALLED)
	$(PYTHON) tests/benchmarks/against_gradcheckers.py

# Without a dot on the PATH the one of graphviz-pure draws: the same bytes on every machine.
pictures: $(INSTALLED)
	PATH=.venv/bin $(PYTHON) -m tinygrad_edu demo -o notebooks/pictures/worked_example.svg
	PATH=.venv/bin $(PYTHON) -c "from tinygrad_edu.examples import worked_example as example; \
		example.picture_of_two_paths().render(outfile='notebooks/pictures/two_paths.svg', cleanup=True)"

$(INSTALLED): pyproject.toml
	python3 -m venv .venv
	$(PYTHON) -m pip install -q -e ".[test,lint]"
	touch $@
