# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk volume, --disk, and volumes whose guest is killed (30 times here, 500 in `make soak`)."""
from __future__ import annotations

import fcntl
import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402

KILLS = 30
RUMPK = support.ROOT / "tools" / "rumpk"


def rumpk(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(RUMPK), *map(str, words)], capture_output=True, text=True, check=False)


class VolumeTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="rumpk-volume-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.volume = self.folder / "v.img"

    def complains(self, status: int, text: str, *words: str | Path) -> None:
        done = rumpk(*words)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertIn(text, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_what_is_put_is_listed_and_got(self) -> None:
        source = self.folder / "a name with \"quotes\" and spaces"
        source.write_bytes(bytes(range(256)) * 1000)
        self.assertEqual(rumpk("volume", "create", self.volume, "16M").returncode, 0)
        self.assertEqual(self.volume.stat().st_size, 16 << 20)
        self.assertEqual(rumpk("volume", "put", self.volume, source, "/").returncode, 0)
        source.write_bytes(b"new")
        self.assertEqual(rumpk("volume", "put", self.volume, source, "/").returncode, 0)
        listed = rumpk("volume", "ls", self.volume)
        self.assertIn(f"3 {source.name}\n", listed.stdout)
        out = self.folder / "out"
        self.assertEqual(rumpk("volume", "get", self.volume, f"/{source.name}", out).returncode, 0)
        self.assertEqual(out.read_bytes(), b"new")

    def test_what_cannot_be_is_one_line(self) -> None:
        self.assertEqual(rumpk("volume", "create", self.volume, "8M").returncode, 0)
        text = self.folder / "text"
        text.write_text("no volume" * 1000)
        self.complains(2, "exists (--force)", "volume", "create", self.volume, "8M")
        self.complains(2, "at least 8 MiB", "volume", "create", self.folder / "w", "1M")
        self.complains(2, "a size is a number", "volume", "create", self.folder / "w", "big")
        self.complains(2, "there is no such volume", "volume", "ls", self.folder / "w")
        self.complains(2, "not an ext4 volume", "volume", "ls", text)
        self.complains(2, "File not found", "volume", "get", self.volume, "/none")
        self.complains(2, "no such file", "volume", "put", self.volume, self.folder / "none", "/")
        self.complains(2, "no folder of the volume", "volume", "put", self.volume, text, text, "/none")

    def test_what_does_not_fit_leaves_what_was_there(self) -> None:
        self.assertEqual(rumpk("volume", "create", self.volume, "8M").returncode, 0)
        source, out = self.folder / "file", self.folder / "out"
        for size, status in ((100000, 0), (9 << 20, 2), (3 << 20, 0), (3 << 20, 0), (9 << 20, 2)):
            source.write_bytes(os.urandom(size))
            if status:
                self.complains(2, "no room for", "volume", "put", self.volume, source, "/")
            else:
                kept = source.read_bytes()
                self.assertEqual(rumpk("volume", "put", self.volume, source, "/").returncode, 0)
            self.assertEqual(rumpk("volume", "get", self.volume, "/file", out).returncode, 0)
            self.assertEqual(out.read_bytes(), kept)
            self.assertEqual(rumpk("volume", "ls", self.volume).stdout.count("\n"), 2)
        checked = subprocess.run(["/sbin/e2fsck", "-fn", self.volume], capture_output=True, check=False)
        self.assertEqual(checked.returncode, 0, checked.stdout)

    def test_what_fails_leaves_no_half_of_it(self) -> None:
        self.assertEqual(rumpk("volume", "create", self.volume, "8M").returncode, 0)
        source, out = self.folder / "file", self.folder / "out"
        source.write_bytes(b"new" * 100000)
        out.write_bytes(b"old")
        self.assertEqual(rumpk("volume", "put", self.volume, source, "/").returncode, 0)
        before, names = self.volume.read_bytes(), sorted(self.folder.iterdir())
        for command in (f"volume get {self.volume} /file {out}", f"volume create --force {self.volume} 8M"):
            done = subprocess.run(["bash", "-c", f"ulimit -f 16; '{RUMPK}' {command}"], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, len(done.stderr.splitlines())), (2, 1), done.stderr)
        self.assertEqual((out.read_bytes(), self.volume.read_bytes() == before), (b"old", True))
        self.complains(2, "at most 16 TiB", "volume", "create", self.folder / "huge", "99999999999999T")
        self.assertEqual(sorted(self.folder.iterdir()), names)

    def test_a_volume_that_a_guest_has_is_not_made_anew(self) -> None:
        self.assertEqual(rumpk("volume", "create", self.volume, "8M").returncode, 0)
        with self.volume.open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX, 1, 100)  # as QEMU does
            self.complains(2, "a guest is using it", "volume", "create", "--force", self.volume, "8M")

    def test_a_disk_that_cannot_be_is_one_line(self) -> None:
        bundle = support.ROOT / "build" / "apps" / "c-hello.rpk"
        self.complains(125, "there is no file", "run", bundle, "--disk", self.folder / "none")
        self.complains(125, "is a folder", "run", bundle, "--disk", f"{self.folder}:ro")

    def test_a_killed_guest_loses_nothing_that_was_synced(self) -> None:
        spec = importlib.util.spec_from_file_location("soak_volume", support.ROOT / "tests" / "soak" / "volume.py")
        assert spec and spec.loader
        soak = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(soak)
        self.assertGreater(soak.kills(KILLS, 1, self.folder), KILLS)


if __name__ == "__main__":
    unittest.main()
