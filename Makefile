PYTHON = .venv/bin/python
INSTALLED = .venv/.installed

.PHONY: test slow lint versions browser release benchmark checkers mutants pictures screenshots notebooks

test: $(INSTALLED)
	$(PYTHON) -m pytest

# What takes longer: every notebook executed anew.
slow: $(INSTALLED)
	$(PYTHON) -m pytest -m slow

lint: $(INSTALLED)
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

# The tests with each Python that is supported and installed here, in environments of their own.
versions:
	@for version in 3.10 3.11 3.12 3.13; do \
		python$$version -c "" 2> /dev/null || { echo "python$$version: not installed"; continue; }; \
		echo "python$$version:"; \
		python$$version -m venv .venv/python$$version && \
		.venv/python$$version/bin/python -m pip install -q -e ".[test]" && \
		.venv/python$$version/bin/python -m pytest || exit 1; \
	done

# The package in a browser's Python: Pyodide, under Node.
browser: $(INSTALLED)
	npm install --silent --no-save --prefix .venv pyodide
	PYODIDE_DIR=.venv/node_modules/pyodide $(PYTHON) -m pytest -rs tests/pyodide

# What would be published, in dist/.
release: $(INSTALLED)
	rm -rf dist
	$(PYTHON) -m build
	$(PYTHON) -m twine check --strict dist/*

benchmark: $(INSTALLED)
	$(PYTHON) tests/benchmarks/speed.py

# Beside the checkers of PyTorch, JAX and autograd, those that are installed: ten minutes
# for random expressions, and as many for functions that are hard to measure.
checkers: $(INSTALLED)
	$(PYTHON) tests/benchmarks/against_gradcheckers.py
	$(PYTHON) tests/benchmarks/hard_gradcheckers.py

# Whether the tests notice small mistakes: a sample of mutants of the modules that compute. An hour
# or two; those of one module with `make mutants of=check/measure.py`, or `of="engine.py --all"`.
mutants: $(INSTALLED)
	$(PYTHON) tests/mutants.py $(of)

# Without a dot on the PATH the one of graphviz-pure draws: the same bytes on every machine.
pictures: $(INSTALLED)
	PATH=.venv/bin $(PYTHON) -m tinygrad_edu demo -o notebooks/pictures/worked_example.svg
	PATH=.venv/bin $(PYTHON) -c "from tinygrad_edu.lessons import worked_example as example; \
		example.picture_of_two_paths().render(outfile='notebooks/pictures/two_paths.svg', cleanup=True)"

# Those of pages: with Playwright and a Chromium.
screenshots: $(INSTALLED)
	$(PYTHON) notebooks/pictures/screenshots.py

notebooks: $(INSTALLED)
	$(PYTHON) notebooks/build.py

$(INSTALLED): pyproject.toml
	python3 -m venv .venv
	$(PYTHON) -m pip install -q -e ".[test,browser,lint,release]"
	touch $@
