# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Linux programs that are tests: each tests/linux/NAME.c ends with 0 where all that it claims holds. Built statically with musl, as programs
# for Linux are, and run in the guest with NAME.toml, or default.toml, as manifest (tests/qemu/linux_tests.py).

LINUX_TESTS := $(patsubst tests/linux/%.c,%,$(wildcard tests/linux/*.c))
LINUX_CC := tools/bin/aarch64-rumpk-gcc
MUSL_STAMP := build/linux/musl.ready

$(MUSL_STAMP): tools/toolchains/musl.lock
	@mkdir -p $(@D)
	tools/rumpk toolchain musl >/dev/null
	@touch $@

build/tests/linux/%/program: tests/linux/%.c $(wildcard tests/linux/*.h) $(MUSL_STAMP) $(RULES)
	@mkdir -p $(@D)
	$(LINUX_CC) -std=gnu11 -O1 -I. $(WARNINGS) -D_GNU_SOURCE $(LINUX_LINK) -o $@ $<

build/tests/linux/starting/program: LINUX_LINK := -Wl,-e,starting_begin # before the C library: what the registers hold

define LINUX_TEST_RULES # 1: name
build/tests/linux/$(1).rpk: build/tests/linux/$(1)/program $(or $(wildcard tests/linux/$(1).toml),tests/linux/default.toml) $(PACK)
	@mkdir -p build/tests/linux/$(1)
	@sed 's/@NAME@/$(1)/' $(or $(wildcard tests/linux/$(1).toml),tests/linux/default.toml) >build/tests/linux/$(1)/manifest.toml
	tools/rumpk pack build/tests/linux/$(1)/manifest.toml --file program=build/tests/linux/$(1)/program $$(LINUX_FILES) -k $(DEVELOPMENT_KEY) -o $$@
endef
$(foreach test,$(LINUX_TESTS),$(eval $(call LINUX_TEST_RULES,$(test))))

# Itself once more, as a program that is root's, whoever starts it; signed, to be run from elsewhere.
RAISED := build/tests/linux/raised/set-user
$(RAISED): build/tests/linux/raised/program
	@install -m 4755 $< $@
	@tools/rumpk sign $@ -k $(DEVELOPMENT_KEY) >/dev/null
build/tests/linux/raised.rpk: $(RAISED)
build/tests/linux/raised.rpk: private LINUX_FILES := --file set-user=$(RAISED) --file set-user.minisig=$(RAISED).minisig

build/tests/linux/dated.rpk: private export SOURCE_DATE_EPOCH := 1700000000

test-apps: $(LINUX_TESTS:%=build/tests/linux/%.rpk)

# Linux programs that mean harm, and a neighbour of theirs (tests/qemu/linux_hostile.py).
HOSTILE_LINUX := build/tests/linux/hostile
$(HOSTILE_LINUX)/program: $(wildcard tests/hostile/*.[ch]) $(MUSL_STAMP) $(RULES)
	@mkdir -p $(@D)
	$(LINUX_CC) -std=gnu11 -O1 -I. $(WARNINGS) -D_GNU_SOURCE -o $@ $(filter %.c,$^)
build/tests/hostile-linux.rpk: $(HOSTILE_LINUX)/program tests/hostile/manifest.toml $(PACK)
	tools/rumpk pack tests/hostile/manifest.toml --file program=$< -k $(DEVELOPMENT_KEY) -o $@
test-apps: build/tests/hostile-linux.rpk build/rumpk-debug.img
