# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk bake: one file that boots by -kernel alone, trusts one key, and has the same bytes each time."""
from __future__ import annotations

import json
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from rumpklib import bake  # noqa: E402
from support import KEYS, ROOT  # noqa: E402

HELLO = ROOT / "build/apps/c-hello.rpk"
QEMU = ("qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-m", "16", "-nographic", "-nic", "none", "-semihosting")


class Bake(support.Case):
    def baked(self, bundle: Path = HELLO, *more: object, key: str = "dev", name: str = "app.img") -> Path:
        output = self.folder / name
        status, out, error = self.rumpk("bake", bundle, "--key", KEYS / f"{key}.pub", "-o", output, *more)
        self.assertEqual((status, error), (0, ""))
        self.assertIn("and no other", out)
        return output

    def boot(self, image: Path, *more: object) -> tuple[int, str]:
        done = subprocess.run([*QEMU, "-kernel", image, *map(str, more)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False)
        return done.returncode, done.stdout

    def refused(self, why: str, status: int, *arguments: object) -> None:
        output = self.folder / "none.img"
        told = self.rumpk("bake", *arguments, "-o", output)
        self.assertEqual(told[0], status)
        self.assertIn(why, told[2])
        self.assertFalse(output.exists())

    def test_boots_by_itself(self) -> None:
        for target in sorted(bake.TARGETS):
            with self.subTest(target=target):
                status, out = self.boot(self.baked(HELLO, "--target", target, name=target))
                self.assertEqual(status, 0, out)
                self.assertIn("[c-hello] hello from c-hello", out)

    def test_has_the_same_bytes_each_time(self) -> None:
        for target in sorted(bake.TARGETS):
            first = self.baked(HELLO, "--target", target, name="one").read_bytes()
            self.assertEqual(first, self.baked(HELLO, "--target", target, name="two").read_bytes())

    def test_runs_its_own_bundle_whatever_the_loader_brings(self) -> None:
        status, out = self.boot(self.baked(), "-initrd", ROOT / "build/apps/ping-pong.rpk")
        self.assertEqual(status, 0)
        self.assertIn("process 1 (c-hello) started", out)

    def test_trusts_the_one_key_only(self) -> None:
        """An image for another key with a bundle of the development key inside, as nobody can make with bake itself."""
        facts = json.loads(self.rumpk("inspect", "--json", self.baked())[1])
        self.assertEqual([key["development"] for key in facts["keys"]], [False])
        self.assertEqual((facts["bundle"]["name"], facts["release"]), ("c-hello", True))
        public = bake.minisign.read_public_key(KEYS / "other.pub")
        image = self.folder / "wrong.img"
        image.write_bytes(bake.bake(bake.RELEASE_IMAGE.read_bytes(), HELLO.read_bytes(), public, "image"))
        status, out = self.boot(image)
        self.assertEqual(status, 126)
        self.assertIn("trust: refused", out)

    def test_a_changed_byte_of_the_bundle_is_refused_at_boot(self) -> None:
        image = self.baked()
        data = bytearray(image.read_bytes())
        data[-9000] ^= 1
        image.write_bytes(data)
        self.assertEqual(self.boot(image)[0], 126)

    def test_the_bundle_comes_out_again(self) -> None:
        self.assertEqual(bake.bundle_of(self.baked().read_bytes()), HELLO.read_bytes())
        self.assertIsNone(bake.bundle_of(bake.RELEASE_IMAGE.read_bytes()))

    def test_refuses_what_would_not_boot(self) -> None:
        self.refused("not with", 1, HELLO, "--key", KEYS / "other.pub")
        unsigned = self.folder / "unsigned.rpk"
        self.assertEqual(self.rumpk("pack", self.app(), "-o", unsigned)[0], 0)
        self.refused("not signed", 1, unsigned, "--key", KEYS / "dev.pub")
        self.refused("--key K.pub is missing", 2, HELLO)
        self.refused("not a bundle", 2, KEYS / "dev.pub", "--key", KEYS / "dev.pub")
        self.refused("not a Rumpk image", 2, HELLO, "--key", KEYS / "dev.pub", "--image", HELLO)
        self.refused("can be baked: its head", 2, HELLO, "--key", KEYS / "dev.pub", "--image", self.baked())

    def test_lists_its_targets(self) -> None:
        status, out, _ = self.rumpk("bake", "--list")
        self.assertEqual((status, [line.split()[0] for line in out.splitlines()]), (0, list(bake.TARGETS)))


if __name__ == "__main__":
    unittest.main()
