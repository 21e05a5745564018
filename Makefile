# `make demo` and `make test` need Python 3.11 or newer and nothing else installed.

PYTHON ?= python3
# On two cores: tests wait for delays as long as they compute.
JOBS ?= 4
VENV := .venv
RUN := $(VENV)/bin/python
PYTEST := $(RUN) -m pytest -n $(JOBS) --dist loadscope
INSTALL := $(RUN) -m pip install --quiet --require-hashes
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help install demo site image test nightly nightly-server chaos chaos-cluster simulate lint check quality proofs mutate test-unpinned screenshots golden sample lock

help:  ## what there is to make
	@sed -n 's/^\([a-z][a-z-]*\):.*  ## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# Scripts for the tests in a browser, where there is npm; without, those tests are skipped.
BROWSER := $(if $(shell command -v npm),tests/browser/node_modules/.package-lock.json)
tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	cd tests/browser && npm ci --silent

EXTRAS :=
install: $(VENV)/.runtime  ## the crawler in .venv; EXTRAS='export room cluster' adds what needs more
	@for extra in $(EXTRAS); do test -f requirements-$$extra.lock || \
		{ echo "there is no extra $$extra; there is: $(EXTRAS_THERE)" >&2; exit 2; }; done
	@for extra in $(EXTRAS); do $(INSTALL) --quiet --requirement requirements-$$extra.lock || exit 1; done
EXTRAS_THERE := $(filter-out dev pywb wacz,$(patsubst requirements-%.lock,%,$(wildcard requirements-*.lock)))

demo: $(VENV)/.runtime  ## crawl the loopback Xinhua into data/demo and show what was written
	$(RUN) -m tests.demo

test: $(VENV)/.dev $(VENV)-pywb/.installed $(VENV)-wacz/.installed $(BROWSER)  ## the test suite but for what is marked nightly
	$(PYTEST) $(ARGS)

nightly: $(VENV)/.dev $(VENV)-pywb/.installed $(VENV)-wacz/.installed $(BROWSER)  ## the whole test suite, with what is slow
	$(PYTEST) -m "" $(ARGS)
	$(MAKE) nightly-server

nightly-server: $(VENV)/.dev  ## runs after runs, kills and simulated days with the ledger on a PostgreSQL server
	$(PYTEST) -m "" --ledger-on-server $(ON_SERVER)
# Not what copies a folder, whose ledger stays where it was, or minds a clock that isn't the server's.
ON_SERVER := tests/history tests/chaos tests/simulation $(addprefix tests/spiders/test_, \
	list_looks.py frontier.py article_answers.py rechecks.py web_archive.py)

lint: $(VENV)/.dev  ## style, types and import direction
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports --no-cache

check: lint $(VENV)-pywb/.installed $(VENV)-wacz/.installed $(BROWSER)  ## all checks, and the test suite with its coverage
	$(PYTEST) -m "" --cov --cov-report=term $(ARGS)

site: $(VENV)/.dev  ## the loopback Xinhua, for trials of your own; ARGS=--help
	$(RUN) -m tests.site $(ARGS)

image: $(VENV)/.dev  ## build the container image with buildah and try it; ARGS=--help
	$(RUN) -m tests.image $(ARGS)

quality: $(VENV)/.dev  ## the score of every field and layout, held against its floors
	$(RUN) -m tests.quality

proofs: $(VENV)/.dev  ## the archive as tables: exchanges byte for byte, others' checkers, damage
	$(RUN) -m tests.archive $(ARGS)

mutate: $(VENV)/.dev  ## 20,000 damaged pages, none of which may crash, hang or be made up
	$(RUN) -m tests.quality.mutations $(ARGS)

UNPINNED := "pytest>=9,<10" "pytest-xdist<4" "hypothesis<7" "jsonschema<5" "cdxj-indexer<2" "fastwarc<3"
# A newer release may warn of what it will drop one day; that is no failure yet.
test-unpinned: | $(VENV)/bin/python  ## the newest releases pyproject.toml allows, in a venv of their own
	$(PYTHON) -m venv --clear $(VENV)-unpinned
	$(VENV)-unpinned/bin/python -m pip install --quiet --editable . $(UNPINNED)
	$(VENV)-unpinned/bin/python -m scrapy list
	$(VENV)-unpinned/bin/python -m pytest -n $(JOBS) --dist loadscope -W default \
		tests/pages tests/layouts tests/lists tests/archive tests/downloader/test_taps.py \
		tests/commands/test_crawl.py

golden: $(VENV)/.dev  ## what a small crawl writes, again, after a change that is meant; see its diff
	$(RUN) -m tests.golden

KILLS := 1000
chaos: $(VENV)/.dev  ## so many kills, resumed from data/chaos.json; then what was lost (nothing)
	$(RUN) -m tests.chaos.batch --kills $(KILLS)

EVENTS := 200
chaos-cluster: $(VENV)/.dev  ## workers on one PostgreSQL server that are killed, frozen, cut off; what came of it
	$(RUN) -m tests.chaos.cluster --events $(EVENTS) $(ARGS)

DAYS := 60
simulate: $(VENV)/.dev  ## so many days under cron against a site that changes, scored against its truth
	$(RUN) -m tests.simulation --days $(DAYS)

screenshots: $(VENV)/.dev $(BROWSER)  ## the reading room's pages as pictures, in build/screenshots
	$(RUN) -m tests.room.screenshots $(ARGS)

sample: $(VENV)/.runtime  ## data/sample once more, when extraction changed
	$(RUN) -m tests.sample

lock:  ## resolve the lock files again; needs uv
	uv pip compile $(LOCK) --output-file requirements.lock pyproject.toml
	uv pip compile $(LOCK) --output-file requirements-export.lock --extra export pyproject.toml
	uv pip compile $(LOCK) --output-file requirements-cluster.lock --extra cluster pyproject.toml
	uv pip compile $(LOCK) --output-file requirements-room.lock --extra room pyproject.toml
	uv pip compile $(LOCK) --output-file requirements-dev.lock --all-extras --group dev pyproject.toml
	uv pip compile $(LOCK) --output-file requirements-pywb.lock --group pywb
	uv pip compile $(LOCK) --output-file requirements-wacz.lock --group wacz
LOCK := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	--no-strip-extras  # a pin without its extra is no pin to older pips

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.runtime: requirements.lock | $(VENV)/bin/python
	$(INSTALL) --requirement requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/bin/python
	$(INSTALL) --requirement requirements-dev.lock
	@touch $@

# Tools of others that judge what we write, each in a venv of its own.
$(VENV)-%/.installed: requirements-%.lock | $(VENV)/bin/python
	$(PYTHON) -m venv --clear $(VENV)-$*
	$(VENV)-$*/bin/python -m pip install --quiet --require-hashes --no-deps --requirement $<
	@touch $@
