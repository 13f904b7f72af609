# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Host tests and fuzz targets by wildcard; images and applications that are tests themselves.

# What is pure in kernel/ compiles for the host too.
PURE_KERNEL_SRCS := $(wildcard kernel/payload/manifest*.c) kernel/core/log_filter.c kernel/cap/capset.c kernel/io/governor.c kernel/io/device_governor.c \
	kernel/io/net/address.c kernel/io/net/policy.c kernel/io/fs/path.c kernel/io/fs/log_history.c kernel/core/kheap_guard.c kernel/sys/linux/line.c kernel/sys/linux/line_echo.c kernel/sys/linux/interface.c kernel/sys/linux/netlink.c kernel/sys/linux/netlink_route.c kernel/sys/linux/netlink_tell.c kernel/sys/linux/script.c kernel/sys/linux/timespec.c
HOST_CFLAGS := -std=gnu11 -g -O1 -I. -Ibuild/gen -DKERNEL_DEBUG=1 -MD -MP -fno-omit-frame-pointer -ffunction-sections -fdata-sections $(SODIUM_INCLUDES) $(FDT_INCLUDES) $(LWIP_INCLUDES) $(EXT2_INCLUDES)
ASAN := -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN := -fsanitize=thread

HOST_SRCS := $(LIB_SRCS) $(PURE_KERNEL_SRCS)
HOST_OBJS := $(HOST_SRCS:%.c=build/host/asan/%.o) $(FDT_SRCS:build/deps/%.c=build/host/asan/deps/%.o)
TSAN_OBJS := $(LIB_SRCS:%.c=build/host/tsan/%.o) $(FDT_SRCS:build/deps/%.c=build/host/tsan/deps/%.o)

