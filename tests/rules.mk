# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Host tests and fuzz targets by wildcard; images and applications that are tests themselves.

# What is pure in kernel/ compiles for the host too.
PURE_KERNEL_SRCS := kernel/payload/manifest.c kernel/core/log_filter.c kernel/cap/capset.c kernel/cap/rings.c
HOST_CFLAGS := -std=gnu11 -g -O1 -I. -MMD -MP -fno-omit-frame-pointer $(SODIUM_INCLUDES) $(FDT_INCLUDES)
ASAN := -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN := -fsanitize=thread

HOST_SRCS := $(LIB_SRCS) $(PURE_KERNEL_SRCS)
HOST_OBJS := $(HOST_SRCS:%.c=build/host/asan/%.o) $(FDT_SRCS:build/deps/%.c=build/host/asan/deps/%.o)
TSAN_OBJS := $(LIB_SRCS:%.c=build/host/tsan/%.o) $(FDT_SRCS:build/deps/%.c=build/host/tsan/deps/%.o)

build/host/asan/%.o: SANITIZER := $(ASAN)
build/host/tsan/%.o: SANITIZER := $(TSAN)

define HOST_RULES # 1: folder
build/host/$(1)/%.o: %.c $(DEPS_STAMP)
	@mkdir -p $$(@D)
	$(HOSTCC) $(HOST_CFLAGS) $$(SANITIZER) $(WARNINGS) -include tests/unit/rename.h -fno-builtin -c -o $$@ $$<

build/host/$(1)/deps/%.o: $(DEPS_STAMP)
	@mkdir -p $$(@D)
	$(HOSTCC) $(HOST_CFLAGS) $$(SANITIZER) -w -c -o $$@ build/deps/$$*.c

build/host/$(1)/tests/%.o: tests/%.c $(DEPS_STAMP)
	@mkdir -p $$(@D)
	$(HOSTCC) $(HOST_CFLAGS) $$(SANITIZER) $(WARNINGS) -c -o $$@ $$<
endef
$(eval $(call HOST_RULES,asan))
$(eval $(call HOST_RULES,tsan))

UNIT_SRCS := $(shell find tests/unit -name '*_test.c')
THREAD_TEST_SRCS := $(filter %_threads_test.c,$(UNIT_SRCS))
UNIT_PROGRAMS := $(UNIT_SRCS:%.c=build/%)

$(THREAD_TEST_SRCS:%.c=build/%): build/tests/%: build/host/tsan/tests/%.o $(TSAN_OBJS)
	@mkdir -p $(@D)
	$(HOSTCC) $(TSAN) -o $@ $^ -lcunit -lsodium -lpthread

$(filter-out $(THREAD_TEST_SRCS:%.c=build/%),$(UNIT_PROGRAMS)): build/tests/%: build/host/asan/tests/%.o $(HOST_OBJS)
	@mkdir -p $(@D)
	$(HOSTCC) $(ASAN) -o $@ $^ -lcunit -lsodium -lpthread

.PHONY: unit-programs fuzz-programs guest-images test-apps host-benches
unit-programs: $(UNIT_PROGRAMS) $(FDT_FIXTURES)

# libFuzzer, by clang, from the sources at once: a fuzz target is small.
FUZZ_SRCS := $(shell find tests/fuzz -name '*_fuzz.c')
FUZZ_PROGRAMS := $(FUZZ_SRCS:%.c=build/%)
$(FUZZ_PROGRAMS): build/tests/fuzz/%: tests/fuzz/%.c $(HOST_SRCS) $(wildcard lib/*.h kernel/*/*.h) $(DEPS_STAMP)
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -I. $(SODIUM_INCLUDES) $(FDT_INCLUDES) -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ $< $(HOST_SRCS) $(FDT_SRCS)
fuzz-programs: $(FUZZ_PROGRAMS)

# Kernel tests and benchmarks that run inside QEMU: the kernel library with another main.
GUEST_SRCS := $(wildcard tests/guest/*.c)
GUEST_OBJS := $(GUEST_SRCS:%.c=build/kernel/%.o)
$(eval $(call LINK_IMAGE,build/tests/guest.elf,$(GUEST_OBJS)))
build/tests/guest.img: build/tests/guest.elf
	$(CROSS)objcopy -O binary $< $@
guest-images: build/tests/guest.img

# Applications that misbehave, or that ask the kernel for everything.
TEST_APPS := $(patsubst tests/apps/%/manifest.toml,%,$(wildcard tests/apps/*/manifest.toml))
$(foreach app,$(TEST_APPS),$(eval $(call APP_RULES,$(app),tests/apps,build/tests/apps)))
test-apps: $(TEST_APPS:%=build/tests/apps/%.rpk)

HOST_BENCH_SRCS := $(wildcard tests/perf/host/*.c)
HOST_BENCHES := $(HOST_BENCH_SRCS:%.c=build/%)
$(HOST_BENCHES): build/%: %.c $(LIB_SRCS) $(wildcard lib/*.h)
	@mkdir -p $(@D)
	$(HOSTCC) -std=gnu11 -O2 -g -I. $(WARNINGS) -o $@ $< lib/disruptor.c -lpthread
host-benches: $(HOST_BENCHES)

-include $(HOST_OBJS:.o=.d) $(TSAN_OBJS:.o=.d) $(UNIT_SRCS:%.c=build/host/asan/%.d) $(GUEST_OBJS:.o=.d)
