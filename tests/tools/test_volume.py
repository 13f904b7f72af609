# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk volume, --disk, and volumes whose guest is killed (30 times here, 500 in `make soak`)."""
from __future__ import annotations

import importlib.util
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
