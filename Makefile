# The verbs a person types. Each first installs what is missing; that takes a moment only once.

PYTHON := .venv/bin/python
UV := $(shell command -v uv || echo .devstack/tools/bin/uv)
PACKAGES := gateway auth_service converter_service notification_service shared devstack deploy bench tests

# A file may have any name: handed on as it was typed, never through make's or the shell's own syntax.
override VIDEO := $(value VIDEO)
override OUT := $(value OUT)
export VIDEO OUT

.DEFAULT_GOAL := help
.PHONY: help bootstrap demo up down test check bench faults faults-planted

help:
	@echo 'make demo [VIDEO=path] [OUT=path]   a video in, an MP3 and a mail out; stops what it started'
	@echo 'make up [GATEWAY_PORT=8000]         the whole system in the background'
	@echo 'make down                           stops it; data stays in .devstack/'
	@echo 'make test                           the whole test suite'
	@echo 'make check                          style, types, import contracts, lock file'
	@echo 'make bench                          measurements'
	@echo 'make faults                         breaks everything, hundreds of times; about half an hour'
	@echo 'make faults-planted                 plants mistakes, to see that faults finds each of them'

bootstrap:
	@devstack/bootstrap.sh

demo up down: bootstrap
	@$(PYTHON) -m devstack $@

test: bootstrap
	@$(PYTHON) -m tests

check: bootstrap
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy --strict $(addprefix -p ,$(PACKAGES))
	@.venv/bin/lint-imports
	@$(UV) lock --check

bench: bootstrap
	@$(PYTHON) -m bench

faults: bootstrap
	@failed=0; \
	for what in '' --three; do $(PYTHON) -m tests.faults $$what || failed=1; done; \
	exit $$failed

faults-planted: bootstrap
	@$(PYTHON) -m tests.faults --planted
