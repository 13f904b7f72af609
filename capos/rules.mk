# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# libcapos.a: what a native application links. Its own code, the wrappers of interfaces, and of lib/ the pure parts it is made of.

CAPOS_SRCS := $(wildcard capos/src/*.c) $(IDL_CAPOS_SRCS)
CAPOS_ASMS := $(wildcard capos/src/*.S)
CAPOS_LIB := lib/string.c lib/heap.c lib/page_cache.c lib/format.c lib/format_spec.c
CAPOS_OBJS := $(CAPOS_SRCS:%.c=build/capos/%.o) $(CAPOS_ASMS:%.S=build/capos/%.S.o) $(CAPOS_LIB:%.c=build/capos/%.o)
CAPOS_CFLAGS := $(TARGET_CFLAGS) $(FREESTANDING_INCLUDES) -Icapos/include

build/capos/lib/heap.o build/capos/capos/src/call.o build/capos/capos/src/channel.o: EXTRA_CFLAGS := $(HOT_CFLAGS)
build/capos/lib/string.o: EXTRA_CFLAGS := $(HOT_CFLAGS) -fno-tree-loop-distribute-patterns

build/capos/%.o: %.c $(RULES) | $(IDL_STAMP)
	@mkdir -p $(@D)
	$(CROSS)gcc $(CAPOS_CFLAGS) $(WARNINGS) $(EXTRA_CFLAGS) -c -o $@ $<

build/capos/%.S.o: %.S $(RULES)
	@mkdir -p $(@D)
	$(CROSS)gcc -I. -MD -MP -c -o $@ $<

build/libcapos.a: $(CAPOS_OBJS)
	@rm -f $@
	$(CROSS)ar rcs $@ $^

-include $(CAPOS_OBJS:.o=.d)
