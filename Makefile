# make demo   sets everything up and runs the main job with simulated partners, until Ctrl-C
# make test   sets everything up and runs the tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WARM := $(VENV)/.warm
# Without compiled files each process compiles all that it imports: a worker of the tests ten seconds long.
unexport PYTHONDONTWRITEBYTECODE


.PHONY: demo test slow peers conformance crash check lint types contracts fresh docs bench lock clean

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Corridor needs Python 3.11 or later"'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY)
	$(BIN)/corridor demo

# Four workers on two cores: many tests wait for a partner, a timeout or the disk.
test: $(READY) $(WARM)
	$(BIN)/pytest -q -n 4 --dist worksteal -m "not slow"

# Python 3.11 now and then fails to rewrite a large module's asserts; what is in its cache needs no rewriting.
$(WARM): $(READY) $(shell find engine tests -name '*.py')
	@$(BIN)/pytest -q --collect-only -m "not slow" > /dev/null 2>&1 || true
	@touch $(WARM)

slow: $(READY) $(WARM)
	$(BIN)/pytest -q -n 2 --dist loadfile -m "slow and not alone" --durations=10
	$(BIN)/pytest -q -m "slow and alone" --durations=10

# What others wrote for node and is tested against Corridor; its tests are skipped where it is missing.
peers:
	@if command -v npm > /dev/null; then cd tests/peers && npm ci --silent --no-audit --no-fund; else echo "npm is not installed"; fi

# Agreement with data and expected outputs that others made, where they are beside this checkout.
conformance: $(READY)
	$(BIN)/python -m tests.conformance

crash: $(READY)
	CORRIDOR_KILLS=20 $(BIN)/pytest -q -m slow tests/test_crash.py tests/store

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports

fresh: $(READY)
	$(BIN)/python -m engine.reference --check

docs: $(READY)
	$(BIN)/python -m engine.reference

check: lint types contracts fresh test
	$(BIN)/corridor check
	$(BIN)/corridor test

bench: $(READY)
	$(BIN)/python bench/run.py

lock:
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --extra dev -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
