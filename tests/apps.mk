# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# Applications that are tests, each with a manifest of its own: storm, hostile processes beside a well-behaved one; rates, what calls,
# processes and channels cost; filecheck, what files promise; records, what is left when the power goes; typed, what comes of what is
# typed; host-leaves ends amid a request.

TEST_APPS := storm rates filecheck host-run host-leaves records typed
TEST_APP_OBJS := $(foreach app,$(TEST_APPS),$(patsubst %.c,build/capos/%.o,$(wildcard tests/apps/$(app)/*.c)))
build/tests/apps/rates/rates.elf: build/capos/lib/disruptor.o
build/capos/lib/disruptor.o $(filter build/capos/tests/apps/rates/%,$(TEST_APP_OBJS)): EXTRA_CFLAGS := $(HOT_CFLAGS)

define TEST_APP_RULES # 1: name
build/tests/apps/$(1)/$(1).elf: $(patsubst %.c,build/capos/%.o,$(wildcard tests/apps/$(1)/*.c)) build/libcapos.a capos/capos.ld
	@mkdir -p $$(@D)
	$$(APP_LINK) -o $$@ $$(filter %.o,$$^) build/libcapos.a -lgcc

build/tests/apps/$(1).rpk: build/tests/apps/$(1)/$(1) tests/apps/$(1)/manifest.toml $$(TEST_APP_FILES_$(1)) $(PACK)
	tools/rumpk pack tests/apps/$(1)/manifest.toml --file $(1)=build/tests/apps/$(1)/$(1) \
		$$(foreach file,$$(TEST_APP_FILES_$(1)),--file data/$$(notdir $$(file))=$$(file)) \
		-k $(DEVELOPMENT_KEY) -o $$@
endef

# A file that lies page by page in its bundle, and ends within one; beside it the signature of another.
FILECHECK_LARGE := build/tests/apps/filecheck/large
TEST_APP_FILES_filecheck := $(FILECHECK_LARGE) $(FILECHECK_LARGE).minisig
$(FILECHECK_LARGE):
	@mkdir -p $(@D)
	$(PYTHON) -c 'import sys; sys.stdout.buffer.write(bytes(i * i % 251 for i in range(100001)))' >$@
$(FILECHECK_LARGE).minisig: $(FILECHECK_LARGE)
	minisign -S -s $(DEVELOPMENT_KEY) -m tests/apps/filecheck/manifest.toml -x $@ </dev/null >/dev/null
$(foreach app,$(TEST_APPS),$(eval $(call TEST_APP_RULES,$(app))))

test-apps: $(TEST_APPS:%=build/tests/apps/%.rpk)

-include $(TEST_APP_OBJS:.o=.d)

# storm with the host's folder, and with a volume.
STORM_PLACES := host data
STORM_RIGHTS := ["read", "write", "create", "exec", "list"]
$(STORM_PLACES:%=build/tests/apps/storm-%.rpk): build/tests/apps/storm-%.rpk: build/tests/apps/storm/storm tests/apps/storm/manifest.toml $(PACK)
	@mkdir -p build/tests/apps/storm-$*
	@{ cat tests/apps/storm/manifest.toml; echo '$* = $(STORM_RIGHTS)'; } >build/tests/apps/storm-$*/manifest.toml
	tools/rumpk pack build/tests/apps/storm-$*/manifest.toml --file storm=build/tests/apps/storm/storm -k $(DEVELOPMENT_KEY) -o $@
test-apps: $(STORM_PLACES:%=build/tests/apps/storm-%.rpk)
