# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Rumpk. `make help` lists the targets. One rules.mk a folder; nothing is built outside build/.

CROSS ?= aarch64-linux-gnu-
PYTHON := /usr/bin/python3
HOSTCC ?= gcc

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

WARNINGS := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Werror

# Everything that runs on the machine itself. Small first: at boot each instruction runs once, and under emulation it costs
# its translation; a layer's rules.mk names the files that are hot, or consist of small calls (HOT_CFLAGS). Frame pointers: backtraces. The prefix
# map: the same bytes from any folder.
HOT_CFLAGS := -O2
TARGET_CFLAGS := -std=gnu11 -Os -g -ffreestanding -I. -Ibuild/gen -MD -MP -fno-pic -fno-pie -fno-common -fno-stack-protector \
	-fno-omit-frame-pointer -fno-asynchronous-unwind-tables -ffunction-sections \
	-fdata-sections -mno-outline-atomics -march=armv8-a '-ffile-prefix-map=$(CURDIR)=.'
KERNEL_DEBUG := 0 # 1 in build/debug: see kernel/core/panic.h
KERNEL_CFLAGS = $(TARGET_CFLAGS) -DKERNEL_DEBUG=$(strip $(KERNEL_DEBUG)) -mgeneral-regs-only -mcmodel=tiny

# Objects are built anew when the way of building them changes.
RULES := Makefile tools/deps.mk $(wildcard */rules.mk) capos/idl/rules.mk

.PHONY: all
all: # the default; the layers add to it

include tools/deps.mk
include capos/idl/rules.mk
include lib/rules.mk
include hal/rules.mk
include kernel/rules.mk
include capos/rules.mk
include apps/rules.mk
include fixtures/rules.mk
include tests/rules.mk
include tests/spin/rules.mk
include tests/perf/peers/rules.mk
include tests/qemu/images/rules.mk

all: $(IMAGE) $(RELEASE_IMAGE) build/libcapos.a $(APP_BUNDLES)

# Everything that the stages of harness/run-all.sh want.
.PHONY: everything
everything: all unit-programs fixtures guest-images harness-images test-apps host-benches cover-programs $(MANIFEST_DUMP) build/tests/apps/records.rpk

# --- what people type -------------------------------------------------------------------------------------------------

APP ?= c-hello
SMP ?= 1
MEM ?= 128
ARGS ?=

.PHONY: run check unit qemu-test perf lint fuzz clean help harness-test tools-test setup-run setup-check setup-fuzz setup-model setup-peers mutants known-good conformance conformance-differential conformance-suites recipes-test

# Setting up comes first and in a make of its own: what it installs is looked for when the Makefile is read.
setup-run setup-check setup-fuzz setup-model setup-peers: setup-%:
	@tools/setup.sh run $(filter-out run,$*)

# KNOWN_GOOD=1 boots what `make known-good` has kept, and builds nothing.
RUN_FROM := build$(if $(filter-out 0,$(KNOWN_GOOD)),/known-good)

run: setup-run
ifeq ($(RUN_FROM),build)
	@$(MAKE) --no-print-directory -s all
else
	@harness/known_good.py tell '$(APP)'
endif
	@tools/rumpk run $(RUN_FROM)/apps/$(APP).rpk --image $(RUN_FROM)/rumpk.img -m $(MEM) -smp $(SMP) \
		$(if $(NET),--net '$(NET)') $(if $(SHARE),--share '$(SHARE)') \
		$(if $(DISK),--disk '$(if $(findstring :,$(DISK)),$(DISK),$(DISK):snapshot)') $(if $(ARGS),--append '$(ARGS)')

check: setup-check
	@harness/known_good.py begin
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory tools-test
	@$(MAKE) --no-print-directory harness-test
	@$(MAKE) --no-print-directory qemu-test
	@harness/known_good.py passed

# With check, after it, whatever -j says.
known-good: $(filter check,$(MAKECMDGOALS))
	@harness/known_good.py keep

unit: setup-check
	@$(MAKE) --no-print-directory -s unit-programs
	@harness/unit.py

tools-test: setup-check
	@$(MAKE) --no-print-directory -s all fixtures $(MANIFEST_DUMP) build/tests/apps/records.rpk $(MUSL_STAMP)
	@harness/unit.py --python --name tools tests/tools

# The harness against its own broken images, and its tables.
harness-test: setup-check
	@$(MAKE) --no-print-directory -s all fixtures guest-images harness-images
	@status=0; harness/run.py --self-test || status=1; \
	harness/unit.py --python --name harness tests/harness || status=1; exit $$status

# COUNT=1: what is exact is counted for `make cover COUNT=1` too, which then runs the rest alone.
qemu-test: setup-check
	@$(MAKE) --no-print-directory -s all fixtures guest-images harness-images test-apps
	@harness/run.py -j 3 $(if $(COUNT),--count)

