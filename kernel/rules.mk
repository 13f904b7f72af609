# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# The kernel as a library (build/librumpk.a), and the images linked from it: the product's main is kernel/payload/run.c.

KERNEL_MAIN := kernel/payload/run.c
VDSO_SRCS := $(wildcard kernel/sys/linux/vdso/*.c) # runs in programs
# Dispatch tables of the interfaces that have an object: kernel/*/<interface>_object.c.
KERNEL_METHODS := $(filter $(IDL),$(patsubst %_object.c,%,$(notdir $(wildcard kernel/*/*_object.c kernel/*/*/*_object.c))))
KERNEL_SRCS := $(filter-out $(KERNEL_MAIN) $(VDSO_SRCS),$(wildcard kernel/*/*.c kernel/*/*/*.c kernel/*/*/*/*.c)) $(KERNEL_METHODS:%=build/gen/kernel/%_methods.c)
KERNEL_ASMS := $(wildcard kernel/*/*.S kernel/*/*/*.S)
KERNEL_OBJS := $(KERNEL_SRCS:%.c=build/kernel/%.o) $(KERNEL_ASMS:%.S=build/kernel/%.S.o) build/kernel/gen/version.o
KERNEL_MAIN_OBJ := $(KERNEL_MAIN:%.c=build/kernel/%.o)
LIBRUMPK := build/librumpk.a

IMAGE := build/rumpk.img
RELEASE_IMAGE := build/rumpk-release.img

# What runs at every switch, call, message and line.
KERNEL_HOT := kernel/core/sched kernel/core/timer kernel/core/wait kernel/core/log kernel/cap/capset \
	kernel/cap/dispatch kernel/cap/console_object kernel/cap/memory_object \
	kernel/cap/ring_set kernel/sys/native kernel/sys/process kernel/sys/submissions kernel/sys/thread_run kernel/io/governor kernel/io/ring_war \
	kernel/io/net/device kernel/io/net/transmit kernel/io/net/tcp_frame kernel/io/net/memory kernel/io/net/stream \
	kernel/io/fs/ext4/crc32c kernel/sys/linux/calls kernel/sys/linux/run
build/kernel/tests/guest/bench.o build/kernel/tests/guest/bench_ring.o $(KERNEL_HOT:%=build/kernel/%.o) \
	$(KERNEL_METHODS:%=build/kernel/build/gen/kernel/%_methods.o): EXTRA_CFLAGS := $(HOT_CFLAGS)

build/kernel/%.o: %.c $(DEPS_STAMP) $(RULES) | $(IDL_STAMP) $(EXT2_ERRORS)
	@mkdir -p $(@D)
	$(CROSS)gcc $(KERNEL_CFLAGS) $(FREESTANDING_INCLUDES) $(SODIUM_INCLUDES) $(FDT_INCLUDES) $(LWIP_INCLUDES) $(EXT2_INCLUDES) $(WARNINGS) $(EXTRA_CFLAGS) -c -o $@ $<

# The same with checks of ownership between CPUs: for tests.
build/debug/%.o: KERNEL_DEBUG := 1
build/debug/%.o: %.c $(DEPS_STAMP) $(RULES) | $(IDL_STAMP) $(EXT2_ERRORS)
	@mkdir -p $(@D)
	$(CROSS)gcc $(KERNEL_CFLAGS) $(FREESTANDING_INCLUDES) $(SODIUM_INCLUDES) $(FDT_INCLUDES) $(LWIP_INCLUDES) $(EXT2_INCLUDES) $(WARNINGS) $(EXTRA_CFLAGS) -c -o $@ $<

build/kernel/%.S.o: %.S $(RULES)
	@mkdir -p $(@D)
	$(CROSS)gcc -I. -MD -MP -g '-ffile-prefix-map=$(CURDIR)=.' -c -o $@ $<

# A page of its first and only segment: sections, symbols and names of them are cut off behind it.
VDSO_CFLAGS := -std=gnu11 -Ulinux -O2 -ffreestanding -fPIC -fno-stack-protector -fomit-frame-pointer -fasynchronous-unwind-tables -mgeneral-regs-only \
	-march=armv8-a -I. -MD -MP '-ffile-prefix-map=$(CURDIR)=.' -nostdlib -shared -Wl,-soname=linux-vdso.so.1 -Wl,--hash-style=both \
	-Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,-z,norelro
build/gen/linux-vdso.so: $(VDSO_SRCS) kernel/sys/linux/vdso/vdso.lds kernel/sys/linux/vdso/vdso.h $(RULES)
	@mkdir -p $(@D)
	$(CROSS)gcc $(VDSO_CFLAGS) $(WARNINGS) -Wl,-T,kernel/sys/linux/vdso/vdso.lds -o $@.whole $(VDSO_SRCS)
	@head -c 4096 $@.whole >$@.new
	@dd if=/dev/zero of=$@.new bs=1 seek=40 count=8 conv=notrunc status=none # e_shoff
	@dd if=/dev/zero of=$@.new bs=1 seek=58 count=6 conv=notrunc status=none # e_shentsize, e_shnum, e_shstrndx
	@mv $@.new $@
build/kernel/kernel/sys/linux/vdso_image.S.o: build/gen/linux-vdso.so

# Written anew only when it changes, so that an unchanged commit rebuilds nothing.
VERSION_TEXT := $(shell cat VERSION)
COMMIT_TEXT := $(or $(shell git describe --always --dirty --abbrev=12 2>/dev/null),unknown)
define VERSION_C
#include "kernel/core/version.h"

const struct build_stamp build_stamp __attribute__((aligned(16))) = {
	.magic = { 'R', 'U', 'M', 'P', 'K', 'V', 'E', 'R' },
	.format = BUILD_STAMP_FORMAT,
	.bytes = sizeof(struct build_stamp),
	.version = "$(VERSION_TEXT)",
	.commit = "$(COMMIT_TEXT)",
};

static_assert(sizeof("$(VERSION_TEXT)") <= sizeof(build_stamp.version), "VERSION is too long");
static_assert(sizeof("$(COMMIT_TEXT)") <= sizeof(build_stamp.commit), "what git describe says is too long");
endef
.PHONY: version-check
build/kernel/gen/version.c: export TEXT = $(VERSION_C)
build/kernel/gen/version.c: version-check
	@mkdir -p $(@D)
	@printf '%s\n' "$$TEXT" >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@
build/kernel/gen/version.o: build/kernel/gen/version.c
	$(CROSS)gcc $(KERNEL_CFLAGS) $(FREESTANDING_INCLUDES) $(WARNINGS) -c -o $@ $<

$(LIBRUMPK): $(KERNEL_OBJS) $(HAL_OBJS) $(LIB_OBJS) $(DEPS_OBJS)
	@rm -f $@
	$(CROSS)ar rcs $@ $^

LIBRUMPK_DEBUG := build/librumpk-debug.a
DEBUG_OBJS := $(KERNEL_SRCS:%.c=build/debug/%.o)
$(LIBRUMPK_DEBUG): $(DEBUG_OBJS) $(KERNEL_ASMS:%.S=build/kernel/%.S.o) build/kernel/gen/version.o $(HAL_OBJS) $(LIB_OBJS) $(DEPS_OBJS)
	@rm -f $@
	$(CROSS)ar rcs $@ $^

KERNEL_LINK = $(CROSS)gcc -nostdlib -static -Wl,--build-id=none -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,norelro \
	-Wl,--no-warn-rwx-segments -T hal/arm64/image.ld

# Linked twice: the first link tells where the functions are, the second holds their names.
build/kernel/gen/ksyms-empty.S: tools/ksyms.py
	@mkdir -p $(@D)
	$(PYTHON) tools/ksyms.py --empty -o $@

define LINK_IMAGE # 1: target .elf, 2: objects beside the library, 3: the library
$(1): $(2) $(3) build/kernel/gen/ksyms-empty.S hal/arm64/image.ld tools/ksyms.py
	@mkdir -p $$(@D)
	$$(KERNEL_LINK) -o $$@.first $(2) build/kernel/gen/ksyms-empty.S -Wl,--whole-archive $(3) -Wl,--no-whole-archive -lgcc
	$(PYTHON) tools/ksyms.py $$@.first -o $$@.ksyms.S
	$$(KERNEL_LINK) -o $$@ $(2) $$@.ksyms.S -Wl,--whole-archive $(3) -Wl,--no-whole-archive -lgcc
endef

$(eval $(call LINK_IMAGE,build/rumpk.elf,$(KERNEL_MAIN_OBJ),$(LIBRUMPK)))

# The product with the checks of kernel/core/panic.h, and memory that is guarded (kernel/core/kheap_guard.h): for tests.
DEBUG_IMAGE := build/rumpk-debug.img
$(eval $(call LINK_IMAGE,build/rumpk-debug.elf,$(KERNEL_MAIN_OBJ),$(LIBRUMPK_DEBUG)))
$(DEBUG_IMAGE): build/rumpk-debug.elf fixtures/keys/dev.pub tools/trust-key tools/rumpklib/image.py
	$(CROSS)objcopy -O binary $< $@.untrusting
	tools/trust-key $@.untrusting -o $@ --key fixtures/keys/dev.pub --development

$(RELEASE_IMAGE): build/rumpk.elf
	$(CROSS)objcopy -O binary $< $@

$(IMAGE): $(RELEASE_IMAGE) fixtures/keys/dev.pub tools/trust-key tools/rumpklib/image.py
	tools/trust-key $(RELEASE_IMAGE) -o $@ --key fixtures/keys/dev.pub --development

-include $(patsubst %.o,%.d,$(KERNEL_OBJS) $(HAL_OBJS) $(LIB_OBJS) $(DEPS_OBJS) $(KERNEL_MAIN_OBJ) $(DEBUG_OBJS))
