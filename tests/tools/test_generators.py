# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The small generators: names for backtraces, keys for images, broken bundles; and set-up without a network."""
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from support import KEYS, ROOT  # noqa: E402
import ksyms  # noqa: E402
import make_bundles  # noqa: E402
from rumpklib import image, minisign  # noqa: E402

LISTING = """

Symbols from x.elf:

Name                  Value           Class        Type         Size             Line  Section

zeta                |0000000000001008|   T  |              FUNC|0000000000000008|     |.text
alpha               |0000000000001004|   t  |              FUNC|0000000000000004|     |.text
alpha_alias         |0000000000001004|   T  |              FUNC|0000000000000004|     |.text
image_start         |0000000000001000|   T  |            NOTYPE|                |     |.head
data                |0000000000002000|   D  |            OBJECT|0000000000000004|     |.data
"""


class KsymsTest(support.Case):
    def test_functions_alone_sorted_each_address_once(self) -> None:
        self.assertEqual(ksyms.functions(LISTING), (0x1000, {4: "alpha", 8: "zeta"}))
        self.assertEqual(list(ksyms.functions(LISTING)[1]), [4, 8])

    def test_needs_the_start_of_the_image(self) -> None:
        with self.assertRaises(ValueError):
            ksyms.functions(LISTING.replace("image_start", "other"))

    def test_table_is_what_the_kernel_reads(self) -> None:
        source, made, raw = (self.folder / name for name in ("k.S", "k.o", "k.bin"))
        source.write_text(ksyms.assembly({4: "alpha", 8: "beta", 12: "eta", 16: "alpha", 20: "ta"}))
        subprocess.run(["aarch64-linux-gnu-gcc", "-c", source, "-o", made], check=True)
        subprocess.run(["aarch64-linux-gnu-objcopy", "-O", "binary", "-j", ".ksyms", made, raw], check=True)
        self.assertEqual(raw.read_bytes(), struct.pack("<12I", 0x4D59534B, 5, 4, 8, 12, 16, 20, 5, 0, 1, 5, 2) + b"beta\0alpha\0\0")


class TrustKeyTest(support.Case):
    def test_makes_an_image_that_trusts(self) -> None:
        bare, out = self.folder / "bare.img", self.folder / "out.img"
        bare.write_bytes(struct.pack("<8sII", image.MAGIC, 8, 0) + bytes(384))
        command = [ROOT / "tools/trust-key", bare, "-o", out, "--key", KEYS / "dev.pub"]
        subprocess.run([*command, "--development"], check=True)
        dev = image.TrustedKey(minisign.read_public_key(KEYS / "dev.pub"), True)
        self.assertEqual(image.read(out.read_bytes(), "out"), [dev])
        bare.write_bytes(b"no image")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, "^trust-key: .*bare.img: not a Rumpk image")


class BundlesTest(support.Case):
    def test_every_bundle_to_be_refused_is_refused_here_too(self) -> None:
        good = self.packed()
        cases = list(make_bundles.make(good.read_bytes(), KEYS / "dev.key", KEYS / "other.key"))
        self.assertGreater(len(cases), 100)
        self.assertEqual(len({case.name for case in cases}), len(cases))
        for case in cases:
            path = self.folder / "case.rpk"
            path.write_bytes(case.data)
            if case.status == 126 or case.name.startswith(("archive-", "manifest-name", "manifest-unknown")):
                self.assertEqual(self.rumpk("verify", path, "-p", KEYS / "dev.pub")[0], 1, case.name)

    def test_the_same_each_time(self) -> None:
        good = self.packed()
        for name in ("one", "two"):
            subprocess.run([ROOT / "fixtures/make_bundles.py", self.folder / name, "--bundle", good], check=True)
        rows = json.loads((self.folder / "one/cases.json").read_text())
        for row in rows:
            self.assertEqual((self.folder / "one" / row["file"]).read_bytes(),
                             (self.folder / "two" / row["file"]).read_bytes(), row["file"])


class SetupTest(support.Case):
    """The scripts in a copy, with a PATH of chosen programs or archives of its own."""

    def script(self, name: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        (self.folder / "tools").mkdir(exist_ok=True)
        shutil.copy(ROOT / "tools" / name, self.folder / "tools")
        arguments = ["run"] if name == "setup.sh" else []
        return subprocess.run(["/bin/sh", self.folder / "tools" / name, *arguments], env={**os.environ, **environment},
                              capture_output=True, text=True, check=False)

    def path_of(self, *programs: str) -> dict[str, str]:
        folder = self.folder / "bin"
        folder.mkdir()
        for program in programs:
            (folder / program).symlink_to(shutil.which(program) or program)
        return {"PATH": str(folder)}

    def test_says_what_is_missing_without_apt(self) -> None:
        done = self.script("setup.sh", self.path_of("cat", "grep", "sort", "tr", "uname"))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("qemu-system-arm", done.stderr)

    def test_says_what_root_has_to_run(self) -> None:
        path = self.path_of("cat", "grep", "sort", "tr", "uname")
        (self.folder / "bin/apt-get").symlink_to("/bin/true")
        (self.folder / "bin/id").write_text("#!/bin/sh\necho 1000\n")
        (self.folder / "bin/id").chmod(0o755)
        done = self.script("setup.sh", path)
        self.assertEqual(done.returncode, 2)
        self.assertIn("apt-get install --no-install-recommends", done.stderr)

    def test_says_nothing_when_nothing_is_missing(self) -> None:
        done = self.script("setup.sh", {})
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def dependency(self, content: bytes) -> dict[str, str]:
        """A deps.lock that pins one archive, and the folder with the archive in it."""
        (self.folder / "thing-1").mkdir()
        (self.folder / "thing-1/file").write_bytes(content)
        cache = self.folder / "cache"
        cache.mkdir()
        with tarfile.open(cache / "thing.tar.gz", "w:gz") as archive:
            archive.add(self.folder / "thing-1", "thing-1")
        digest = hashlib.sha256((cache / "thing.tar.gz").read_bytes()).hexdigest()
        (self.folder / "deps.lock").write_text(f"# comment\n\nthing thing 1 bookworm thing.tar.gz . {digest}\n")
        return {"RUMPK_DEPS_CACHE": str(cache), "RUMPK_DEBIAN_MIRROR": "http://127.0.0.1:1"}

    def test_takes_a_genuine_archive_from_the_cache_once(self) -> None:
        environment = self.dependency(b"genuine")
        self.assertEqual(self.script("fetch-deps.sh", environment).returncode, 0)
        unpacked = self.folder / "build/deps/thing/file"
        self.assertEqual(unpacked.read_bytes(), b"genuine")
        shutil.rmtree(self.folder / "cache")
        self.assertEqual(self.script("fetch-deps.sh", environment).returncode, 0)

    def test_an_archive_that_is_not_genuine_is_not_unpacked(self) -> None:
        environment = self.dependency(b"genuine")
        with (self.folder / "cache/thing.tar.gz").open("ab") as archive:
            archive.write(b"more")
        done = self.script("fetch-deps.sh", environment)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot reach http://127.0.0.1:1", done.stderr)
        self.assertFalse((self.folder / "build/deps/thing").exists())
        self.assertEqual([path.name for path in (self.folder / "build/deps").iterdir()], [".lock"])  # nothing half-fetched
        (self.folder / "deps.lock").unlink()
        done = self.script("fetch-deps.sh", environment)
        self.assertEqual((done.returncode, done.stderr), (1, "fetch-deps: deps.lock: no such file, or not readable\n"))


if __name__ == "__main__":
    unittest.main()
