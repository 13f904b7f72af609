# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# apps/files, granted the host's folder: for the tests of --share; where a panic leaves a file; beside one that keeps the log.

FILES_BUNDLES := $(addprefix build/tests/apps/,files-host.rpk files-panic.rpk files-followed.rpk)
$(FILES_BUNDLES): build/tests/apps/%.rpk: build/apps/files/files tests/apps/%/manifest.toml $(PACK)
	@mkdir -p $(@D)
	tools/rumpk pack tests/apps/$*/manifest.toml --file files=build/apps/files/files -k $(DEVELOPMENT_KEY) -o $@
test-apps: $(FILES_BUNDLES)

# A program beside its signature, and such that must not run: altered, signed by nobody who is trusted, without a signature.
SHARE_PROGRAMS := build/tests/share-programs/good
$(SHARE_PROGRAMS): build/apps/c-hello/c-hello fixtures/keys/dev.key fixtures/keys/other.key tests/share.mk
	@rm -rf $(@D)
	@mkdir -p $(@D)
	@for name in other altered missing empty; do cp $< $(@D)/$$name; done
	@cp $< $@.new
	@: >$(@D)/empty.minisig
	@for key in good.new=dev altered=dev other=other; do \
		minisign -S -s fixtures/keys/$${key#*=}.key -m $(@D)/$${key%=*} </dev/null >/dev/null || exit 1; done
	@printf x | dd of=$(@D)/altered bs=1 seek=3000 conv=notrunc status=none
	@mv $@.new.minisig $@.minisig
	@ln -s good $(@D)/link
	@mv $@.new $@
test-apps: $(SHARE_PROGRAMS)

# The same for Linux programs, and code that is mapped: 65 pages, a function in the first and in the last. Copied for each run: they empty their files.
SHARE_LINUX := build/tests/share-linux
$(SHARE_LINUX)/%: tests/linux/share/%.c $(MUSL_STAMP) $(RULES)
	@mkdir -p $(@D)
	$(LINUX_CC) -std=gnu11 -O1 $(WARNINGS) -D_GNU_SOURCE -o $@ $<
$(SHARE_LINUX)/code: tests/share.mk
	@mkdir -p $(@D)
	@head -c 266240 /dev/zero >$@.new
	@for at in 0 262144; do printf '\340\000\200\122\300\003\137\326' | dd of=$@.new bs=1 seek=$$at conv=notrunc status=none; done
	@mv $@.new $@
$(SHARE_LINUX)/signed: $(SHARE_LINUX)/answer $(SHARE_LINUX)/code fixtures/keys/dev.key fixtures/keys/other.key tools/rumpklib/commands.py tests/share.mk
	@for name in altered unsigned other race; do cp $(SHARE_LINUX)/answer $(SHARE_LINUX)/$$name; done
	@cp $(SHARE_LINUX)/code $(SHARE_LINUX)/unsigned-code
	@tools/rumpk sign $(addprefix $(SHARE_LINUX)/,answer code altered race) -k fixtures/keys/dev.key >/dev/null
	@tools/rumpk sign $(SHARE_LINUX)/other -k fixtures/keys/other.key >/dev/null
	@printf x | dd of=$(SHARE_LINUX)/altered bs=1 seek=3000 conv=notrunc status=none
	@touch $@
build/tests/apps/linux-share.rpk: $(SHARE_LINUX)/runner tests/linux/share/manifest.toml $(PACK)
	@mkdir -p $(@D)
	tools/rumpk pack tests/linux/share/manifest.toml --file runner=$(SHARE_LINUX)/runner -k $(DEVELOPMENT_KEY) -o $@
test-apps: build/tests/apps/linux-share.rpk $(SHARE_LINUX)/signed
