# Needs Python 3.11 or newer and make. Everything else is installed below .venv and web/node_modules, pinned by hash.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/share/lathe
PIP := $(BIN)/uv pip install --python $(BIN)/python
SOURCES := domain adapters command_api query_api processors ml_worker cli tests

# Accept the certificate authorities that the system trusts (a company's proxy may need it).
export UV_SYSTEM_CERTS := 1
export UV_CUSTOM_COMPILE_COMMAND := make lock

.DEFAULT_GOAL := help
.PHONY: help up down compose-up compose-down test lint lint-fix types web-test histories bench chaos docs docs-serve asyncapi-lint clean lock dev

help:
	@echo "make up        start everything; the page's address is printed (Ctrl-C stops it)"
	@echo "make down      stop what 'make up' started elsewhere"
	@echo "make compose-up   the same in containers, with Docker; 'make compose-down' stops them (their volumes stay)"
	@echo "make test      lint, types, layers, tests"
	@echo "make lint      what an editor shows; 'make lint-fix' repairs what it can"
	@echo "make bench     measure against the peers in benchmarks/ (QUICK=1, ONLY='accept rebuild', EVENTS=1000000, REPORT=1)"
	@echo "make histories  live = replay = rebuild over 10,000 generated histories, 200 in PostgreSQL (HISTORIES=…; it takes long)"
	@echo "make chaos     the model, rival owners, and the whole service killed, frozen and cut off (MINUTES=35, SEED=1, REPORT=1, ONLY=service)"
	@echo "make docs      build the documentation into build/site; 'make docs-serve' shows it while you write"
	@echo "make asyncapi-lint   check docs/asyncapi.yaml, the log's contract, with AsyncAPI's own parser"
	@echo "make lock      pin the newest versions that pyproject.toml allows"
	@echo "make clean     remove everything that was installed or built (not the state in .lathe)"

up: $(STAMPS)/base
	@exec $(BIN)/lathe up

down:
	@if [ -x $(BIN)/lathe ]; then $(BIN)/lathe down; else echo "Lathe does not run."; fi

COMPOSE := docker compose --file docker/compose.yaml

compose-up:
	@$(call require-docker)
	@$(PYTHON) docker/make_secrets.py
	$(COMPOSE) up --build --detach --wait
	@echo "Lathe runs. The page: http://$$($(COMPOSE) port gateway 8080)  Grafana: http://$$($(COMPOSE) port grafana 3000)"
	@echo "User admin: its password is LATHE_ADMIN_PASSWORD in docker/.env"

compose-down:
	@$(call require-docker)
	@$(PYTHON) docker/make_secrets.py
	$(COMPOSE) down

define require-docker
command -v docker >/dev/null || { \
  echo "Docker is not installed here. Install Docker Engine with its compose plugin, or run 'make up', which needs Python alone."; exit 1; }; \
docker compose version >/dev/null 2>&1 || { \
  echo "Docker has no compose plugin here. Install it (on Debian and Ubuntu: apt-get install docker-compose-plugin), or run 'make up'."; exit 1; }; \
docker info >/dev/null 2>&1 || { \
  echo "The Docker engine does not answer. Start it, and see that you may use it (docker info), or run 'make up'."; exit 1; }
endef

test: $(STAMPS)/dev $(STAMPS)/peers lint types web-test
	$(BIN)/lathe fetch
	$(BIN)/python -m cli.stack.web
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --durations 20 --durations-min 5

lint: $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

lint-fix: $(STAMPS)/dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(STAMPS)/dev
	$(BIN)/mypy

web-test: $(STAMPS)/base
	$(BIN)/python -m cli.stack.web test

HISTORIES := 10000

histories: $(STAMPS)/dev
	LATHE_TEST_HISTORIES=$(HISTORIES) $(BIN)/python -m pytest tests/rebuild/test_histories.py -q --durations 3

bench: $(STAMPS)/dev $(STAMPS)/peers
	$(BIN)/lathe fetch
	$(BIN)/python -m benchmarks $(if $(QUICK),--quick) $(if $(REPORT),--report) $(if $(EVENTS),--events $(EVENTS)) $(ONLY)

chaos: $(STAMPS)/dev
	$(BIN)/lathe fetch
	$(BIN)/python -m cli.stack.web
	$(BIN)/python -m tests.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(if $(REPORT),--report) $(ONLY)

docs: $(STAMPS)/dev
	NO_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs build --strict --quiet
	@echo "build/site/index.html"

asyncapi-lint: $(STAMPS)/dev
	$(BIN)/python -m tests.evolution.asyncapi_lint

docs-serve: $(STAMPS)/dev
	NO_MKDOCS_2_WARNING=true $(BIN)/python -m mkdocs serve

clean: down
	rm -rf $(VENV) web/node_modules web/dist build dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

dev: $(STAMPS)/dev

# One stamp for each set of requirements: what is installed is not installed again.

$(STAMPS)/uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Lathe needs Python 3.11 or newer, and $(PYTHON) is older. Name another one: make PYTHON=python3.12 up"; exit 1; }
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/uv.txt
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/base: requirements/base.txt pyproject.toml $(STAMPS)/uv
	@echo "Installing what Lathe needs (about 300 MB the first time; the worker's PyTorch follows when the page is up)."
	@$(PIP) --require-hashes -r requirements/base.txt
	@$(PIP) --quiet --no-deps --offline --editable .
	@touch $@

$(STAMPS)/dev: requirements/dev.txt $(STAMPS)/base
	$(PIP) --require-hashes -r requirements/dev.txt
	$(BIN)/python -m cli.stack.install mark
	@touch $@

# What `make bench` compares with has an environment of its own: Celery pins versions that Lathe does not want.
$(STAMPS)/peers: requirements/bench.txt $(STAMPS)/uv
	@[ -x $(VENV)/peers/bin/python ] || $(BIN)/uv venv --quiet $(VENV)/peers
	$(BIN)/uv pip install --quiet --python $(VENV)/peers/bin/python --require-hashes -r requirements/bench.txt
	@touch $@

# Valid for Python 3.11 to 3.13 on Linux (x86_64, aarch64) and macOS, with one version of each package in all sets:
# services (the API images) is part of base (what `make up` needs) and of worker (its image), and all are part of dev.
COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --quiet
UPGRADE ?= --upgrade

lock: $(STAMPS)/uv
	$(COMPILE) $(UPGRADE) -o requirements/services.txt
	$(COMPILE) $(UPGRADE) --extra embedded -c requirements/services.txt -o requirements/base.txt
	$(COMPILE) $(UPGRADE) --extra worker -c requirements/base.txt -o requirements/worker.txt
	$(COMPILE) $(UPGRADE) --extra embedded --extra worker --extra dev -c requirements/base.txt -c requirements/worker.txt -o requirements/dev.txt
	$(BIN)/uv pip compile --group pyproject.toml:bench --universal --python-version 3.11 --generate-hashes --quiet $(UPGRADE) -o requirements/bench.txt
	awk '/^uv==/ { on = 1 } on && !/^(uv==| )/ { exit } on && !/#/' requirements/base.txt > requirements/uv.txt