# The network stack without its fiber, and a world around it; linked where a test calls it.
NET_SRCS := $(filter-out kernel/io/net/net.c $(PURE_KERNEL_SRCS),$(wildcard kernel/io/net/*.c))
NET_WORLD := tests/unit/kernel/io/net/world.c tests/unit/kernel/io/net/peer.c
NET_HOST_LIB := build/host/asan/libnet.a
NET_HOST_OBJS := $(NET_SRCS:%.c=build/host/asan/%.o) $(LWIP_SRCS:build/deps/%.c=build/host/asan/deps/%.o) $(NET_WORLD:%.c=build/host/asan/%.o)
$(NET_HOST_LIB): $(NET_HOST_OBJS)
	@rm -f $@
	ar rcs $@ $^
# Packed structures at odd addresses are lwIP's way.
$(LWIP_SRCS:build/deps/%.c=build/host/asan/deps/%.o): $(LWIP_PORT)
$(LWIP_SRCS:build/deps/%.c=build/host/asan/deps/%.o): SANITIZER := $(ASAN) -fno-sanitize=alignment

# The file systems in memory, over pages and budgets that are counted.
FS_SRCS := kernel/io/fs/app.c kernel/io/fs/flat.c $(wildcard kernel/io/fs/tmp*.c)
FS_WORLD := tests/unit/kernel/io/fs/world.c
FS_HOST_LIB := build/host/asan/libfs.a
FS_HOST_OBJS := $(FS_SRCS:%.c=build/host/asan/%.o) $(FS_WORLD:%.c=build/host/asan/%.o)
$(FS_HOST_LIB): $(FS_HOST_OBJS)
	@rm -f $@
	ar rcs $@ $^

# Volumes without their device and fibers, and a world around them.
EXT4_SRCS := $(filter-out kernel/io/fs/ext4/disk.c kernel/io/fs/ext4/platform.c,$(wildcard kernel/io/fs/ext4/*.c))
EXT4_WORLD := tests/unit/kernel/io/fs/ext4/world.c
EXT4_HOST_LIB := build/host/asan/libext4.a
EXT4_HOST_OBJS := $(EXT4_SRCS:%.c=build/host/asan/%.o) $(EXT2_SRCS:build/deps/%.c=build/host/asan/deps/%.o) $(EXT4_WORLD:%.c=build/host/asan/%.o)
$(EXT4_HOST_LIB): $(EXT4_HOST_OBJS)
	@rm -f $@
	ar rcs $@ $^
# Structures at odd addresses, and shifts into the sign, are libext2fs' way; whatever else is undefined is looked for.
$(EXT2_SRCS:build/deps/%.c=build/host/asan/deps/%.o): SANITIZER := $(ASAN) -fno-sanitize=alignment,shift
$(EXT2_SRCS:build/deps/%.c=build/host/asan/deps/%.o): $(EXT2_ERRORS)

build/host/asan/%.o: SANITIZER := $(ASAN)
build/host/tsan/%.o: SANITIZER := $(TSAN)

define HOST_RULES # 1: folder
build/host/$(1)/%.o: %.c $(DEPS_STAMP) $(RULES) | $(IDL_STAMP) $(EXT2_ERRORS)
	@mkdir -p $$(@D)
	$(HOSTCC) $(HOST_CFLAGS) $$(SANITIZER) $(WARNINGS) -include tests/unit/rename.h -fno-builtin -c -o $$@ $$<

build/host/$(1)/deps/%.o: $(DEPS_STAMP) $(RULES)
	@mkdir -p $$(@D)
	$(HOSTCC) $(HOST_CFLAGS) $$(SANITIZER) -w -c -o $$@ build/deps/$$*.c

build/host/$(1)/tests/%.o: tests/%.c $(DEPS_STAMP) $(RULES) | $(IDL_STAMP) $(EXT2_ERRORS)
	@mkdir -p $$(@D)
	$(HOSTCC) $(HOST_CFLAGS) $$(SANITIZER) $(WARNINGS) -c -o $$@ $$<
endef
$(eval $(call HOST_RULES,asan))
$(eval $(call HOST_RULES,tsan))

UNIT_SRCS := $(shell find tests/unit -name '*_test.c' 2>/dev/null)
THREAD_TEST_SRCS := $(filter %_threads_test.c,$(UNIT_SRCS))
UNIT_PROGRAMS := $(UNIT_SRCS:%.c=build/%)

$(THREAD_TEST_SRCS:%.c=build/%): build/tests/%: build/host/tsan/tests/%.o $(TSAN_OBJS)
	@mkdir -p $(@D)
	$(HOSTCC) $(TSAN) -Wl,--gc-sections -o $@ $^ -lcunit -lsodium -lpthread

$(filter-out $(THREAD_TEST_SRCS:%.c=build/%),$(UNIT_PROGRAMS)): build/tests/%: build/host/asan/tests/%.o $(HOST_OBJS)
	@mkdir -p $(@D)
	$(HOSTCC) $(ASAN) -Wl,--gc-sections -o $@ $^ -lcunit -lsodium -lpthread

# The kernel's own reading of manifests, beside which tools/rumpk's is laid.
MANIFEST_DUMP := build/tests/tools/manifest_dump
$(MANIFEST_DUMP): build/tests/%: build/host/asan/tests/%.o $(HOST_OBJS)
	@mkdir -p $(@D)
	$(HOSTCC) $(ASAN) -Wl,--gc-sections -o $@ $^ -lsodium

# Drivers against models of their devices: nothing of the machine in them, but they are no library.
DRIVERS := net block rng console ninep
DRIVER_OBJS = $(patsubst %.c,build/host/asan/%.o,$(wildcard hal/virtio/$(1).c hal/virtio/$(1)_*.c) hal/virtio/driver.c)
DRIVER_TEST_OBJS := $(sort $(foreach driver,$(DRIVERS),$(call DRIVER_OBJS,$(driver))))
$(foreach driver,$(DRIVERS),$(eval build/tests/unit/hal/virtio/$(driver)_test: $(call DRIVER_OBJS,$(driver))))
build/tests/unit/hal/virtio/net_start_test: $(call DRIVER_OBJS,net)
-include $(DRIVER_TEST_OBJS:.o=.d)

# The 9p file system against a model of its server.
NINEP_SRCS := $(wildcard kernel/io/fs/ninep/*.c)
NINEP_WORLD := tests/unit/kernel/io/fs/ninep_server.c tests/unit/kernel/io/fs/ninep_channel.c
NINEP_OBJS := $(patsubst %.c,build/host/asan/%.o,$(NINEP_SRCS) $(NINEP_WORLD))
build/tests/unit/kernel/io/fs/ninep_test build/tests/unit/kernel/io/fs/ninep_lies_test: $(NINEP_OBJS)
-include $(NINEP_OBJS:.o=.d)

# The memory of Linux programs over spaces that are lists of pages.
LINUX_MM_SRCS := $(addprefix kernel/sys/linux/,areas.c copy.c fault.c map.c mm.c page_io.c pages.c remap.c)
LINUX_MM_WORLD := tests/unit/kernel/sys/linux/world.c $(FS_WORLD)
LINUX_MM_OBJS := $(patsubst %.c,build/host/asan/%.o,$(LINUX_MM_SRCS) $(LINUX_MM_WORLD))
LINUX_FRAMES_OBJ := build/host/asan/kernel/sys/linux/frames.o
LINUX_HOST_OBJS := $(filter build/host/asan/kernel/%,$(LINUX_MM_OBJS)) $(LINUX_FRAMES_OBJ) build/host/asan/kernel/sys/linux/frame.o
$(LINUX_HOST_OBJS): SANITIZER := $(ASAN) -include tests/unit/kernel/sys/linux/spinlock.h
$(LINUX_HOST_OBJS:build/host/asan/%=build/cover/%): HOST_CFLAGS += -include tests/unit/kernel/sys/linux/spinlock.h
build/tests/unit/kernel/sys/linux/mm_test build/tests/unit/kernel/sys/linux/mm_model_test: $(LINUX_MM_OBJS)
build/tests/unit/kernel/sys/linux/frame_test: build/host/asan/kernel/sys/linux/frame.o
-include build/host/asan/kernel/sys/linux/frame.d
build/tests/unit/kernel/sys/linux/frames_test: $(LINUX_FRAMES_OBJ)
-include $(LINUX_MM_OBJS:.o=.d) $(LINUX_FRAMES_OBJ:.o=.d)

$(filter build/tests/unit/kernel/io/net/%,$(UNIT_PROGRAMS)): $(NET_HOST_LIB)
$(filter build/tests/unit/kernel/io/fs/%,$(UNIT_PROGRAMS)): $(FS_HOST_LIB)
$(filter build/tests/unit/kernel/io/fs/ext4/%,$(UNIT_PROGRAMS)): $(EXT4_HOST_LIB)

.PHONY: unit-programs fuzz-programs guest-images test-apps host-benches
unit-programs: $(UNIT_PROGRAMS) $(FDT_FIXTURES)

# libFuzzer, by clang, from the sources at once: a fuzz target is small.
FUZZ_SRCS := $(shell find tests/fuzz -name '*_fuzz.c' 2>/dev/null)
FUZZ_PROGRAMS := $(FUZZ_SRCS:%.c=build/%)
FUZZ_NET := build/tests/fuzz/kernel/io/net_input_fuzz
$(FUZZ_NET): build/tests/fuzz/%: tests/fuzz/%.c $(NET_SRCS) $(NET_WORLD) $(wildcard kernel/io/net/*.h kernel/io/net/*/*.h) $(DEPS_STAMP)
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -I. -Ibuild/gen -DKERNEL_DEBUG=1 $(LWIP_INCLUDES) -w -fsanitize=fuzzer,address,undefined -fno-sanitize=alignment \
		-fno-sanitize-recover=all -ffunction-sections -Wl,--gc-sections -o $@ $< $(NET_SRCS) $(NET_WORLD) $(LWIP_SRCS) \
		kernel/io/net/address.c lib/format.c lib/format_spec.c -lsodium

# A volume that is made when it starts, with bytes changed.
FUZZ_EXT4 := build/tests/fuzz/kernel/io/fs/ext4/volume_fuzz
$(FUZZ_EXT4): build/tests/fuzz/%: tests/fuzz/%.c $(EXT4_SRCS) $(EXT4_WORLD) $(wildcard kernel/io/fs/ext4/*.h) $(DEPS_STAMP) $(EXT2_ERRORS)
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -I. -Ibuild/gen -DKERNEL_DEBUG=1 $(EXT2_INCLUDES) -w -fsanitize=fuzzer,address,undefined -fno-sanitize=alignment,shift -fno-sanitize-recover=all \
		-ffunction-sections -Wl,--gc-sections -o $@ $< $(EXT4_SRCS) $(EXT4_WORLD) $(EXT2_SRCS) lib/jbd2.c lib/jbd2_recovery.c lib/format.c lib/format_spec.c

# Every interface's table behind the dispatcher, with handlers that judge what they are given.
FUZZ_DISPATCH := build/tests/fuzz/kernel/cap/dispatch_fuzz
FUZZ_DISPATCH_SRCS := kernel/cap/dispatch.c kernel/cap/capset.c kernel/core/log_filter.c lib/cmdline.c $(IDL_KERNEL_SRCS) $(IDL_TEST_SRCS)
$(FUZZ_DISPATCH): build/tests/fuzz/%: tests/fuzz/%.c $(FUZZ_DISPATCH_SRCS) $(IDL_HEADERS) $(wildcard lib/*.h kernel/*/*.h)
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -I. -Ibuild/gen -DKERNEL_DEBUG=1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-ffunction-sections -Wl,--gc-sections -o $@ $< $(FUZZ_DISPATCH_SRCS)

FUZZ_FETCH := build/tests/fuzz/apps/fetch/url_fuzz
$(FUZZ_FETCH): tests/fuzz/apps/fetch/url_fuzz.c $(wildcard apps/fetch/url.*)
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -I. -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -o $@ $<
FUZZ_BLOG := build/tests/fuzz/apps/blog/session_fuzz
$(filter-out $(FUZZ_NET) $(FUZZ_EXT4) $(FUZZ_DISPATCH) $(FUZZ_BLOG) $(FUZZ_FETCH),$(FUZZ_PROGRAMS)): build/tests/fuzz/%: tests/fuzz/%.c $(HOST_SRCS) $(wildcard lib/*.h kernel/*/*.h) $(DEPS_STAMP) | $(IDL_STAMP)
	@mkdir -p $(@D)
	clang -std=gnu11 -g -O1 -I. -Ibuild/gen $(SODIUM_INCLUDES) $(FDT_INCLUDES) -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -ffunction-sections -Wl,--gc-sections -o $@ $< $(HOST_SRCS) $(FDT_SRCS)
# It includes the sources that it tests, with the machine and the scheduler played by itself.
build/tests/fuzz/kernel/cap/ring_set_fuzz: $(addprefix kernel/cap/,chain.c operation.c ring_set.c) kernel/sys/submissions.c
fuzz-programs: $(FUZZ_PROGRAMS)

# Kernel tests and benchmarks that run inside QEMU: the kernel library with another main.
GUEST_SRCS := $(wildcard tests/guest/*.c)
GUEST_OBJS := $(GUEST_SRCS:%.c=build/kernel/%.o) $(patsubst %.S,build/kernel/%.S.o,$(wildcard tests/guest/*.S))
$(eval $(call LINK_IMAGE,build/tests/guest.elf,$(GUEST_OBJS),$(LIBRUMPK)))
$(eval $(call LINK_IMAGE,build/tests/guest-debug.elf,$(GUEST_OBJS),$(LIBRUMPK_DEBUG)))
build/tests/guest.img build/tests/guest-debug.img: %.img: %.elf
	$(CROSS)objcopy -O binary $< $@
guest-images: build/tests/guest.img build/tests/guest-debug.img

# An application that misbehaves, or asks the kernel for everything: one program, a bundle for each row of hostile.toml.
MISDEEDS := $(shell sed -n 's/^rpk = "\(.*\)"$$/\1/p' tests/qemu/hostile.toml)
HOSTILE := build/tests/apps/hostile
HOSTILE_OBJS := $(patsubst %.c,build/capos/%.o,$(wildcard tests/apps/hostile/*.c))

$(HOSTILE).elf: $(HOSTILE_OBJS) build/libcapos.a capos/capos.ld
	@mkdir -p $(@D)
	$(APP_LINK) -o $@ $(HOSTILE_OBJS) build/libcapos.a -lgcc

$(MISDEEDS:%=build/tests/apps/%.rpk): build/tests/apps/%.rpk: $(HOSTILE) $(PACK)
	@mkdir -p build/tests/apps/$*
	@printf 'name = "hostile"\nexec = "hostile"\nargs = ["%s", "two words", ""]\n[capabilities]\nconsole = ["write"]\n' \
		$* >build/tests/apps/$*/manifest.toml
	tools/rumpk pack build/tests/apps/$*/manifest.toml --file hostile=$(HOSTILE) -k $(DEVELOPMENT_KEY) -o $@
test-apps: $(MISDEEDS:%=build/tests/apps/%.rpk) build/tests/apps/echo-static.rpk

# The same program with an address of its manifest's.
build/tests/apps/echo-static.rpk: apps/echo/manifest.toml build/apps/echo.rpk
	@mkdir -p $(@D)/echo-static
	{ cat $<; printf '\n[network]\naddress = "10.9.8.7/24"\ngateway = "10.9.8.1"\n'; } >$(@D)/echo-static/manifest.toml
	tools/rumpk pack $(@D)/echo-static/manifest.toml --file echo=build/apps/echo/echo -k $(DEVELOPMENT_KEY) -o $@

# The blog with places for what clients send.
build/tests/apps/blog-inbox.rpk: apps/blog/manifest.toml build/apps/blog.rpk
	@mkdir -p $(@D)/blog-inbox
	{ sed 's/^memory = .*/memory = "16M"/' $<; printf '\n[files]\nhost = ["read", "write", "create"]\ntmp = ["read", "write", "create"]\n'; \
		printf 'tmp_bytes = "4M"\noptional = ["host"]\n'; } >$(@D)/blog-inbox/manifest.toml
	tools/rumpk pack $(@D)/blog-inbox/manifest.toml --file blog=build/apps/blog/blog -k $(DEVELOPMENT_KEY) -o $@
test-apps: build/tests/apps/blog-inbox.rpk

# Two guests on one wire.
JOINED_blog := 10.9.8.1
JOINED_fetch := 10.9.8.2
JOINED := blog fetch
$(JOINED:%=build/tests/apps/%-joined.rpk): build/tests/apps/%-joined.rpk: apps/%/manifest.toml build/apps/%.rpk
	@mkdir -p $(@D)/$*-joined
	{ cat $<; printf '\n[network]\naddress = "$(JOINED_$*)/24"\n'; } >$(@D)/$*-joined/manifest.toml
	tools/rumpk pack $(@D)/$*-joined/manifest.toml --file $*=build/apps/$*/$* -k $(DEVELOPMENT_KEY) -o $@
test-apps: $(JOINED:%=build/tests/apps/%-joined.rpk)

HOST_BENCH_SRCS := $(wildcard tests/perf/host/*.c)
HOST_BENCHES := $(HOST_BENCH_SRCS:%.c=build/%)
$(HOST_BENCHES): build/%: %.c $(LIB_SRCS) $(wildcard lib/*.h)
	@mkdir -p $(@D)
	$(HOSTCC) -std=gnu11 -O2 -g -I. $(WARNINGS) -o $@ $< lib/disruptor.c -lpthread
host-benches: $(HOST_BENCHES)

-include $(HOSTILE_OBJS:.o=.d) $(HOST_OBJS:.o=.d) $(NET_HOST_OBJS:.o=.d) $(FS_HOST_OBJS:.o=.d) $(EXT4_HOST_OBJS:.o=.d) $(TSAN_OBJS:.o=.d) $(UNIT_SRCS:%.c=build/host/asan/%.d) $(GUEST_OBJS:.o=.d)

include tests/capos.mk
include tests/apps.mk
include tests/linux/rules.mk
include tests/blog.mk
include tests/share.mk
include tests/cover.mk
