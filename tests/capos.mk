# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Host tests of libcapos: those of its files that need neither the kernel nor the machine. -Wno-tsan: the sanitizer does not know fences,
# and what they order is not plain memory.

HOST_CAPOS_SRCS := capos/src/channel.c capos/src/condition.c capos/src/mutex.c capos/src/once.c
HOST_CAPOS_OBJS := $(foreach kind,asan tsan,$(HOST_CAPOS_SRCS:%.c=build/host/$(kind)/%.o))
CAPOS_UNIT_PROGRAMS := $(filter build/tests/unit/capos/%,$(UNIT_PROGRAMS))
CAPOS_UNIT_OBJS := $(foreach kind,asan tsan,$(CAPOS_UNIT_PROGRAMS:build/%=build/host/$(kind)/%.o))

$(filter build/host/asan/%,$(HOST_CAPOS_OBJS) $(CAPOS_UNIT_OBJS)): SANITIZER := $(ASAN) -Icapos/include
$(filter build/host/tsan/%,$(HOST_CAPOS_OBJS) $(CAPOS_UNIT_OBJS)): SANITIZER := $(TSAN) -Icapos/include -Wno-tsan
$(filter %_threads_test,$(CAPOS_UNIT_PROGRAMS)): $(HOST_CAPOS_SRCS:%.c=build/host/tsan/%.o)
$(filter-out %_threads_test,$(CAPOS_UNIT_PROGRAMS)): $(HOST_CAPOS_SRCS:%.c=build/host/asan/%.o)

# The same for gcov (tests/cover.mk).
CAPOS_COVER_OBJS := $(HOST_CAPOS_SRCS:%.c=build/cover/%.o)
CAPOS_COVER_PROGRAMS := $(CAPOS_UNIT_PROGRAMS:build/%=build/cover/%)

$(CAPOS_COVER_OBJS) $(CAPOS_COVER_PROGRAMS:%=%.o): HOST_CFLAGS += -Icapos/include
$(CAPOS_COVER_OBJS): build/cover/%.o: %.c $(DEPS_STAMP) $(RULES) tests/cover.mk | $(IDL_STAMP)
	@mkdir -p $(@D)
	$(HOSTCC) $(HOST_CFLAGS) $(COVER_FLAGS) $(WARNINGS) -c -o $@ $<
$(CAPOS_COVER_PROGRAMS): $(CAPOS_COVER_OBJS)

-include $(HOST_CAPOS_OBJS:.o=.d) $(CAPOS_UNIT_OBJS:.o=.d)
