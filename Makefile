# hail: one Makefile, no recursion. `make help` lists the targets.

VERSION  = 0.1
VARIANT ?= release
PREFIX  ?= /usr/local
BUILD    = build/$(VARIANT)

# Debian packages, in one place: what the build needs, what `make demo` starts, what the tests use.
PACKAGES_BUILD = gcc libc6-dev pkg-config libwebsockets-dev libssl-dev libevent-dev libjansson-dev libhiredis-dev \
		 zlib1g-dev libedit-dev libpcre2-dev
PACKAGES_DEMO  = redis-server haproxy
PACKAGES_TEST  = bats clang libclang-rt-dev clang-format mandoc shellcheck jq curl ca-certificates procps util-linux \
		 openssl tmux nginx-light libnginx-mod-nchan mosquitto python3-websockets zsh fish
# Node.js and npm come from Debian unless the machine has its own.
PACKAGES_TEST += $(if $(shell command -v node),,nodejs) $(if $(shell command -v npm),,npm)

LIBRARIES = libwebsockets libevent_core libevent_extra jansson hiredis libssl libcrypto zlib libedit libpcre2-8

CC       ?= cc
WARNINGS  = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Werror
STANDARD  = -std=c11 -D_GNU_SOURCE -DHAIL_VERSION='"$(VERSION)"' -I.
OPTIMISE  = -O2 -g
ifeq ($(VARIANT),asan)
OPTIMISE  = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
endif
ifeq ($(VARIANT),tsan)
OPTIMISE  = -O1 -g -fno-omit-frame-pointer -fsanitize=thread
endif
ifeq ($(VARIANT),fuzz)
CC        = clang
OPTIMISE  = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link \
	    -fno-sanitize-recover=all
endif

# The packages may only arrive with `make deps`, so pkg-config is asked when a recipe runs.
PKG_CFLAGS = $$(pkg-config --cflags $(LIBRARIES))
PKG_LIBS   = $$(pkg-config --libs $(LIBRARIES)) -lm
COMPILE    = $(CC) $(STANDARD) $(OPTIMISE) $(WARNINGS) $(CFLAGS) $(PKG_CFLAGS)

