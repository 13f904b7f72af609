# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# apps/files, granted the host's folder: for the tests of --share.

build/tests/apps/files-host.rpk: build/apps/files/files tests/apps/files-host/manifest.toml $(PACK)
	@mkdir -p $(@D)
	tools/rumpk pack tests/apps/files-host/manifest.toml --file files=build/apps/files/files -k $(DEVELOPMENT_KEY) -o $@
test-apps: build/tests/apps/files-host.rpk
