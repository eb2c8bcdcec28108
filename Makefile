# Everything here needs only make and Python 3.11 or newer: whichever target comes first creates
# .venv and installs the project into it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := .venv-peers
LOWEST := .venv-lowest
WHEEL := .venv-wheel
# The README's examples, in an environment that has neither the developers' tools nor this folder.
EXAMPLES := -P -m pytest -q -o addopts= -o filterwarnings= tests/test_readme.py
ROOMS := benchmarks datasets engines processes reports
OUT := reports/out

.DEFAULT_GOAL := help
.PHONY: help install bench bench-quick bench-full bench-peers ladder two-by-two scaling bench-large test-cluster points test test-peers test-browser book book-serve test-book test-book-browser book-screenshots screenshots attacks kills lint format microbench microbench-full graphs lowest dist wheel data-sets targets overhead verdicts instructions mutants stories precision clean

help:
	@echo "make bench        the published comparison on this machine (about five minutes)"
	@echo "make bench-quick  the same comparison in under a minute"
	@echo "make bench-full   the same without a budget: micrograd takes ten minutes"
	@echo "make ladder       from micrograd to machine code, each step with its factor and cause"
	@echo "make two-by-two   how much is the granularity of the graph, how much the interpreter"
	@echo "make scaling      how cost grows along each axis, and which engine is the fastest where"
	@echo "make bench-large  digits at full size, and 200,000 rows of 100 features"
	@echo "make bench-peers  installs PyTorch, JAX and others, and runs them beside the built-in ones"
	@echo "make test         the tests            make lint        ruff and mypy"
	@echo "make test-peers   installs the peers into .venv-peers and tests their adapters"
	@echo "make test-browser a page in a real browser: installs playwright, and chromium if it may"
	@echo "make book         the book and the docs as a site, in build/book"
	@echo "make book-serve   shows that site on http://localhost:8000"
	@echo "make test-book    its links and its notebooks"
	@echo "make test-book-browser  that site in a real browser (some minutes)"
	@echo "make screenshots  the pictures of a report for README and docs, from RUN=folder"
	@echo "make test-cluster a sweep on three Dask workers that are killed (a minute)"
	@echo "make points       what the runner needs for each point of a large sweep"
	@echo "make attacks      what hostile engines, files, options and records try (a few minutes)"
	@echo "make kills        200 kills of a run at random moments (about half an hour)"
	@echo "make mutants      faults that benchgrad check must find (about ten minutes)"
	@echo "make stories      thirty of them at random: does the first story name each?"
	@echo "make precision    engines that are right: is any accused, with twenty seeds?"
	@echo "make graphs       the pictures in docs/graphs.md (needs graphviz)"
	@echo "make microbench   each operation, timed with pytest-benchmark (one to two minutes)"
	@echo "make microbench-full  the same until each figure is steady (over six minutes)"
	@echo "make lowest       does it run with the lowest versions that pyproject.toml promises?"
	@echo "make wheel        does the wheel run in an empty environment, with the newest ones?"
	@echo "make data-sets    the estimator beside MLPClassifier on five data sets"
	@echo "make dist         the source distribution and the wheel"
	@echo "make targets      the speeds that docs/performance.md promises (about three minutes)"
	@echo "make overhead     what the harness and its evaluation add to the times (five minutes)"
	@echo "make verdicts     known differences in real runs: are the verdicts right?"
	@echo "make instructions the same for counts of instructions (needs valgrind, 15 minutes)"
	@echo "make install      only create .venv    make clean       remove what was made"

install: $(STAMP)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "benchgrad needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

bench: $(STAMP)
	$(BIN)/benchgrad run headline --out $(OUT)/headline

bench-quick: $(STAMP)
	$(BIN)/benchgrad run quick --out $(OUT)/quick

bench-full: $(STAMP)
	$(BIN)/benchgrad run full --out $(OUT)/full

ladder: $(STAMP)
	$(BIN)/benchgrad run ladder --out $(OUT)/ladder

