# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk exec: what is cut out of a console, what script makes it, and what its bundle grants."""
from __future__ import annotations

import random
import subprocess
import sys
import tomllib
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from rumpklib import exec_bundle, exec_commands, exec_output, manifest  # noqa: E402

NONCE = "0123456789abcdef"
BOOT = b"[Rumpk L0] HAL initialized\nproc: process 1 (exec) started\n"
HALT = b"proc: process 1 exited with code 3\n"
BUNDLE = """name = "serve"
exec = "usr/bin/serve"
args = ["-x"]
env = ["PATH=/opt", "KEEP=1"]
memory = "96M"
launch = true
restart = "always"

[capabilities]
clock = ["read"]

[net]
listen = ["tcp:80"]

[files]
app = ["read"]
host = ["read"]
optional = ["host", "data"]
data = ["read"]

[network]
address = "10.0.2.15/24"
"""


def console(shown: bytes, status: int = 3, newline: bytes = b"\n") -> bytes:
    """All that the console prints, around what commands print."""
    begins, ends = (mark.encode() for mark in exec_output.marks(NONCE))
    return BOOT + begins + newline + shown.replace(b"\n", newline) + ends + str(status).encode() + newline + HALT


class CutterTest(unittest.TestCase):
    def cut(self, data: bytes, pieces: int, seed: int = 0, raw: bool = False) -> tuple[bytes, exec_output.Cutter]:
        draw, cutter = random.Random(seed), exec_output.Cutter(NONCE, raw)
        places = sorted(draw.sample(range(len(data) + 1), min(pieces, len(data))))
        shown = b"".join(cutter.feed(data[start:end]) for start, end in zip([0, *places], [*places, len(data)]))
        return shown, cutter

    def test_only_what_commands_print_is_shown_however_it_comes(self) -> None:
        for shown in (b"", b"hello\n", b"no newline at the end", b"\n\n", bytes(range(256)) * 3, b"ends-" * 50, f"ends-{NONCE}".encode() + b" x\n"):
            for newline in (b"\n", b"\r\n"):
                for seed in range(20):
                    got, cutter = self.cut(console(shown, 42, newline), seed * 3, seed)
                    self.assertEqual((got, cutter.status, cutter.before), (shown, 42, BOOT))

    def test_a_terminal_keeps_its_line_ends(self) -> None:
        self.assertEqual(self.cut(console(b"a\nb\n", 0, b"\r\n"), 5, raw=True)[0], b"a\r\nb\r\n")

    def test_what_is_shown_does_not_wait_for_more(self) -> None:
        cutter = exec_output.Cutter(NONCE)
        self.assertEqual(cutter.feed(BOOT + f"begins-{NONCE}\n$ ".encode()), b"$ ")
        self.assertEqual(cutter.feed(b"e"), b"")  # it may be the mark
        self.assertEqual(cutter.feed(b"cho"), b"echo")

    def test_without_an_end_there_is_no_status(self) -> None:
        got, cutter = self.cut(BOOT + f"begins-{NONCE}\nhalf a lin".encode(), 3)
        self.assertEqual((got + cutter.left(), cutter.status), (b"half a lin", None))
        self.assertEqual(self.cut(BOOT, 2)[1].left(), BOOT)

    def test_anothers_marks_are_no_marks(self) -> None:
        other = NONCE[::-1]
        self.assertEqual(self.cut(console(f"begins-{other}\nends-{other} 0\n".encode()), 9)[0], f"begins-{other}\nends-{other} 0\n".encode())


