# make demo: set up, run the embedded data, end with the path of the report.
# make test: set up, run the tests; make test-quick: in a minute and a half,
# those that run no workflow, register no brain, need no browser and are not the suite of hostile input;
# make test-long: them, random input and mutants (2 h).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
ANTS := .venv-ants
PARALLEL := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

BENCHMARKS := $(addprefix bench-,ages agreement atlas brain segmentation lesions ghosts norms pattern workflow masks \
	sabotage interruptions planning cohort)

.PHONY: demo docs test test-quick test-long lint fuzz mutants ants bench bench-registration clean $(BENCHMARKS)

demo: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" snakemake
	@echo "$(CURDIR)/results/demo/index.html"

# The documentation as a site, with the demo's pages as an example to look at.
docs: demo
	$(BIN)/python -m sphinx -q -n -W -b html docs results/docs
	@mkdir -p results/docs/example && cp results/demo/*.html results/docs/example/
	@echo "$(CURDIR)/results/docs/index.html"

test: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest $(PARALLEL)

test-quick: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest $(PARALLEL) -m "not slow"

# Random input, for FUZZ_MINUTES (10 if nothing is said).
fuzz: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tests/hostile/fuzz.py

# What is too long for every change.
test-long: test fuzz mutants

# How many small faults the tests notice; an hour.
mutants: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python benchmarks/mutants.py --jobs 2

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow
	@! PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --lint 2>&1 | grep '^ *\* ' | grep -v 'conda environment or container'

bench: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python benchmarks/stages.py

$(BENCHMARKS): bench-%: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python benchmarks/$*.py

bench-registration: $(READY) ants
	@PATH="$(CURDIR)/$(BIN):$$PATH" CPIMAGING_ANTS_PYTHON="$(CURDIR)/$(ANTS)/bin/python" \
		$(BIN)/python benchmarks/registration.py

# The engine of ANTs, in an environment of its own.
ants: $(ANTS)/ready

$(ANTS)/ready:
	$(PYTHON) -m venv $(ANTS)
	$(ANTS)/bin/pip install --quiet --disable-pip-version-check "antspyx>=0.6"
	@touch $@

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "cpimaging needs Python 3.11 or newer: make PYTHON=python3.12 …"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "the venv module is missing: sudo apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev]"
	@touch $(READY)

clean:
	rm -rf results .snakemake
