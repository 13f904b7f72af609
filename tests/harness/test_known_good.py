# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What is kept as known good, what is refused, and what a failure tells of it."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "tools")]
import dataclasses  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import shutil  # noqa: E402
import struct  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402

from harness import beside, junit, markers, paths, suite  # noqa: E402
from harness.known_good import IMAGE, STAMP, Keeper, Note, Refused, digest  # noqa: E402
from harness.runner import run_case  # noqa: E402
from harness.verdict import Expectation  # noqa: E402
from harness.worktree import environment, git  # noqa: E402
from rumpklib import image, minisign  # noqa: E402

CAPS = "apps/caps.rpk"
TABLE = f'''
name = "beside"
[[test]]
name = "hello"
image = "@build@/{IMAGE}"
initrd = "@build@/{CAPS}"
markers = ["[c-hello] hello from c-hello"]
'''


def stamped(commit: str, content: bytes = b"") -> bytes:
    """An image that nothing can boot, of a commit."""
    stamp = struct.pack("<8sII32s80s", b"RUMPKVER", 1, 128, b"0.1.0", commit.encode())
    return bytes(56) + b"ARM\x64" + bytes(4) + stamp + struct.pack("<8sII", b"RUMPKKEY", 8, 0) + bytes(384) + content


class Keeping(unittest.TestCase):
    """In a repository of one application."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = Path(holder.name)
        self.keeper = Keeper(self.root, self.root / "build")
        (self.root / "apps/hello").mkdir(parents=True)
        (self.root / ".gitignore").write_text("build/\n")
        self.git("init", "-q")
        self.commit("apps/hello/manifest.toml", "one")

    def git(self, *words: str) -> None:
        subprocess.run(["git", "-C", str(self.root), "-c", "user.name=t", "-c", "user.email=t@t", *words], check=True,
                       capture_output=True, env=environment(self.root))

    def commit(self, name: str, text: str) -> None:
        """Commits a file, and builds."""
        (self.root / name).write_text(text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", text)
        self.built(text.encode())

    def built(self, content: bytes, commit: str | None = None) -> None:
        """What make leaves."""
        (self.keeper.build / "apps").mkdir(parents=True, exist_ok=True)
        commit = commit or git(self.root, "describe", "--always", "--dirty", "--abbrev=12")
        (self.keeper.build / IMAGE).write_bytes(stamped(commit, content))
        (self.keeper.build / "apps/hello.rpk").write_bytes(content)

    def passes(self) -> str:
        """A `make check` that passes."""
        self.keeper.begin()
        return self.keeper.passed()

    def refused(self, why: str) -> None:
        before = digest(self.keeper.kept / IMAGE), digest(self.keeper.kept / STAMP)
        self.assertRaisesRegex(Refused, why, self.keeper.keep)
        self.assertEqual((digest(self.keeper.kept / IMAGE), digest(self.keeper.kept / STAMP)), before)
        self.assertEqual(list(self.keeper.build.glob(".known-good*")), [])

    def test_keeps_what_passed_and_replaces_it_by_what_passes_next(self) -> None:
        for text in ("two", "three"):
            self.commit("apps/hello/manifest.toml", text)
            self.assertIn("has passed", self.passes())
            head = git(self.root, "rev-parse", "HEAD")
            self.assertEqual(self.keeper.keep().commit, head)
            self.built(b"another build")
            self.assertEqual(self.keeper.load().commit, head)
            self.assertEqual((self.keeper.kept / IMAGE).read_bytes(), stamped(head[:12], text.encode()))
            self.assertEqual((self.keeper.kept / "apps/hello.rpk").read_bytes(), text.encode())
            self.assertRegex(self.keeper.tell("hello"), rf"rumpk 0\.1\.0 {head[:12]}, passed 2\d\d\d-")
        self.assertEqual(list(self.keeper.build.glob(".known-good*")), [])

    def test_keeps_nothing_that_was_not_tested(self) -> None:
        self.refused("make check has not passed on [0-9a-f]{12}: run")
        self.keeper.begin()
        self.refused("has not passed")  # it failed, or still runs

    def test_a_failure_withdraws_an_earlier_pass_of_the_same_commit(self) -> None:
        self.passes()
        self.keeper.begin()
        self.refused("has not passed")

    def test_what_passed_on_another_commit_does_not_count(self) -> None:
        self.passes()
        self.keeper.keep()
        old = git(self.root, "rev-parse", "HEAD")[:12]
        self.commit("README", "more")
        self.refused(f"has not passed on [0-9a-f]+; it has on {old}")

    def test_a_tree_that_is_not_the_commit_is_refused(self) -> None:
        self.passes()
        (self.root / "apps/hello/manifest.toml").write_text("changed")
        self.refused(r"not what is committed \(M apps/hello/manifest.toml\)")
        self.git("checkout", "-q", ".")
        (self.root / "new_test.py").write_text("found by wildcard")
        self.refused(r"not what is committed \(\?\? new_test.py\)")
        (self.root / "new_test.py").unlink()
        self.keeper.keep()

    def test_a_pass_of_a_dirty_tree_leaves_no_note(self) -> None:
        self.passes()
        (self.root / "new_test.py").write_text("x")
        self.keeper.begin()
        (self.root / "new_test.py").unlink()
        self.assertEqual(self.keeper.passed(), "")
        self.refused("has not passed")

    def test_what_changes_while_the_tests_run_is_no_pass(self) -> None:
        def rewritten() -> None:
            name = self.root / "apps/hello/manifest.toml"
            os.utime(name, ns=(0, self.keeper.note.stat().st_mtime_ns + 1))

        for change, why in ((rewritten, "manifest.toml was written while"),
                            (lambda: self.commit("README", "x"), "another commit was checked out"),
                            (lambda: (self.root / "untracked").write_text("x"), "not what is committed")):
            self.keeper.begin()
            change()
            self.assertRegex(self.keeper.passed(), why)
            self.assertFalse(self.keeper.note.exists())
        (self.root / "untracked").unlink()
        self.refused("has not passed")

    def test_an_image_of_another_commit_or_without_a_stamp_is_no_pass(self) -> None:
        self.built(b"", "0123456789ab-dirty")
        self.assertRegex(self.passes(), "was built from 0123456789ab-dirty, not from")
        (self.keeper.build / IMAGE).write_bytes(bytes(56) + b"ARM\x64" + bytes(100))
        self.assertRegex(self.passes(), "no build stamp")
        self.built(b"")
        (self.keeper.build / "apps/hello.rpk").unlink()
        self.assertRegex(self.passes(), "apps/hello.rpk is not there")

    def test_what_was_built_anew_since_is_refused(self) -> None:
        for name in (IMAGE, "apps/hello.rpk"):
            self.passes()
            self.keeper.keep()
            with (self.keeper.build / name).open("ab") as file:
                file.write(b"x")
            self.refused(f"{name} is not the one that make check passed with")
            (self.keeper.build / name).unlink()
            self.refused(f"{name} is not the one")
            self.built(b"one")

    def test_what_is_kept_is_proved_before_it_is_used(self) -> None:
        self.assertRaisesRegex(Refused, "nothing is kept yet", self.keeper.tell, None)
        self.passes()
        self.keeper.keep()
        self.assertRaisesRegex(Refused, "without an application other; it has hello", self.keeper.tell, "other")
        (self.keeper.kept / "apps/hello.rpk").write_bytes(b"damage")
        self.assertRaisesRegex(Refused, "hello.rpk is damaged", self.keeper.load)
        (self.keeper.kept / STAMP).write_text("{")
        self.assertRaisesRegex(Refused, "nothing is kept yet", self.keeper.load)


class Beside(unittest.TestCase):
    """A failure beside what is kept: the test wants c-hello's words, and today's bundle is another's."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = Path(holder.name)

    def kept(self, keeper: Keeper, kernel: bytes, bundle: Path) -> Keeper:
        """Keeps a kernel, and a bundle under the name of today's."""
        (keeper.kept / "apps").mkdir(parents=True)
        (keeper.kept / IMAGE).write_bytes(kernel)
        shutil.copyfile(bundle, keeper.kept / CAPS)
        files = {name: digest(keeper.kept / name) for name in (IMAGE, CAPS)}
        note = Note("0123456789abcdef", "0.1.0", 1.0, files)
        (keeper.kept / STAMP).write_text(json.dumps(dataclasses.asdict(note)))
        return keeper

    def compared(self, kernel: bytes, bundle: Path, **changes: object) -> str:
        keeper = Keeper()
        keeper.kept = self.folder / "known-good"
        case = suite.Case("beside", suite.product(paths.BUILD / CAPS), Expectation(markers=markers.hello()), autopsy=False)
        case = dataclasses.replace(case, **changes)
        run = run_case(case)
        self.assertEqual(run.verdict.cause, "marker" if not changes else run.verdict.cause)
        said = beside.compare(case, run, self.kept(keeper, kernel, bundle))
        for folder in paths.RUNS.glob("beside*"):
            shutil.rmtree(folder)
        return said

    def test_one_that_passes_is_told(self) -> None:
        said = self.compared(suite.PRODUCT.read_bytes(), suite.HELLO)
        self.assertEqual(said, "known-good: 0123456789ab of 1970-01-01 00:00 UTC passes this test")

    def test_one_that_fails_is_told_and_whether_in_the_same_way(self) -> None:
        other = minisign.read_public_key(paths.ROOT / "fixtures/keys/other.pub")
        kernel = image.add(suite.PRODUCT.read_bytes(), other, False, "x")
        self.assertRegex(self.compared(kernel, paths.BUILD / CAPS), "fails in the same way$")
        shutil.rmtree(self.folder / "known-good")
        release = (paths.BUILD / "rumpk-release.img").read_bytes()
        self.assertRegex(self.compared(release, paths.BUILD / CAPS), r"fails too: FAIL \(status\)")

    def test_the_same_image_is_not_booted_again(self) -> None:
        self.assertRegex(self.compared(suite.PRODUCT.read_bytes(), paths.BUILD / CAPS), "is this very image$")

    def test_nothing_is_said_of_an_image_that_is_not_kept(self) -> None:
        machine = suite.MachineConfig(paths.BUILD / "tests/silent.img", memory_mib="8M")
        self.assertEqual(self.compared(b"", suite.HELLO, machine=machine, budget=suite.Budget(cpu_s=0.5, idle_s=0.5)), "")

    def test_a_failing_run_tells_it_and_so_does_the_report(self) -> None:
        build = self.folder / "build"
        (build / "apps").mkdir(parents=True)
        shutil.copyfile(suite.PRODUCT, build / IMAGE)
        shutil.copyfile(paths.BUILD / CAPS, build / CAPS)
        (self.folder / "suite.toml").write_text(TABLE)
        command = [paths.ROOT / "harness/run.py", "--file", self.folder / "suite.toml", "--no-record", "--report"]

        def run() -> str:
            done = subprocess.run(command, env={**os.environ, "RUMPK_BUILD": str(build)}, capture_output=True, text=True,
                                  timeout=120, check=False)
            self.assertEqual(done.returncode, 1, done.stdout + done.stderr)  # however well another image does
            return done.stdout

        self.assertNotIn("known-good", run())
        self.kept(Keeper(paths.ROOT, build), suite.PRODUCT.read_bytes(), suite.HELLO)
        self.assertRegex(run(), r"known-good: 0123456789ab .* passes this test\n")
        self.assertIn("passes this test", junit.read(build / "report/qemu.xml").items[0].text)
        (build / "known-good" / IMAGE).write_bytes(b"damage")
        self.assertRegex(run(), "known-good: .*rumpk.img is damaged")


class Make(unittest.TestCase):
    """make run"""

    def test_run_boots_what_is_kept_and_builds_nothing(self) -> None:
        def shown(*words: str) -> str:
            argv = ["make", "-n", "run", "APP=echo", *words]
            return subprocess.run(argv, cwd=paths.ROOT, env=environment(paths.ROOT), capture_output=True, text=True, check=True).stdout

        kept = shown("KNOWN_GOOD=1")
        self.assertIn("harness/known_good.py tell 'echo'\n", kept)
        self.assertIn("tools/rumpk run build/known-good/apps/echo.rpk --image build/known-good/rumpk.img ", kept)
        self.assertNotIn(" all", kept)
        for words in ((), ("KNOWN_GOOD=",), ("KNOWN_GOOD=0",)):
            self.assertIn("tools/rumpk run build/apps/echo.rpk --image build/rumpk.img ", shown(*words))


if __name__ == "__main__":
    unittest.main()
