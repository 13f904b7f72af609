# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors

# The ring's protocol in every interleaving.

.PHONY: model
model: setup-model
	@tests/spin/model.py
