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
