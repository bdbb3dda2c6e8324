# Everything a person needs: run, test, bench. A fresh machine needs Rust and Node; the rest is installed here.
# CI keeps its target folder outside the checkout through CARGO_TARGET_DIR.

CARGO ?= cargo
ARGS ?=
# The built program, for the tests that need it.
PHAROS_BIN ?= $(or $(CARGO_TARGET_DIR),$(CURDIR)/target)/release/pharos
export PHAROS_BIN

.PHONY: run build web test lint unit conformance e2e bench clean tools

## Build everything, screen included, and start a server that watches itself on http://127.0.0.1:9090
run: web
	$(CARGO) run --release --bin pharos -- serve $(ARGS)

build: web
	$(CARGO) build --release --bin pharos

web: web/dist/index.html

web/node_modules/.installed: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	touch $@

web/dist/index.html: web/node_modules/.installed $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
	cd web && npm run build
	touch $@

## The whole check, the same for everyone
test: tools lint unit conformance e2e

tools:
	tools/install-test-tools

lint: web
	$(CARGO) fmt --all --check
	$(CARGO) xtask tidy
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	cd web && npm run check

unit: web
	$(CARGO) test --workspace

conformance: web
	$(CARGO) run --release -p conformance -- promql tests/promql
	tools/run-conformance

e2e: build
	cd tests/e2e && ./run
	cd web && npm run e2e

## Beside Debian's prometheus and victoria-metrics: prints the table of figures
bench: tools build
	$(CARGO) run --release -p bench -- $(ARGS)

clean:
	$(CARGO) clean
	rm -rf web/dist web/node_modules