perf: setup-check
	@$(MAKE) --no-print-directory -s all guest-images harness-images host-benches
	@harness/perf.py

lint: setup-check
	@$(MAKE) --no-print-directory -s all unit-programs
	@$(PYTHON) ci/lint.py

mutants: setup-check
	@$(MAKE) --no-print-directory -s all unit-programs fixtures guest-images harness-images test-apps
	@harness/mutants.py $(MUTANTS)

# Linux programs: the Open POSIX Test Suite beside Linux's results, and every recipe, built and asked something.
conformance: setup-check
	@$(MAKE) --no-print-directory -s all
	@tools/fetch-deps.sh tests/conformance/sources.lock
	@tools/rumpk toolchain >/dev/null
	@tests/conformance/posix.py $(POSIX)
	@harness/report.py

recipes-test: setup-check
	@$(MAKE) --no-print-directory -s all
	@tests/conformance/recipes.py $(RECIPES)

conformance-differential: setup-check
	@$(MAKE) --no-print-directory -s all
	@tests/conformance/differential.py $(DIFFERENTIAL)

conformance-suites: setup-check
	@$(MAKE) --no-print-directory -s all
	@tools/fetch-deps.sh tests/conformance/sources.lock
	@tools/rumpk toolchain >/dev/null
	@tests/conformance/suites.py $(SUITES)
	@harness/report.py

SECONDS_PER_TARGET ?= 60
fuzz: setup-fuzz
	@$(MAKE) --no-print-directory -s fuzz-programs
	@tests/fuzz/run.sh $(SECONDS_PER_TARGET) $(FUZZ_PROGRAMS)

clean:
	rm -rf $(filter-out build/deps build/known-good,$(wildcard build/*))

help:
	@echo 'make                 the kernel image, libcapos.a and the applications, under build/'
	@echo 'make run             boots an application; fails, and says its exit code, where that is not 0. APP=c-hello MEM=128 SMP=1 ARGS="log=debug"'
	@echo '                     NET=user,hostfwd=tcp:9000-:80 | tap=tap0 | socket=wire | none: its network (docs/net.md)'
	@echo '                     DISK=volume.img: its volume, unchanged when it ends; DISK=volume.img:rw keeps what is written'
	@echo '                     SHARE=DIR[:ro]: the folder that it sees as /host'
	@echo '                     KNOWN_GOOD=1: the image and the application that make known-good has kept'
	@echo 'make check           every test: unit, tools, harness, QEMU'
	@echo 'make unit            CUnit programs on the host, under ASan, UBSan and TSan'
	@echo 'make qemu-test       boots the images in QEMU and judges what they print and how they end'
	@echo 'make harness-test    the harness against deliberately broken images'
	@echo 'make tools-test      tools/rumpk'
	@echo 'make perf            benchmarks against their baselines, boot time against a floor, 1000 boots'
	@echo 'make lint            layering, headers, licences, sizes'
	@echo 'make model           the ring'"'"'s protocol in every interleaving (Spin)'
	@echo 'make perf-peers      the ring beside ck_ring, rte_ring, Boost and LMAX, malloc beside musl, the blog beside nginx, redis and nginx beside Linux; build/report'
	@echo 'make cover           what lines the tests reach: build/report/coverage.html'
	@echo 'make mutants         changes single lines of the kernel and counts what the tests notice. MUTANTS="--part 1/4"'
	@echo 'make soak            every fault at every place, storms, hostile Linux programs, the network for long, 500 kills of a guest that writes to a volume: an hour'
	@echo 'make conformance      the Open POSIX Test Suite in the guest beside Linux'"'"'s results. POSIX="--only ^fork -j 2"'
	@echo 'make recipes-test    every recipe (docs/recipes.md) built, run, and asked something. RECIPES="lua nginx"'
	@echo 'make conformance-differential  the same random system calls on Debian'"'"'s Linux and here. DIFFERENTIAL="--seed 1 --count 200"'
	@echo 'make conformance-suites  stress-ng'"'"'s checks, and the tests of busybox, zlib, GNU hello, libuv, redis and sqlite3, in the guest. SUITES="zlib stress-sync"'
	@echo 'make fuzz            every parser under libFuzzer, SECONDS_PER_TARGET=60 each'
	@echo 'make known-good      keeps the image and the bundles that make check has passed with, on exactly this commit'
	@echo 'make clean           removes what was built; downloaded sources stay in build/deps, what is known good in build/known-good'
	@echo 'harness/run-all.sh   all of it, as CI runs it, with a report in build/report/'
	@echo 'python3 -m harness --help   every command of the harness: list, run, shell, gdb, replay, bisect, soak, report, ...'
	@echo 'harness/run.py -h    single tests; harness/bisect.sh GOOD BAD TEST finds the commit that broke one'