two-by-two: $(STAMP)
	$(BIN)/benchgrad run two-by-two --out $(OUT)/two-by-two

bench-peers: $(PEERS)/.installed
	$(PEERS)/bin/benchgrad run peers --out $(OUT)/peers

# To include the peers, after make test-peers: make scaling BIN=.venv-peers/bin
scaling: $(STAMP)
	$(BIN)/benchgrad run scaling --out $(OUT)/scaling

bench-large: $(STAMP)
	$(BIN)/benchgrad run digits --out $(OUT)/digits
	$(BIN)/benchgrad run large --out $(OUT)/large

# Real workers and a real scheduler on loopback, killed and resumed.
test-cluster: $(STAMP)
	$(BIN)/python -m pytest tests/clusters -m cluster -n 0

# What the runner itself needs for each of 10,000 points.
points: $(STAMP)
	$(BIN)/python -P tools/points.py $(ARGS)

test: $(STAMP)
	$(BIN)/python -m pytest

# The peers get their own environment, so that the other tests prove that nothing needs them. torch
# is pinned to a version whose wheel for the CPU is small.
$(PEERS)/.installed: pyproject.toml
	@echo "installing PyTorch, JAX and the other peers into $(PEERS): a few minutes"
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check \
	  torch==2.13.0 --editable '.[dev,peers,torch,jax,tinygrad]'
	@touch $@

test-peers: $(PEERS)/.installed
	$(PEERS)/bin/python -m pytest -m peers

# A page in Debian's chromium. Where it is missing, only root can install it.
$(VENV)/.browser: $(STAMP)
	@command -v chromium > /dev/null || { apt-get update -q && apt-get install -y -q chromium; } || \
	  { echo "make test-browser needs chromium: apt-get install -y chromium"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,browser]'
	@touch $@

test-browser: $(VENV)/.browser
	$(BIN)/python -m pytest tests/reports -m browser -n 0

# The book: every chapter is executed, and a warning is an error.
$(VENV)/.book: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,book]'
	@touch $@

book: $(VENV)/.book
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d build/book-doctrees docs build/book
	@echo "the book: build/book/index.html"

book-serve: book
	$(BIN)/python -m http.server --bind localhost --directory build/book 8000

test-book: book
	$(BIN)/python -m pytest tests/book -m book -n 0

test-book-browser: $(VENV)/.browser book
	$(BIN)/python -m pytest tests/book -m browser -n 0

book-screenshots: $(VENV)/.browser book
	$(BIN)/python tools/book_screenshots.py build/book build/book-screenshots

RUN ?= $(OUT)/headline
screenshots: $(VENV)/.browser
	$(BIN)/python tools/screenshots.py $(RUN) docs/sample

# Ends with a table of counts: tried, held. make test runs a sample.
attacks: $(STAMP)
	$(BIN)/python -m pytest tests/attacks -m attacks

# A run that is killed and resumed until it is complete, again and again; see docs/measurement.md.
kills: $(STAMP)
	$(BIN)/python -P tools/kills.py $(ARGS)

# The lowest versions that pyproject.toml promises, in an environment of their own: do they run?
lowest:
	$(PYTHON) -m venv --clear $(LOWEST)
	$(PYTHON) tools/lowest.py > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(LOWEST)/lowest.txt '.[compiled]' pytest
	$(LOWEST)/bin/benchgrad run quick --out $(OUT)/lowest
	$(LOWEST)/bin/benchgrad check tensor --fast
	$(LOWEST)/bin/python $(EXAMPLES)

# The source distribution and the wheel, in dist/.
dist: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check build
	$(BIN)/python -m build --outdir dist .

# The wheel in an empty environment, with the newest versions of all that it needs.
wheel: dist
	$(PYTHON) -m venv --clear $(WHEEL)
	$(WHEEL)/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl pytest
	$(WHEEL)/bin/benchgrad run quick --out $(OUT)/wheel
	$(WHEEL)/bin/benchgrad check tensor --fast
	$(WHEEL)/bin/python $(EXAMPLES)

