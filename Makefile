# Everything a person runs. `make help` lists the commands.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
RUN := $(PYTHON) -m scripts

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  make build RAW_DIR=<folder> AS_OF=<yyyy-mm-dd> [PUBLISH_TO=<file>]"
	@echo "                 builds from your own files into a file of its own"
	@echo
	@echo "  make build TARGET=postgres"
	@echo "                 builds on a PostgreSQL server instead (docs/postgresql.md)"
	@echo
	@echo "  $(RUN) --help lists the commands that take arguments."

.PHONY: build
build: venv ## Build, test, audit, publish and document (the demo, or your files)
	@$(RUN) build \
		$(if $(RAW_DIR),--raw-dir "$(RAW_DIR)") \
		$(if $(AS_OF),--as-of "$(AS_OF)") \
		$(if $(PUBLISH_TO),--publish-to "$(PUBLISH_TO)") \
		$(if $(TARGET),--target "$(TARGET)")

# Lint doesn't keep all processors busy, so the tests begin beside it.
.PHONY: test pytest
test: venv browser postgres target/manifest.json ## Lint, and every test of the project
	@$(MAKE) -j2 lint pytest

pytest: export MAKEFLAGS :=
pytest:
	@$(PYTHON) -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

.PHONY: bi-proof
bi-proof: venv browser venv-superset ## Show the metrics in a real Superset and compare them
	@$(PYTHON) -m pytest tests/superset

.PHONY: bi
bi: venv ## Write what Superset, Looker, Tableau and Power BI import
	@$(RUN) bi $(if $(PUBLISH_TO),--published-file "$(PUBLISH_TO)")

