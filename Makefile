PYTHON = .venv/bin/python
INSTALLED = .venv/.installed

.PHONY: test slow lint versions browser release benchmark checkers mutants pictures screenshots notebooks

test: $(INSTALLED)
	$(PYTHON) -m pytest

# Execute every notebook, which takes longer than the other tests.
slow: $(INSTALLED)
	$(PYTHON) -m pytest -m slow

lint: $(INSTALLED)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

# Run the tests with each supported Python that is installed here, in an environment for each.
versions:
	@for version in 3.10 3.11 3.12 3.13; do \
		python$$version -c "" 2> /dev/null || { echo "python$$version: not installed"; continue; }; \
		echo "python$$version:"; \
		python$$version -m venv .venv/python$$version && \
		.venv/python$$version/bin/python -m pip install -q -e ".[test]" && \
		.venv/python$$version/bin/python -m pytest || exit 1; \
	done

# Run the package in Pyodide, the Python for browsers, under Node.
browser: $(INSTALLED)
	npm install --silent --no-save --prefix .venv pyodide
	PYODIDE_DIR=.venv/node_modules/pyodide $(PYTHON) -m pytest -rs tests/pyodide

# Build the files to publish, in dist/.
release: $(INSTALLED)
	rm -rf dist
	$(PYTHON) -m build
	$(PYTHON) -m twine check --strict dist/*

benchmark: $(INSTALLED)
	$(PYTHON) tests/benchmarks/speed.py

# Compare gradcheck with the checkers of PyTorch, JAX and autograd, if they are installed. It takes
# ten minutes for random expressions, and ten for functions that are hard to measure.
checkers: $(INSTALLED)
	$(PYTHON) tests/benchmarks/against_gradcheckers.py
	$(PYTHON) tests/benchmarks/hard_gradcheckers.py

# Plant small mistakes in the modules that compute, and list those that the tests do not notice. A
# sample takes an hour or two. For one module: `make mutants of=check/measure.py`; for all mistakes
# in it: `make mutants of="engine.py --all"`.
mutants: $(INSTALLED)
	$(PYTHON) tests/mutants.py $(of)

# With no other dot on the PATH, that of graphviz-pure draws: the same bytes on every machine.
pictures: $(INSTALLED)
	PATH=.venv/bin $(PYTHON) -m tinygrad_edu demo -o notebooks/pictures/worked_example.svg
	PATH=.venv/bin $(PYTHON) -c "from tinygrad_edu.lessons import worked_example as example; \
		example.picture_of_two_paths().render(outfile='notebooks/pictures/two_paths.svg', cleanup=True)"

# Make the pictures of pages; this needs Playwright and a Chromium.
screenshots: $(INSTALLED)
	$(PYTHON) notebooks/pictures/screenshots.py

notebooks: $(INSTALLED)
	$(PYTHON) notebooks/build.py

$(INSTALLED): pyproject.toml
	python3 -m venv .venv
	$(PYTHON) -m pip install -q -e ".[test,browser,lint,release]"
	touch $@