LIB_SOURCES   = $(sort $(wildcard lib/*/*.c))
BENCH_SOURCES = $(sort $(wildcard bench/plan/*.c bench/load/*.c bench/ledger/*.c \
		bench/report/*.c bench/run/*.c))
CLI_SOURCES   = $(sort $(wildcard cli/*.c))
DIALECTS      = $(sort $(wildcard bench/dialects/*.json))
OBJECTS       = $(patsubst %.c,$(BUILD)/%.o,$(LIB_SOURCES) $(BENCH_SOURCES)) $(BUILD)/bench/dialects.o
CLI_OBJECTS   = $(patsubst %.c,$(BUILD)/%.o,$(CLI_SOURCES))

# What of cli/ the unit tests are linked with.
CLI_TESTED    = $(patsubst %,$(BUILD)/cli/%.o,opt rune paste history draw slash record record_open record_text said \
		volatile show show_line show_hex show_json show_opened show_wire show_refusal)
UNIT_TESTS    = $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*_test.c))
TEST_SERVERS  = $(patsubst tests/servers/%.c,$(BUILD)/tests/servers/%,$(wildcard tests/servers/*.c))
FUZZERS       = $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/*_fuzz.c))
RIG           = $(addprefix $(BUILD)/bench/rig/,floor tls_floor echo_server)

MAN_PAGES     = $(sort $(wildcard man/*.[1-8]))
C_FILES       = $(shell git ls-files '*.c' '*.h')

ifndef V
.SILENT:
SAY = printf '  %-5s %s\n'
else
SAY = :
endif
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif

.PHONY: all
all: $(BUILD)/hail

.PHONY: help
help:
	echo 'make            build/release/hail (V=1 shows commands, VARIANT=asan|tsan|fuzz elsewhere)'
	echo 'make deps       install the Debian packages that are missing'
	echo 'make demo       three nodes, Redis and HAProxy, loaded and measured'
	echo 'make check      every test'
	echo 'make bench      processor time and memory against the floor client'
	echo 'make asan tsan fuzz lint format install uninstall clean'

$(BUILD)/hail: $(CLI_OBJECTS) $(BUILD)/libhail.a
	$(SAY) LD $@
	$(CC) $(OPTIMISE) $(LDFLAGS) -o $@ $(CLI_OBJECTS) $(BUILD)/libhail.a $(PKG_LIBS)

$(BUILD)/libhail.a: $(OBJECTS)
	$(SAY) AR $@
	rm -f $@
	ar crs $@ $(OBJECTS)

$(BUILD)/%.o: %.c Makefile
	$(SAY) CC $<
	mkdir -p $(@D)
	$(COMPILE) -MMD -MP -c -o $@ $<

# The built-in dialects as C, see bench/plan/dialect_files.h. The folder is as new as the last file
# that was added or taken away.
$(BUILD)/bench/dialects.c: $(DIALECTS) bench/dialects Makefile
	$(SAY) GEN $@
	mkdir -p $(@D)
	{ printf '%s\n' '#include "bench/plan/dialect_files.h"' 'const char dialect_file_names[] =' \
		$(patsubst %,'"%\0"',$(basename $(notdir $(DIALECTS)))) '"";' \
		'const char *const dialect_file_texts[] = {' && \
	sed -s -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' -e '$$s/$$/,/' $(DIALECTS) && \
	echo '0};'; } >$@.new
	mv $@.new $@

$(BUILD)/%.o: $(BUILD)/%.c
	$(SAY) CC $<
	$(COMPILE) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(BUILD)/tests/unit/tap.o $(CLI_TESTED) $(BUILD)/libhail.a
	$(SAY) LD $@
	$(CC) $(OPTIMISE) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/tests/servers/%: $(BUILD)/tests/servers/%.o $(BUILD)/libhail.a
	$(SAY) LD $@
	$(CC) $(OPTIMISE) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/libhail.a
	$(SAY) LD $@
	$(CC) $(OPTIMISE) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

# The rig is what speed is measured against: always built the same way.
$(BUILD)/bench/rig/%: bench/rig/%.c
	$(SAY) CC $<
	mkdir -p $(@D)
	cc -O2 -o $@ $< -lssl -lcrypto

.PHONY: objects unit-tests test-servers fuzzers rig
unit-tests: $(UNIT_TESTS)
test-servers: $(TEST_SERVERS)
fuzzers: $(FUZZERS)
rig: $(RIG)

# --- packages ---------------------------------------------------------------------------------

# $(call install_missing,PACKAGES): as root, through sudo, or by naming them.
define install_missing
missing=; \
for p in $(1); do \
	dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; \
done; \
[ -z "$$missing" ] && exit 0; \
if ! command -v apt-get >/dev/null; then \
	echo "make: this system has no apt; hail needs these Debian packages or their like:$$missing" >&2; exit 1; \
elif [ "$$(id -u)" = 0 ]; then as_root=; \
elif command -v sudo >/dev/null; then as_root=sudo; \
else echo "make: neither root nor sudo; please have these packages installed:$$missing" >&2; exit 1; fi; \
echo "  APT  $$missing"; \
{ $$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update && \
  $$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$missing; } \
	>build/apt.log 2>&1 || { tail -n 5 build/apt.log >&2; \
	echo "make: could not install:$$missing (build/apt.log has the details)" >&2; exit 1; }
endef

.PHONY: deps deps-demo deps-build
deps:
	mkdir -p build
	$(call install_missing,$(PACKAGES_BUILD) $(PACKAGES_DEMO) $(PACKAGES_TEST))
deps-demo:
	mkdir -p build
	$(call install_missing,$(PACKAGES_BUILD) $(PACKAGES_DEMO))

# Servers and checkers that we did not write, from npm, for the tests.
FOREIGN = build/foreign/node_modules/.installed
$(FOREIGN): tests/foreign/package.json
	$(SAY) NPM $<
	mkdir -p build/foreign
	cp $< build/foreign/package.json
	npm install --prefix build/foreign --silent --no-package-lock --no-audit --no-fund
	touch $@

.PHONY: foreign
foreign: $(FOREIGN)

# --- what people run --------------------------------------------------------------------------

.PHONY: demo
demo: deps-demo
	$(MAKE) --no-print-directory all
	bench/demo.sh $(BUILD)/hail build/demo

.PHONY: check
check: deps
	$(MAKE) --no-print-directory all unit-tests test-servers rig foreign
	$(MAKE) --no-print-directory VARIANT=asan all unit-tests test-servers
	$(MAKE) --no-print-directory VARIANT=fuzz fuzzers
	tests/run.sh

.PHONY: asan tsan fuzz
asan tsan:
	$(MAKE) --no-print-directory VARIANT=$@ all unit-tests
fuzz:
	$(MAKE) --no-print-directory VARIANT=fuzz fuzzers
	tests/fuzz/run.sh build/fuzz/tests/fuzz

.PHONY: bench
bench: all rig
	bench/speed.sh

.PHONY: lint format
lint:
	tests/lint/run.sh
format:
	clang-format -i $(C_FILES)

COMPLETIONS = share/bash-completion/completions/hail share/zsh/site-functions/_hail \
	      share/fish/vendor_completions.d/hail.fish

# For editors, and scripts to begin with.
EXAMPLES = $(sort $(wildcard man/examples/*.hail))
VIM      = share/vim/vimfiles/syntax/hail.vim
TEXTMATE = share/hail/hail.tmLanguage.json
STORIES  = share/doc/hail/examples

.PHONY: install uninstall
install: all
	install -D -m 755 $(BUILD)/hail $(DESTDIR)$(PREFIX)/bin/hail
	install -D -m 644 man/share/hail.vim $(DESTDIR)$(PREFIX)/$(VIM)
	install -D -m 644 man/share/hail.tmLanguage.json $(DESTDIR)$(PREFIX)/$(TEXTMATE)
	install -d $(DESTDIR)$(PREFIX)/$(STORIES)
	install -m 644 $(EXAMPLES) $(DESTDIR)$(PREFIX)/$(STORIES)
	for page in $(MAN_PAGES); do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page#man/}; \
	done
	for file in $(COMPLETIONS); do \
		shell=$${file#share/}; shell=$${shell%%[-/]*}; \
		install -d $$(dirname $(DESTDIR)$(PREFIX)/$$file); \
		$(BUILD)/hail --completion $$shell >$(DESTDIR)$(PREFIX)/$$file; \
	done
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/hail $(addprefix $(DESTDIR)$(PREFIX)/,$(COMPLETIONS) $(VIM) $(TEXTMATE))
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/$(STORIES)/,$(notdir $(EXAMPLES)))
	for page in $(MAN_PAGES); do \
		rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page#man/}; \
	done

.PHONY: clean
clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
