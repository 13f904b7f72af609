# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Applications that are tests, each with a manifest of its own: storm, hostile processes beside a well-behaved one, and rates, what
# calls, processes and channels cost.

TEST_APPS := storm rates host-run
TEST_APP_OBJS := $(foreach app,$(TEST_APPS),$(patsubst %.c,build/capos/%.o,$(wildcard tests/apps/$(app)/*.c)))
build/tests/apps/rates/rates.elf: build/capos/lib/disruptor.o
build/capos/lib/disruptor.o $(filter build/capos/tests/apps/rates/%,$(TEST_APP_OBJS)): EXTRA_CFLAGS := $(HOT_CFLAGS)

define TEST_APP_RULES # 1: name
build/tests/apps/$(1)/$(1).elf: $(patsubst %.c,build/capos/%.o,$(wildcard tests/apps/$(1)/*.c)) build/libcapos.a capos/capos.ld
	@mkdir -p $$(@D)
	$$(APP_LINK) -o $$@ $$(filter %.o,$$^) build/libcapos.a -lgcc

build/tests/apps/$(1).rpk: build/tests/apps/$(1)/$(1) tests/apps/$(1)/manifest.toml $(PACK)
	tools/rumpk pack tests/apps/$(1)/manifest.toml --file $(1)=build/tests/apps/$(1)/$(1) -k $(DEVELOPMENT_KEY) -o $$@
endef
$(foreach app,$(TEST_APPS),$(eval $(call TEST_APP_RULES,$(app))))

test-apps: $(TEST_APPS:%=build/tests/apps/%.rpk)

-include $(TEST_APP_OBJS:.o=.d)
