# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# QEMU's plugins, and what needs them. `soak`: every fault at every place, every storm for 30 s. `cover`: what lines the tests reach, from the unit
# tests built for gcov, without sanitizers, in a folder of their own, and from counted instructions of the images as they are.

COVER_FLAGS := -O0 --coverage -fprofile-update=atomic
COVER_OBJS := $(HOST_SRCS:%.c=build/cover/%.o)
COVER_DEPS_OBJS := $(FDT_SRCS:build/deps/%.c=build/cover/deps/%.o)
COVER_PROGRAMS := $(UNIT_SRCS:%.c=build/cover/%)
PLUGINS := $(patsubst harness/plugin/%.c,build/plugins/%.so,$(wildcard harness/plugin/*.c))

# Drivers and the network stack, for the tests that call them.
COVER_DRIVER_OBJS := $(DRIVER_TEST_OBJS:build/host/asan/%=build/cover/%)
COVER_NET_OBJS := $(NET_SRCS:%.c=build/cover/%.o) $(NET_WORLD:%.c=build/cover/%.o)
COVER_FS_OBJS := $(FS_SRCS:%.c=build/cover/%.o) $(FS_WORLD:%.c=build/cover/%.o)
COVER_EXT4_OBJS := $(EXT4_SRCS:%.c=build/cover/%.o) $(EXT4_WORLD:%.c=build/cover/%.o)
COVER_EXT2_OBJS := $(EXT2_SRCS:build/deps/%.c=build/cover/deps/%.o)
COVER_LWIP_OBJS := $(LWIP_SRCS:build/deps/%.c=build/cover/deps/%.o)
# Libraries, as for the sanitizers: a test may have a part of them that it plays itself.
COVER_NET_LIB := build/cover/libnet.a
COVER_FS_LIB := build/cover/libfs.a
COVER_EXT4_LIB := build/cover/libext4.a
$(COVER_NET_LIB): $(COVER_NET_OBJS) $(COVER_LWIP_OBJS)
$(COVER_FS_LIB): $(COVER_FS_OBJS)
$(COVER_EXT4_LIB): $(COVER_EXT4_OBJS) $(COVER_EXT2_OBJS)
$(COVER_NET_LIB) $(COVER_FS_LIB) $(COVER_EXT4_LIB):
	@rm -f $@
	ar rcs $@ $^

$(foreach driver,$(DRIVERS),$(eval build/cover/tests/unit/hal/virtio/$(driver)_test: $(patsubst build/host/asan/%,build/cover/%,$(call DRIVER_OBJS,$(driver)))))
build/cover/tests/unit/hal/virtio/net_start_test: $(patsubst build/host/asan/%,build/cover/%,$(call DRIVER_OBJS,net))
COVER_NINEP_OBJS := $(NINEP_OBJS:build/host/asan/%=build/cover/%)
build/cover/tests/unit/kernel/io/fs/ninep_test build/cover/tests/unit/kernel/io/fs/ninep_lies_test: $(NINEP_OBJS:build/host/asan/%=build/cover/%)
COVER_LINUX_MM_OBJS := $(LINUX_MM_OBJS:build/host/asan/%=build/cover/%) build/cover/kernel/sys/linux/frames.o build/cover/kernel/sys/linux/frame.o
build/cover/tests/unit/kernel/sys/linux/mm_test build/cover/tests/unit/kernel/sys/linux/mm_model_test: $(LINUX_MM_OBJS:build/host/asan/%=build/cover/%)
build/cover/tests/unit/kernel/sys/linux/frames_test: build/cover/kernel/sys/linux/frames.o
build/cover/tests/unit/kernel/sys/linux/frame_test: build/cover/kernel/sys/linux/frame.o
$(filter build/cover/tests/unit/kernel/io/net/%,$(COVER_PROGRAMS)): $(COVER_NET_LIB)

# 9p has a world of its own.
$(filter-out build/cover/tests/unit/kernel/io/fs/ninep%,$(filter build/cover/tests/unit/kernel/io/fs/%,$(COVER_PROGRAMS))): $(COVER_FS_LIB)
$(filter build/cover/tests/unit/kernel/io/fs/ext4/%,$(COVER_PROGRAMS)): $(COVER_EXT4_LIB)

$(COVER_OBJS) $(COVER_DRIVER_OBJS) $(COVER_NET_OBJS) $(COVER_FS_OBJS) $(COVER_NINEP_OBJS) $(filter-out $(COVER_FS_OBJS),$(COVER_LINUX_MM_OBJS)) $(COVER_EXT4_OBJS): build/cover/%.o: %.c $(DEPS_STAMP) $(RULES) tests/cover.mk | $(IDL_STAMP) $(EXT2_ERRORS)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) $(COVER_FLAGS) $(WARNINGS) -include tests/unit/rename.h -fno-builtin -c -o $@ $<

$(COVER_DEPS_OBJS) $(COVER_LWIP_OBJS) $(COVER_EXT2_OBJS): build/cover/deps/%.o: $(DEPS_STAMP) $(RULES) | $(EXT2_ERRORS)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) -w -c -o $@ build/deps/$*.c

$(COVER_PROGRAMS:%=%.o): build/cover/%.o: %.c $(DEPS_STAMP) $(RULES) tests/cover.mk | $(IDL_STAMP) $(EXT2_ERRORS)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) $(COVER_FLAGS) $(WARNINGS) -c -o $@ $<

$(COVER_PROGRAMS): %: %.o $(COVER_OBJS) $(COVER_DEPS_OBJS)
	$(HOSTCC) --coverage -Wl,--gc-sections -o $@ -Wl,--start-group $^ -Wl,--end-group -lcunit -lsodium -lpthread

$(PLUGINS): build/plugins/%.so: harness/plugin/%.c harness/plugin/qemu_plugin.h
	@mkdir -p $(@D)
	$(HOSTCC) -std=gnu11 -O2 -fPIC -shared -fvisibility=hidden -I. $(WARNINGS) -o $@ $<

.PHONY: cover-programs plugins cover soak
plugins: $(PLUGINS)
guest-images: $(PLUGINS)
cover-programs: $(COVER_PROGRAMS) $(PLUGINS) $(FDT_FIXTURES)

cover: setup-check
	@$(MAKE) --no-print-directory -s all fixtures guest-images harness-images test-apps cover-programs
	@harness/cover.py -j 4 $(if $(COUNT),--go-on)

soak: setup-check
	@$(MAKE) --no-print-directory -s all fixtures guest-images harness-images test-apps plugins
	@harness/faults.py -j 2
	@harness/run.py --file tests/soak/storms.py -j 2
	@harness/run.py --file tests/soak/linux_hostile.py -j 2
	@harness/run.py --file tests/soak/net.py -j 1
	@tests/soak/volume.py 500

-include $(COVER_OBJS:.o=.d) $(COVER_DRIVER_OBJS:.o=.d) $(COVER_NET_OBJS:.o=.d) $(COVER_FS_OBJS:.o=.d) $(COVER_NINEP_OBJS:.o=.d) \
	$(COVER_EXT4_OBJS:.o=.d) $(COVER_PROGRAMS:%=%.d)
