# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The commands of rumpk as a user calls them: results, messages, exit statuses."""
import json
import os
import stat
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from support import KEYS, MANIFEST, PROCESSES  # noqa: E402
import bad_elf  # noqa: E402
from rumpklib import content, image, minisign, stamp  # noqa: E402


GRANTS = """process     ping (main)
  exec      bin/app one "two words" and words at launch
  env       KEY=value
  memory    2M, stack 64K
  threads   at most 16
  restart   never
  may       console: write
  may       clock: read, wait
process     pong
  exec      bin/app
  memory    516K, stack 64K
  threads   at most 16, on CPU 1
  restart   on-failure, at most 3 times, the first after 20ms
  may       nothing beyond its own memory and threads
"""


class KeygenTest(support.Case):
    def test_makes_a_pair_that_signs_and_verifies(self) -> None:
        status, out, _ = self.rumpk("keygen", "--no-password", self.folder / "mine")
        self.assertEqual(status, 0)
        self.assertIn("public key", out)
        bundle = self.packed()
        self.assertEqual(self.rumpk("sign", bundle, "-k", self.folder / "mine.key")[0], 0)
        self.assertEqual(self.rumpk("verify", bundle, "-p", self.folder / "mine.pub")[0], 0)
        self.assertEqual(self.rumpk("verify", bundle, "-p", KEYS / "dev.pub")[0], 1)

    def test_programs_have_their_signature_beside_them(self) -> None:
        (self.folder / "prog").write_bytes(b"not a bundle")
        self.assertEqual(self.rumpk("sign", self.folder / "prog", "-k", KEYS / "dev.key")[0], 0)
        self.assertEqual((self.folder / "prog").read_bytes(), b"not a bundle")
        done = subprocess.run(["minisign", "-Vm", self.folder / "prog", "-p", KEYS / "dev.pub"], capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_overwrites_only_when_told(self) -> None:
        (self.folder / "mine.key").write_text("precious")
        status, _, error = self.rumpk("keygen", "--no-password", self.folder / "mine")
        self.assertEqual(status, 2)
        self.assertRegex(error, "^rumpk: keygen: .*mine.key: is there already")
        self.assertEqual((self.folder / "mine.key").read_text(), "precious")
        self.assertEqual(self.rumpk("keygen", "--no-password", "--force", self.folder / "mine")[0], 0)


class PackTest(support.Case):
    def test_same_files_give_same_bytes(self) -> None:
        first, second = self.packed(), self.folder / "second.rpk"
        other = self.app("elsewhere")
        os.chmod(other / "zebra.txt", 0o600)
        os.chmod(other / "manifest.toml", 0o755)
        os.utime(other / "zebra.txt", (1, 1))
        self.assertEqual(self.rumpk("pack", other, "-o", second, "-k", KEYS / "dev.key")[0], 0)
        self.assertEqual(first.read_bytes(), second.read_bytes())

    def test_neither_the_secret_key_nor_the_bundle_itself_is_packed(self) -> None:
        app = self.app()
        (app / "mine.key").write_bytes((KEYS / "dev.key").read_bytes())
        status, _, error = self.rumpk("pack", app, "-o", self.folder / "app.rpk", "-k", app / "mine.key")
        self.assertEqual((status, error), (2, f"rumpk: pack: {app}/mine.key: the secret key would be in the bundle: keep it outside of what is packed\n"))
        status, _, error = self.rumpk("pack", app / "manifest.toml", "--file", f"key={app}/mine.key", "-o", self.folder / "app.rpk", "-k", app / "mine.key")
        self.assertIn("the secret key would be in the bundle", error)
        status, _, error = self.rumpk("pack", app, "-o", app / "app.rpk")
        self.assertEqual((status, error), (2, f"rumpk: pack: {app}/app.rpk: the bundle itself would be in the bundle: keep it outside of what is packed\n"))
        self.assertFalse((self.folder / "app.rpk").exists() or (app / "app.rpk").exists())
        self.assertEqual(self.rumpk("pack", app / "manifest.toml", "-o", app / "app.rpk", "-k", app / "mine.key")[0], 0)

    def test_a_file_too_large_for_an_archive_is_refused(self) -> None:
        app = self.app()
        with (app / "large").open("wb") as file:
            file.truncate(1 << 32)
        status, _, error = self.rumpk("pack", app, "-o", self.folder / "app.rpk")
        self.assertEqual((status, error), (2, f"rumpk: pack: {app}/large: {1 << 32} bytes, at most {(1 << 32) - 1} fit a file of a bundle\n"))

    def test_programs_that_run_as_root_stay_so(self) -> None:
        output, app = self.folder / "modes.rpk", self.app()
        for name, mode in (("su", 0o4751), ("text", 0o4644), ("plain", 0o2711)):
            (app / name).write_bytes(b"x")
            os.chmod(app / name, mode)
        self.assertEqual(self.rumpk("pack", app, "-o", output)[0], 0)
        modes = {entry.name: stat.S_IMODE(entry.mode) for entry in content.read(str(output)).entries}
        self.assertEqual([modes[name] for name in ("su", "text", "plain")], [0o4755, 0o644, 0o755])

    def test_files_are_as_old_as_they_are_said_to_be(self) -> None:
        def times(output: Path) -> set[int]:
            return {entry.modified for entry in content.read(str(output)).entries}

        output, app = self.folder / "dated.rpk", self.app()
        for epoch, seconds in ((None, 315532800), ("", 315532800), ("0", 0), ("1700000000", 1700000000), ("4294967295", 4294967295)):
            with mock.patch.dict(os.environ):
                os.environ.pop("SOURCE_DATE_EPOCH", None)
                os.environ.update({"SOURCE_DATE_EPOCH": epoch} if epoch is not None else {})
                self.assertEqual(self.rumpk("pack", app, "-o", output)[0], 0)
            self.assertEqual(times(output), {seconds})
        for epoch in ("-1", "4294967296", "now", "1e9", "1.5"):
            with mock.patch.dict(os.environ, SOURCE_DATE_EPOCH=epoch):
                self.refused(f"SOURCE_DATE_EPOCH: '{epoch}' is not a number of seconds", app)

    def test_a_manifest_takes_exec_and_placed_files_alone(self) -> None:
        app, output = self.app(), self.folder / "out.rpk"
        status, _, error = self.rumpk("pack", app / "manifest.toml", "--file", f"data/z={app / 'zebra.txt'}", "-o", output)
        self.assertEqual(status, 0, error)
        names = [file["name"] for file in json.loads(self.rumpk("inspect", "--json", output)[1])["files"]]
        self.assertEqual(names, ["manifest.toml", "bin", "bin/app", "data", "data/z"])

    def test_a_manifest_takes_the_exec_of_each_process(self) -> None:
        app, output = self.app(manifest=PROCESSES.replace("bin/app", "pong", 1)), self.folder / "out.rpk"
        status, _, error = self.rumpk("pack", app / "manifest.toml", "-o", output)
        self.assertEqual(status, 2)
        self.assertIn("pong: No such file", error)
        status, _, error = self.rumpk("pack", app / "manifest.toml", "--file", f"pong={app / 'bin/app'}", "-o", output)
        self.assertEqual(status, 0, error)
        listed = json.loads(self.rumpk("inspect", "--json", output)[1])["files"]
        self.assertEqual([(file["name"], file["mode"]) for file in listed if file["name"] != "bin"],
                         [("manifest.toml", "-rw-r--r--"), ("bin/app", "-rwxr-xr-x"), ("pong", "-rwxr-xr-x")])

    def test_says_that_it_is_unsigned(self) -> None:
        output = self.folder / "out.rpk"
        status, out, _ = self.rumpk("pack", self.app(), "-o", output)
        self.assertEqual(status, 0)
        self.assertIn("unsigned", out)
        status, _, error = self.rumpk("verify", output, "-p", KEYS / "dev.pub")
        self.assertEqual(status, 1)
        self.assertIn("not signed", error)

    def refused(self, why: str, *arguments: object) -> None:
        output = self.folder / "out.rpk"
        status, _, error = self.rumpk("pack", *arguments, "-o", output)
        self.assertEqual(status, 2)
        self.assertRegex(error, f"^rumpk: pack: .*{why}")
        self.assertEqual(error.count("\n"), 1)
        self.assertFalse(output.exists())

    def test_refuses_what_the_kernel_would(self) -> None:
        self.refused("manifest.toml:3: colour: unknown key", self.app("a", 'name = "a"\nexec = "bin/app"\ncolour = 1\n'))
        self.refused("exec: no file worse in the bundle", self.app("b", 'name = "a"\nexec = "worse"\n'))
        self.refused("exec: no file worse in the bundle", self.app("d", PROCESSES.replace("bin/app", "worse", 1)))
        app = self.app("e", PROCESSES + '[[process]]\nname = "z"\nexec = "zebra.txt"\n')
        self.refused("zebra.txt: not an ELF file", app)
        app = self.app("c")
        (app / "bin/app").write_bytes(bad_elf.Elf(machine=62).build())
        self.refused("bin/app: ELF for machine 62", app)
        (app / "bin/app").write_text("#!/bin/sh\n")
        self.refused("bin/app: not an ELF file", app)

    def test_refuses_what_an_archive_cannot_hold(self) -> None:
        app = self.app()
        os.mkfifo(app / "pipe")
        self.refused("pipe: neither a regular file nor a folder nor a link", app)
        (app / "pipe").unlink()
        (app / "link").symlink_to("../" * 342)
        self.refused("link: a link of more than 1023 bytes", app)
        (app / "link").unlink()
        self.refused("cannot be a name", app, "--file", f"../up={app / 'zebra.txt'}")
        self.refused("both a file and a folder", app, "--file", f"zebra.txt/x={app / 'zebra.txt'}")
        self.refused("must be NAME=PATH", app, "--file", "name")

    def test_refuses_what_is_not_there(self) -> None:
        self.refused("No such file", self.folder / "nothing")
        self.refused("No such file", self.app("no-key"), "-k", self.folder / "no.key")
        self.refused("not a minisign secret key", self.app("pub-key"), "-k", KEYS / "dev.pub")


class BundleTest(support.Case):
    def test_verify_refuses_a_flip_of_any_bit_tried(self) -> None:
        bundle = self.packed()
        good = bundle.read_bytes()
        self.assertEqual(self.rumpk("verify", bundle, "-p", KEYS / "dev.pub")[0], 0)
        for at in [*range(0, 400, 7), *range(400, len(good), 401), len(good) - 1]:
            bundle.write_bytes(good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1:])
            status, out, error = self.rumpk("verify", bundle, "-p", KEYS / "dev.pub")
            self.assertEqual((status, out), (1, ""), f"byte {at}")
            self.assertRegex(error, "^rumpk: verify: .*app.rpk")

    def test_verify_of_nothing_is_bad_input(self) -> None:
        self.assertEqual(self.rumpk("verify", self.packed(), "-p", self.folder / "no.pub")[0], 2)
        self.assertEqual(self.rumpk("verify", self.folder / "no.rpk", "-p", KEYS / "dev.pub")[0], 2)

    def test_stock_minisign_accepts_what_is_extracted(self) -> None:
        bundle, out = self.packed(), self.folder / "out"
        self.assertEqual(self.rumpk("extract", bundle, out)[0], 0)
        done = subprocess.run(["minisign", "-Vm", "archive.cpio", "-p", KEYS / "dev.pub"], cwd=out, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Trusted comment: rumpk bundle app", done.stdout)

    def test_extract_overwrites_only_when_told(self) -> None:
        bundle = self.packed()
        (self.folder / "archive.cpio").write_text("precious")
        status, _, error = self.rumpk("extract", bundle, self.folder)
        self.assertEqual(status, 2)
        self.assertIn("is there already", error)
        self.assertEqual((self.folder / "archive.cpio").read_text(), "precious")
        self.assertEqual(self.rumpk("extract", "--force", bundle, self.folder)[0], 0)

    def test_inspect_shows_all(self) -> None:
        bundle = self.packed()
        facts = json.loads(self.rumpk("inspect", "--json", bundle)[1])
        self.assertEqual(facts["manifest"]["processes"][0]["capabilities"], {"console": ["write"]})
        self.assertEqual(facts["signature"]["trusted_comment"], "rumpk bundle app")
        self.assertEqual([file["name"] for file in facts["files"]], ["manifest.toml", "bin", "bin/app", "zebra.txt"])
        text = self.rumpk("inspect", bundle)[1]
        for part in ("app", "console: write", "-rwxr-xr-x", "zebra.txt", facts["signature"]["key_id"]):
            self.assertIn(part, text)

    def test_inspect_shows_each_process_and_its_grants(self) -> None:
        bundle = self.packed(PROCESSES)
        facts = json.loads(self.rumpk("inspect", "--json", bundle)[1])["manifest"]
        self.assertEqual((facts["name"], facts["main"]), ("pair", 0))
        self.assertEqual([process["name"] for process in facts["processes"]], ["ping", "pong"])
        self.assertEqual(facts["processes"][1]["backoff_ns"], 20_000_000)
        self.assertIn(GRANTS, self.rumpk("inspect", bundle)[1])

    def test_inspect_quotes_what_would_move_the_cursor(self) -> None:
        bundle = self.packed(MANIFEST.replace("\n\n", '\nargs = ["\\u001b[2J", "\\u202e", "\\n", "", "a b"]\n'))
        self.assertIn(r'bin/app "\u001b[2J" "\u202e" "\n" "" "a b"', self.rumpk("inspect", bundle)[1])

    def test_inspect_of_no_bundle(self) -> None:
        path = self.folder / "no.rpk"
        path.write_text(MANIFEST)
        status, _, error = self.rumpk("inspect", path)
        self.assertEqual(status, 2)
        self.assertRegex(error, "^rumpk: inspect: .*no.rpk: not a bundle")


class InspectImageTest(support.Case):
    """Of the images that are built, and of copies with something changed."""

    IMAGE, RELEASE = support.ROOT / "build/rumpk.img", support.ROOT / "build/rumpk-release.img"

    def facts(self, path: Path) -> dict:
        status, out, error = self.rumpk("inspect", "--json", path)
        self.assertEqual(status, 0, error)
        return json.loads(out)

    def test_shows_which_build_it_is(self) -> None:
        facts = self.facts(self.IMAGE)
        source = (support.ROOT / "build/kernel/gen/version.c").read_text()
        self.assertIn(f'.commit = "{facts["image"]["commit"]}"', source)
        self.assertEqual(facts["image"]["version"], (support.ROOT / "VERSION").read_text().strip())
        self.assertEqual(facts["image"]["bytes"], self.IMAGE.stat().st_size)
        self.assertIn(f"commit      {facts['image']['commit']}", self.rumpk("inspect", self.IMAGE)[1])

    def test_shows_whom_it_trusts(self) -> None:
        development = minisign.key_id_text(minisign.read_public_key(KEYS / "dev.pub").key_id)
        self.assertEqual(self.facts(self.IMAGE)["keys"], [{"key_id": development, "development": True}])
        self.assertIn(f"trusts      key {development}, of development\n", self.rumpk("inspect", self.IMAGE)[1])

    def test_tells_a_release_image(self) -> None:
        self.assertFalse(self.facts(self.IMAGE)["release"])
        self.assertTrue(self.facts(self.RELEASE)["release"])
        self.assertEqual(self.facts(self.RELEASE)["image"], self.facts(self.IMAGE)["image"])
        self.assertIn("trusts      nobody yet", self.rumpk("inspect", self.RELEASE)[1])
        mine, public = self.folder / "mine.img", minisign.read_public_key(KEYS / "other.pub")
        mine.write_bytes(image.add(self.RELEASE.read_bytes(), public, False, "x"))
        facts = self.facts(mine)
        self.assertTrue(facts["release"])
        self.assertEqual(facts["keys"], [{"key_id": minisign.key_id_text(public.key_id), "development": False}])

    def test_refuses_a_stamp_that_is_not_as_it_should_be(self) -> None:
        good, copy = self.RELEASE.read_bytes(), self.folder / "copy.img"
        at = good.index(stamp.MAGIC)
        self.assertEqual(at % 16, 0)

        def changed(offset: int, data: bytes) -> bytes:
            return good[:at + offset] + data + good[at + offset + len(data):]

        for data, why in ((changed(0, b"R" * 8), "no build stamp"), (good + good[at:at + 128], "more than one build stamp"),
                          (good[:at + 127], "build stamp at .* cut off"), (good[:64] + b"x" + good[64:], "build stamp at .* misaligned"),
                          (changed(8, b"\2"), "format 2"), (changed(12, b"\1"), "with 1 bytes"),
                          (changed(16, bytes(32)), "version of the build stamp is malformed"), (changed(16, b"\x1b"), "version"),
                          (changed(47, b"x"), "version"), (changed(48, b"x" * 80), "commit"), (changed(48, b"\xe9"), "commit")):
            copy.write_bytes(data)
            status, out, error = self.rumpk("inspect", copy)
            self.assertEqual((status, out), (2, ""), why)
            self.assertRegex(error, f"^rumpk: inspect: .*copy.img: .*{why}")

    def test_says_where_no_commit_has_what_it_was_built_from(self) -> None:
        good, copy = self.RELEASE.read_bytes(), self.folder / "copy.img"
        at = good.index(stamp.MAGIC) + 48
        for commit, dirty in ((b"0123456789ab", False), (b"0123456789ab-dirty", True), (b"unknown", True)):
            copy.write_bytes(good[:at] + commit.ljust(80, b"\0") + good[at + 80:])
            self.assertEqual(self.facts(copy)["image"]["dirty"], dirty, commit)
            self.assertEqual("not exactly a commit" in self.rumpk("inspect", copy)[1], dirty, commit)

    def test_an_image_of_another_kernel_is_not_ours(self) -> None:
        path = self.folder / "linux.img"
        path.write_bytes(bytes(56) + b"ARM\x64" + bytes(5000))
        status, _, error = self.rumpk("inspect", path)
        self.assertEqual(status, 2)
        self.assertIn("not a Rumpk image", error)


class UsageTest(support.Case):
    def test_every_command_has_help(self) -> None:
        for command in ("keygen", "pack", "sign", "verify", "inspect", "extract", "run"):
            status, out, _ = self.rumpk(command, "--help")
            self.assertEqual(status, 0)
            self.assertIn(f"usage: rumpk {command}", out)

    def test_wrong_usage_is_2(self) -> None:
        for arguments in ((), ("bogus",), ("pack", "x"), ("run", "x", "--gic", "5"), ("verify", "x")):
            self.assertEqual(self.rumpk(*arguments)[0], 2)

    def test_the_program_itself_starts(self) -> None:
        done = subprocess.run([support.ROOT / "tools/rumpk", "--help"], cwd="/", capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn("pack", done.stdout)


if __name__ == "__main__":
    unittest.main()