# Lint has a folder of its own, so that it can run beside a build, and passes once for a state of the
# project; a folder is younger than what was added to it or removed. sqlfluff reads what dbt has just
# parsed, as long as both are told of the same work file; it looks at the SQL that changed since the
# last pass, and at all of it when what all SQL depends on did. It ends its processes while dbt holds
# a lock in them, of which Python would warn.
LINT := work/lint
LINTED := analyses bi/* docs/* macros models scripts seeds tests *.yml *.toml *.txt *.md .sqlfluff*

SQL_TO_LINT = $(if $(filter macros/% dbt_project.yml requirements.txt .sqlfluff%,$?),models tests, \
	$(filter models/%.sql tests/%.sql,$?))

.PHONY: lint
lint: venv $(LINT)/passed ## Check style, structure and definitions (ruff, sqlfluff, dbt-bouncer)

$(LINT)/passed: export DBT_TARGET_PATH := $(LINT)/target
$(LINT)/passed: export BELLWETHER_WORK_FILE := $(LINT)/bellwether.duckdb
$(LINT)/passed: export PYTHONWARNINGS := ignore::UserWarning:multiprocessing.resource_tracker
$(LINT)/passed: $(shell find $(LINTED) ! -path '*__pycache__*' 2>/dev/null)
	@.venv/bin/ruff check --quiet bi models scripts tests
	@.venv/bin/ruff format --quiet --check bi models scripts tests
	@.venv/bin/dbt --quiet parse
	@DBT_PROJECT_DIR=$(LINT) .venv/bin/dbt-bouncer run
	@$(RUN) check-definitions --target $(LINT)/target
	@$(if $(strip $(SQL_TO_LINT)), \
		DBT_PARTIAL_PARSE=true .venv/bin/sqlfluff lint --disable-progress-bar $(SQL_TO_LINT))
	@touch $@

# Tests read what the last build parsed, unless the project changed since.
PARSED := analyses macros models seeds tests/generic tests/singular docs/*.md *.yml requirements.txt
target/manifest.json: $(shell find $(PARSED) 2>/dev/null)
	@.venv/bin/dbt --quiet parse

.PHONY: docs
docs: venv ## Write the docs and the metric dictionary anew
	@$(RUN) docs

.PHONY: audit
audit: venv ## Audit the last build anew
	@$(RUN) audit

.PHONY: close
close: venv ## Freeze a month's published values for ever: make close MONTH=2026-05
	@$(RUN) close --month "$(MONTH)" $(if $(PUBLISH_TO),--publish-to "$(PUBLISH_TO)")

.PHONY: history
history: venv ## List the builds that were published
	@$(RUN) history $(if $(PUBLISH_TO),--published-file "$(PUBLISH_TO)")

.PHONY: pages
pages: venv ## Write the executive pages, a static site of the metrics
	@$(RUN) pages $(if $(PUBLISH_TO),--published-file "$(PUBLISH_TO)")

.PHONY: pack
pack: venv ## Write a week's or month's pack: make pack WEEK=2026-06-28, or MONTH=2026-06
	@$(RUN) pack $(if $(WEEK),--week "$(WEEK)") $(if $(MONTH),--month "$(MONTH)") \
		$(if $(PUBLISH_TO),--published-file "$(PUBLISH_TO)")

.PHONY: qbr
qbr: venv ## Write the business review of one account: make qbr ACCOUNT=<id or name>
	@$(RUN) qbr --account "$(ACCOUNT)" $(if $(PUBLISH_TO),--published-file "$(PUBLISH_TO)")

.PHONY: health-report
health-report: venv ## Write the page on how well the health score tells who leaves
	@$(RUN) health-report $(if $(PUBLISH_TO),--publish-to "$(PUBLISH_TO)")

.PHONY: metrics-diff
metrics-diff: venv ## Compare the metrics with those of a git ref, values included
	@$(RUN) metrics-diff --base "$(or $(BASE),main)"

.PHONY: bench
bench: venv ## Time each part of the build, and a company of 10,000 accounts
	@$(RUN) bench

.PHONY: clean
clean: ## Remove what a build makes: work file, published files, logs
	@rm -rf target logs work/*
	@# A commentary holds what a person wrote, so it stays.
	@[ ! -d published ] || find published -depth \
		\( ! -type d ! -name commentary.md -o -type d -empty \) -delete

# The docs page is tested in a real browser, Debian's chromium. Without it and without the
# rights to install it those tests say that they were skipped; with CI=true they fail.
.PHONY: browser
browser:
	@if ! command -v chromium chromium-browser >/dev/null && [ "$$(id -u)" = 0 ] \
		&& command -v apt-get >/dev/null; then \
		echo "Installing chromium, which the tests of the docs page open (once)"; \
		(apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium) \
			>/dev/null 2>&1 || echo "chromium could not be installed" >&2; \
	fi

# The project is also built on a private PostgreSQL server, of Debian's package. As with the browser;
# the package itself would start a server of its own, which nobody asked for.
.PHONY: postgres
postgres:
	@if ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && [ "$$(id -u)" = 0 ] \
		&& command -v apt-get >/dev/null; then \
		echo "Installing postgresql, on which the tests build the project too (once)"; \
		(apt-get -qq update && apt-get -qq install -y --no-install-recommends postgresql-common \
			&& echo "create_main_cluster = false" >> /etc/postgresql-common/createcluster.conf \
			&& apt-get -qq install -y --no-install-recommends postgresql) \
			>/dev/null 2>&1 || echo "postgresql could not be installed" >&2; \
	fi

# An environment is made once and again whenever its lock changes: a copy of the lock that it was
# made from is kept in it. Superset has one of its own, as it needs older libraries.
.PHONY: venv venv-superset
venv: ENVIRONMENT := .venv
venv: LOCK := requirements.txt
venv-superset: ENVIRONMENT := .venv-superset
venv-superset: LOCK := bi/superset/requirements.txt
venv venv-superset:
	@if ! cmp -s $(LOCK) $(ENVIRONMENT)/requirements.txt; then \
		python=; \
		for candidate in python3.11 python3; do \
			if "$$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; \
			then python=$$candidate; break; fi; \
		done; \
		if [ -z "$$python" ]; then \
			echo "Bellwether needs Python 3.11: neither python3.11 nor python3 is one." \
				"Install it (e.g. apt-get install python3.11 python3.11-venv), then make again." >&2; \
			exit 1; \
		fi; \
		echo "Setting up $(ENVIRONMENT) from $(LOCK) (once)"; \
		"$$python" -m venv $(ENVIRONMENT); \
		$(ENVIRONMENT)/bin/pip install -qq --disable-pip-version-check --no-deps -r $(LOCK); \
		cp $(LOCK) $(ENVIRONMENT)/requirements.txt; \
	fi
