# The front door. CMake and Ninja do the work; `make help` lists what there is.
BUILD   ?= build
PREFIX  ?= /usr/local
FUZZ_SECONDS ?= 60
# ON in CI: a newer compiler's warnings are no reason not to build.
WERROR  ?= OFF
# OFF: neither asks for HTTP/3's packages nor builds it.
export HTTP3 ?= ON
CMAKE    = cmake -G Ninja -B $(BUILD) -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=$(PREFIX) \
           -DCODICIL_WERROR=$(WERROR) -DCODICIL_HTTP3=$(HTTP3)

.PHONY: all help deps configure demo lab test interop bench fuzz install format tidy lint clean

all: configure
	@cmake --build $(BUILD) --target codicil codicil_shared codicil_static

help:
	@echo 'make            the program at $(BUILD)/codicil, and the library'
	@echo 'make demo       three sites on one connection, and the same on three'
	@echo 'make lab        attacks on secondary certificates, played; $(BUILD)/lab/index.html'
	@echo 'make test       everything that needs no other programs'
	@echo 'make interop    browsers and other clients; installs them'
	@echo 'make bench      a table, and $(BUILD)/bench/results.jsonl'
	@echo 'make fuzz       every fuzz target, FUZZ_SECONDS=$(FUZZ_SECONDS) in all (needs clang)'
	@echo 'make install    to DESTDIR and PREFIX=$(PREFIX)'
	@echo 'make format     clang-format on every file'
	@echo 'make lint       include rules, clauses, format, clang-tidy'
	@echo 'make clean      remove $(BUILD)/'

# Installs what is missing; does nothing where all is there.
deps:
	@scripts/deps build

configure: deps
	@$(CMAKE) --log-level=WARNING >/dev/null

demo: all
	@scripts/demo $(BUILD)

lab: all
	@scripts/lab $(BUILD)

test: configure
	@cmake --build $(BUILD)
	@scripts/test $(BUILD)

interop: configure
	@scripts/deps interop
	@$(CMAKE) --log-level=WARNING >/dev/null
	@cmake --build $(BUILD)
	@scripts/test --interop $(BUILD)

bench: configure
	@scripts/deps bench
	@$(CMAKE) -DCODICIL_BENCH=ON --log-level=WARNING >/dev/null
	@cmake --build $(BUILD)
	@scripts/bench $(BUILD)

fuzz: deps
	@scripts/deps lint
	@scripts/fuzz $(FUZZ_SECONDS)

install: all
	@cmake --install $(BUILD) --prefix $(PREFIX)

format:
	@scripts/format --fix

tidy: configure
	@scripts/tidy $(BUILD)

lint: tidy
	@scripts/check-includes
	@scripts/clauses --check
	@scripts/format

clean:
	rm -rf $(BUILD) build-*