# mypy sees the rooms under the names that they are imported by.
lint: $(STAMP)
	@rm -rf build/typing && mkdir -p build/typing/benchgrad
	@for room in $(ROOMS); do ln -s ../../../$$room build/typing/benchgrad/$$room; done
	@for part in front_door/*; do ln -s ../../../$$part build/typing/benchgrad/; done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p benchgrad

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Each operation for a moment only; microbench-full takes the time that steady figures need.
microbench: $(STAMP)
	@mkdir -p $(OUT)
	@echo "each operation once over: one to two minutes (make microbench-full: over six)"
	$(BIN)/python -m pytest tools -n 0 --benchmark-enable --benchmark-only \
	  --benchmark-max-time=0.05 --benchmark-min-rounds=3 \
	  --benchmark-columns=min,median,iqr,rounds --benchmark-sort=name \
	  --benchmark-json=$(OUT)/microbench.json

microbench-full: $(STAMP)
	@mkdir -p $(OUT)
	@echo "each operation, until its figure is steady: over six minutes"
	$(BIN)/python -m pytest tools -n 0 --benchmark-enable --benchmark-only \
	  --benchmark-columns=min,median,iqr,rounds --benchmark-sort=name \
	  --benchmark-json=$(OUT)/microbench.json

# The pictures in docs/graphs.md.
EXPRESSION := from benchgrad.engines.scalar import Value; \
  a, b, c = Value(2), Value(-3), Value(10); y = (a * b + c).tanh(); y.backward(); \
  open("docs/graphs/expression.svg", "wb").write(y.draw(a=a, b=b, c=c, y=y).render())
graphs: $(STAMP)
	$(BIN)/python -c '$(EXPRESSION)'
	$(BIN)/benchgrad graph scalar --out docs/graphs/scalar.svg
	$(BIN)/benchgrad graph tensor --out docs/graphs/tensor.svg

# Engines with one fault each: the conformance checks must convict all of them by their numbers.
mutants: $(STAMP)
	$(BIN)/python tests/engines/conformance/score.py mutants

# Of thirty faults taken at random, does the first story name each, and is its cause true?
stories: $(STAMP)
	$(BIN)/python tests/engines/conformance/score.py stories

# Engines that are right, with twenty seeds, or as many as ENGINES begins with; after make
# test-peers, ENGINES="5 torch jax" and BIN=.venv-peers/bin include the peers.
precision: $(STAMP)
	$(BIN)/python tests/engines/conformance/score.py precision $(ENGINES)

# The speeds that docs/performance.md promises; the records take 300 MB, most of them parameters. To
# include the peers, after make test-peers: make targets BIN=.venv-peers/bin
targets: $(STAMP)
	$(BIN)/benchgrad run tools/plans/targets.toml --out $(OUT)/targets
	$(BIN)/benchgrad run tools/plans/targets-64.toml --out $(OUT)/targets-64
	$(BIN)/benchgrad run tools/plans/targets-wide.toml --out $(OUT)/targets-wide

# What the harness adds to the times that it measures; see docs/measurement.md.
overhead: $(STAMP)
	$(BIN)/python tools/overhead.py

# The same engine twice, and one that is slower by 5 %; see docs/measurement.md. On a busy machine:
# make verdicts ARGS="--busy --rounds 5 --runs 20"
verdicts: $(STAMP)
	$(BIN)/python -P tools/verdicts.py $(ARGS)

# The same engine in run after run, and one with 1 % more work; see docs/measurement.md.
instructions: $(STAMP)
	$(BIN)/python -P tools/instructions.py

# Accuracy and time of the estimator on five data sets, with each engine; see docs/estimator.md.
data-sets: $(STAMP)
	$(BIN)/python -P tools/data_sets.py $(ENGINES)

clean:
	rm -rf $(VENV) $(PEERS) $(LOWEST) $(WHEEL) build dist *.egg-info $(OUT) .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
