# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""How commands write a file: whole or not at all, where it is meant to be, for whom it is meant to be."""
import os
import stat
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from support import KEYS  # noqa: E402
from rumpklib import files  # noqa: E402
from rumpklib.errors import BadInput  # noqa: E402


class FilesTest(support.Case):
    def test_a_file_that_is_there_keeps_its_mode(self) -> None:
        bundle = self.packed()
        for mode in (0o600, 0o640, 0o644):
            bundle.chmod(mode)
            self.assertEqual(self.rumpk("sign", bundle, "-k", KEYS / "other.key")[0], 0)
            self.assertEqual(stat.S_IMODE(bundle.stat().st_mode), mode)

    def test_a_new_file_has_the_users_umask(self) -> None:
        for umask, mode in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o664)):
            old = os.umask(umask)
            self.addCleanup(os.umask, old)
            files.write(self.folder / f"{umask}", b"")
            self.assertEqual(stat.S_IMODE((self.folder / f"{umask}").stat().st_mode), mode)

    def test_links_are_followed(self) -> None:
        bundle, link = self.packed(), self.folder / "current.rpk"
        before = bundle.read_bytes()
        link.symlink_to(bundle.name)
        self.assertEqual(self.rumpk("sign", link, "-k", KEYS / "other.key")[0], 0)
        self.assertTrue(link.is_symlink())
        self.assertNotEqual(bundle.read_bytes(), before)
        (self.folder / "dangling").symlink_to("new")
        files.write(self.folder / "dangling", b"there")
        self.assertEqual((self.folder / "new").read_bytes(), b"there")

    def test_what_is_no_file_is_written_to_and_not_replaced(self) -> None:
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        files.write(pipe, b"through")
        self.assertEqual(os.read(reader, 100), b"through")
        self.assertTrue(pipe.is_fifo())
        with self.assertRaisesRegex(BadInput, "Is a directory"):
            files.write(self.folder, b"")

    def test_an_interruption_leaves_what_was_there(self) -> None:
        for error in (KeyboardInterrupt, OSError(28, "No space left on device")):
            (self.folder / "file").write_bytes(b"old")
            with mock.patch("os.replace", side_effect=error), self.assertRaises((KeyboardInterrupt, BadInput)):
                files.write(self.folder / "file", b"new")
            self.assertEqual([path.name for path in self.folder.iterdir()], ["file"])
            self.assertEqual((self.folder / "file").read_bytes(), b"old")


if __name__ == "__main__":
    unittest.main()
