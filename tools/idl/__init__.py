# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Interface definitions (capos/idl/*.toml) and what is made from them: headers, wrappers, dispatch tables, reference, lock."""
