# Targets for daily use. Each installs missing programs and packages first, which takes time only once.

PYTHON := .venv/bin/python
UV := $(shell command -v uv || echo .devstack/tools/bin/uv)
PACKAGES := backup gateway auth_service converter_service notification_service shared devstack deploy bench tests tonegate_client

# File names are exported unexpanded: neither make nor the shell interprets them.
override VIDEO := $(value VIDEO)
override OUT := $(value OUT)
SBOM := dist/sbom.json
override SBOM := $(value SBOM)
override TO := $(value TO)
override FROM := $(value FROM)
export VIDEO OUT SBOM TO FROM

.DEFAULT_GOAL := help
.PHONY: help bootstrap demo up down backup restore test test-media test-fast check audit sbom bench differences faults faults-planted faults-stops faults-restarts test-containers

help:
	@echo 'make demo [VIDEO=path] [OUT=path]   converts a video, shows the MP3 and the mail, stops everything'
	@echo 'make up [GATEWAY_PORT=8000]         the whole system in the background'
	@echo 'make down                           stops the system; data stays in .devstack/'
	@echo 'make backup [TO=directory]          a backup of the running system, below .devstack/backups/'
	@echo 'make restore FROM=directory         restores a backup into a system without data'
	@echo 'make test                           the whole test suite, on real servers and a real browser'
	@echo 'make test-media                     every media case on every generation of ffmpeg'
	@echo 'make test-fast                      unit and contract tests without servers; under a minute'
	@echo 'make check                          style, types, import contracts, lock file, known vulnerabilities'
	@echo 'make audit                          fails for known vulnerabilities of the locked packages'
	@echo 'make sbom [SBOM=dist/sbom.json]     the packages of the services, as CycloneDX'
	@echo 'make bench                          measurements'
	@echo 'make differences                    compares results with those of a plain ffmpeg; some minutes'
	@echo 'make faults                         injects some 500 faults; about forty minutes on two cores'
	@echo 'make test-containers                builds compose.yaml and tests its containers; needs Docker'
	@echo 'make faults-planted                 checks that `make faults` detects planted defects'
	@echo 'make faults-stops                   stops notification_service 200 times, and 200 times with outages'
	@echo 'make faults-restarts                restarts every service 100 times under clients that keep connections'

bootstrap:
	@devstack/bootstrap.sh $(BOOTSTRAP_OPTIONS)

demo up down backup restore: bootstrap
	@$(PYTHON) -m devstack $@

# Only the tests need a browser and other generations of ffmpeg.
test test-media: BOOTSTRAP_OPTIONS := --tests

test: bootstrap
	@$(PYTHON) -m tests

test-media: bootstrap
	@TONEGATE_ALL_CASES=1 $(PYTHON) -m tests tests/integration/converter_service/ffmpeg

test-fast: bootstrap
	@$(PYTHON) -m tests --fast

check: bootstrap
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy --strict $(addprefix -p ,$(PACKAGES))
	@.venv/bin/mypy --strict --python-version 3.10 -p tonegate_client
	@PYTHONPATH=client/src .venv/bin/lint-imports
	@$(PYTHON) -m devstack.page --check
	@$(UV) lock --check
	@devstack/audit.sh $(UV) || echo 'known vulnerabilities: see above, and `make audit`' >&2
	@$(PYTHON) -m devstack.page_audit || echo 'known vulnerabilities: see above, and `make audit`' >&2

# Separate, because a vulnerability that becomes known must not stop all other work at once.
audit: bootstrap
	@failed=0; \
	devstack/audit.sh $(UV) || failed=1; \
	$(PYTHON) -m devstack.page_audit || failed=1; \
	exit $$failed

sbom: bootstrap
	@mkdir -p dist
	@$(UV) export --quiet --frozen --all-extras --no-default-groups \
		--preview-features sbom-export --format cyclonedx1.5 --output-file "$$SBOM"

bench: bootstrap
	@$(PYTHON) -m bench

differences: bootstrap
	@$(PYTHON) -m bench.differential docs/differences.md

faults: bootstrap
	@failed=0; \
	for what in '' --three; do $(PYTHON) -m tests.faults $$what || failed=1; done; \
	exit $$failed

test-containers: bootstrap
	@TONEGATE_CONTAINERS=1 $(PYTHON) -m pytest tests/containers

faults-planted: bootstrap
	@$(PYTHON) -m tests.faults --planted

faults-stops: bootstrap
	@$(PYTHON) -m tests.faults.stops --stops 200
	@$(PYTHON) -m tests.faults.stops --stops 200 --outages

faults-restarts: bootstrap
	@$(PYTHON) -m tests.faults.rolling_restarts