class ScriptTest(unittest.TestCase):
    def run_here(self, *words: str) -> tuple[bytes, int | None]:
        """The same script by this machine's shell."""
        script = exec_commands.script(exec_commands._command(list(words)), NONCE, (80, 25), False)
        self.assertNotIn(exec_output.marks(NONCE)[0], script)
        done = subprocess.run(["sh", "-c", script], input=b"not for the commands", capture_output=True, check=False)
        cutter = exec_output.Cutter(NONCE)
        shown = cutter.feed(done.stdout)
        self.assertEqual(cutter.status, done.returncode)
        return shown, cutter.status

    def test_output_and_status_are_exact(self) -> None:
        self.assertEqual(self.run_here("echo one; printf two; exit 200"), (b"one\ntwo", 200))
        self.assertEqual(self.run_here("false"), (b"", 1))
        self.assertEqual(self.run_here("true\nfalse\ntrue"), (b"", 0))
        self.assertEqual(self.run_here("cat; echo end"), (b"end\n", 0))

    def test_what_is_given_is_read_from_its_file(self) -> None:
        self.assertIn(f") </{exec_bundle.INPUT}\n", exec_commands.script("cat", NONCE, (0, 0), False, has_input=True))
        self.assertNotIn(exec_bundle.INPUT, exec_commands.script("cat", NONCE, (0, 0), False))

    def test_several_words_are_a_program_and_its_arguments(self) -> None:
        self.assertEqual(self.run_here("printf", "%s|", "a b", "$HOME", "'", "*"), (b"a b|$HOME|'|*|", 0))

    def test_an_interactive_shell_is_told_the_size_of_the_window(self) -> None:
        script = exec_commands.script("", NONCE, (132, 50), True)
        self.assertIn("stty rows 50 cols 132", script)
        self.assertIn("\nsh -i\n", script)
        self.assertNotIn("stty", exec_commands.script("", NONCE, (0, 0), True))


class ManifestTest(unittest.TestCase):
    def described(self, theirs: str | None, host: bool = True) -> dict:
        text = exec_bundle.describe(theirs, ["PATH=/bin", "HOME=/tmp"], host)
        manifest.parse(text.encode(), "made")
        return tomllib.loads(text)

    def test_alone_it_may_use_files_and_the_console(self) -> None:
        made = self.described(None)
        self.assertEqual((made["exec"], made["files"]["host"]), ("bin/busybox", exec_bundle.HOST))
        self.assertNotIn("net", made)
        self.assertNotIn("host", self.described(None, host=False)["files"])

    def test_of_a_bundle_it_may_what_that_may(self) -> None:
        made = self.described(BUNDLE)
        self.assertEqual((made["exec"], made["args"]), ("bin/busybox", ["sh", "/etc/rumpk-script"]))
        self.assertEqual(made["net"], {"listen": ["tcp:80"]})
        self.assertEqual(made["network"], {"address": "10.0.2.15/24"})
        self.assertEqual(made["memory"], f"{96 << 10}K")
        self.assertEqual(made["env"], ["KEEP=1", "PATH=/bin", "HOME=/tmp"])
        self.assertEqual((made["files"]["optional"], made["files"]["data"]), (["data"], ["read"]))
        self.assertEqual(made["capabilities"]["clock"], ["read"])
        self.assertNotIn("restart", made)
        self.assertNotIn("host", self.described(BUNDLE, host=False)["files"])

    def test_of_several_processes_the_main_one_counts(self) -> None:
        made = self.described('name = "two"\n[[process]]\nname = "a"\nexec = "a"\n[[process]]\nname = "b"\nexec = "b"\nmain = true\n[process.net]\nlisten = ["tcp:7"]\n')
        self.assertEqual(made["net"], {"listen": ["tcp:7"]})


class UsageTest(support.Case):
    def test_no_command_and_bad_folders_are_told(self) -> None:
        status, _, error = self.rumpk("exec", support.ROOT / "build/rumpk.img")
        self.assertEqual(status, 2)
        self.assertIn("no command", error)
        status, _, error = self.rumpk("exec", support.ROOT / "build/rumpk.img", "--share", self.folder / "none", "--", "true")
        self.assertEqual(status, 2)
        self.assertIn("no folder", error)
        status, _, error = self.rumpk("exec", self.folder / "none.rpk", "--", "true")
        self.assertEqual(status, 125)
        self.assertIn("no such kernel image or bundle", error)


if __name__ == "__main__":
    unittest.main()
