# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk run --share: what it takes, and what QEMU is told."""
import os
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from rumpklib import share  # noqa: E402
from rumpklib.errors import BadInput  # noqa: E402
from support import ROOT  # noqa: E402


class ShareTest(support.Case):
    def test_a_folder_is_shared_as_it_is_or_read_only(self) -> None:
        self.assertEqual(share.parse(str(self.folder)), share.Share(str(self.folder), False))
        self.assertEqual(share.parse(f"{self.folder}:ro"), share.Share(str(self.folder), True))
        self.assertEqual(share.parse("."), share.Share(os.getcwd(), False))

    def test_what_is_no_folder_is_named(self) -> None:
        (self.folder / "file").touch()
        (self.folder / "dangling").symlink_to("nowhere")
        for text, why in (("", "there is no folder (empty)"), (":ro", "there is no folder (empty)"),
                          (f"{self.folder}/nothing", "there is no folder"), (f"{self.folder}/file:ro", "is no folder"),
                          (f"{self.folder}/dangling", "is no folder"), (f"{self.folder}:rw", "there is no folder")):
            with self.subTest(text=text), self.assertRaises(BadInput) as caught:
                share.parse(text)
            self.assertIn(why, str(caught.exception))

    def test_qemu_is_told_of_it(self) -> None:
        mmio = share.arguments(share.Share("/a,b", False), "mmio")
        self.assertEqual(mmio[:2], ("-fsdev", "local,id=share,path=/a,,b,security_model=none,multidevs=remap"))
        self.assertIn("virtio-9p-device,fsdev=share,mount_tag=host", mmio)
        self.assertIn("virtio-mmio.force-legacy=false", mmio)
        pci = share.arguments(share.Share("/a", True), "pci")
        self.assertTrue(pci[1].endswith(",readonly=on"))
        self.assertEqual(pci[2:], ("-device", "virtio-9p-pci,fsdev=share,mount_tag=host"))

    def test_a_run_without_its_folder_is_125(self) -> None:
        status, _, error = self.rumpk("run", ROOT / "tools/rumpk", "--share", self.folder / "nothing")
        self.assertEqual(status, 125)
        self.assertRegex(error, "^rumpk: run: .*--share .*there is no folder")


if __name__ == "__main__":
    unittest.main()
