# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""JUnit, KTAP, JSON and the page, made from real runs, are what others expect them to be."""
from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import json  # noqa: E402
import re  # noqa: E402
import shutil  # noqa: E402
import subprocess  # noqa: E402
import tempfile  # noqa: E402
from html.parser import HTMLParser  # noqa: E402
from typing import Any  # noqa: E402
from unittest import mock  # noqa: E402

from harness import foreign, history, matrix, outcome, paths, report, report_parts, suite  # noqa: E402
from harness.runner import Run, run_case  # noqa: E402
from harness.verdict import Expectation  # noqa: E402

SCHEMAS = Path(__file__).resolve().parent / "schemas"
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float),
         "null": type(None)}


def breaches(schema: dict[str, Any], value: Any, at: str = "") -> list[str]:
    """What of a JSON schema (the part of it that ours uses) a value breaks."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and not any(isinstance(value, TYPES[kind]) and (kind == "boolean") == isinstance(value, bool)
                         for kind in kinds):
        return [f"{at}: not {kinds}: {value!r}"]
    found = [f"{at}: {value!r} is none of {schema['enum']}"] if value not in schema.get("enum", [value]) else []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{at}: no {name}" for name in schema.get("required", []) if name not in value]
        found += [f"{at}: unknown {name}" for name in value if name not in known]
        found += [text for name in value if name in known for text in breaches(known[name], value[name], f"{at}/{name}")]
    if isinstance(value, list) and "items" in schema:
        found += [text for number, one in enumerate(value) for text in breaches(schema["items"], one, f"{at}/{number}")]
    return found


def image(name: str, **expect: Any) -> suite.Case:
    """One of the harness's images."""
    return suite.Case(f"outcome[{name}]", suite.MachineConfig(paths.BUILD / "tests" / f"{name}.img", memory_mib="8M"),
                      Expectation(**expect), budget=suite.Budget(cpu_s=0.5, idle_s=0.5))


class Forms(unittest.TestCase):
    """The files beside the page."""

    runs: list[Run]

    @classmethod
    def setUpClass(cls) -> None:
        cases = [image("good"), image("panic"), image("silent"), image("ktap-good", ktap=True),
                 image("ktap-not-ok", ktap=True), suite.Case("outcome[skip]", suite.product(), Expectation(), skip="no"),
                 suite.Case("outcome[error] # <&>", suite.product(), Expectation(), error="it \x00 cannot be tried")]
        cls.runs = [run_case(case) for case in cases]
        cls.folder = tempfile.TemporaryDirectory()
        with mock.patch.object(paths, "REPORT", Path(cls.folder.name)):
            cls.stage = outcome.stage("qemu", cls.runs, 1.5)
            outcome.write(cls.stage, cls.runs)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.folder.cleanup()

    def file(self, name: str) -> str:
        """One of the files."""
        return Path(self.folder.name, name).read_text(encoding="utf-8")

    def test_verdicts_are_as_they_should_be(self) -> None:
        names = [run.verdict.name.replace("HOST-TIMEOUT", "HANG") for run in self.runs]  # the host may be busy
        self.assertEqual(names, ["PASS", "PANIC", "HANG", "PASS", "FAIL", "SKIP", "FAIL"])

    def test_json_is_valid(self) -> None:
        schema = json.loads((SCHEMAS / "outcome.json").read_text(encoding="utf-8"))
        self.assertEqual(breaches(schema, json.loads(self.file("qemu.json"))), [])
        self.assertNotEqual(breaches(schema, {"format": 2}), [])

    @unittest.skipUnless(shutil.which("xmllint"), "no xmllint here (Debian: libxml2-utils)")
    def test_junit_is_valid(self) -> None:
        done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", SCHEMAS / "junit.xsd",
                               Path(self.folder.name, "qemu.xml")], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_ktap_is_valid(self) -> None:
        lines = self.file("qemu.ktap").splitlines()
        self.assertEqual(lines[:2], ["KTAP version 1", f"1..{len(self.runs)}"])
        for indent in ("", "  "):
            due, planned = 0, 0
            for line in (line[len(indent):] for line in lines if re.match(indent + r"\S", line)):
                if plan := re.fullmatch(r"1\.\.(\d+)", line):
                    self.assertEqual(due, planned, "a list before this one is not complete")
                    due, planned = 0, int(plan[1])
                elif line != "KTAP version 1":
                    due += 1
                    self.assertRegex(line, rf"^(ok|not ok) {due} [^\s#]+( # .*)?$")
            self.assertEqual(due, planned)

    def test_the_page_stands_alone_and_is_closed(self) -> None:
        page = self.file("index.html")
        self.assertNotRegex(page, r"(src|href)=['\"]?(https?:)?//")
        self.assertIn("width=device-width", page)
        self.assertIn("Autopsy: outcome[panic]", page)
        self.assertNotIn("# <&>", page)
        checker = HTMLParser()
        checker.feed(page)
        checker.close()

    def test_the_page_plots_history(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "history.jsonl")
            file.write_text('{"commit":"a","metrics":{"x":1}}\nnonsense\n{"commit":"b","metric":"x","value":3}\n')
            past = report_parts.perf_history((file, Path(folder, "none")))
        self.assertEqual(past, {"x": [("a", 1.0), ("b", 3.0)]})
        self.assertIn("<polyline", report_parts.plot(past["x"]))
        self.assertEqual(report_parts.plot(past["x"][:1]), "")
        self.assertTrue(report.STAGES)


class Records(unittest.TestCase):
    """The last runs."""

    def test_a_flaky_test_is_k_of_n(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "runs.jsonl")
            history.add(({"test": "t", "due": turn % 4 != 0, "cause": "panic" if turn % 4 == 0 else ""}
                         for turn in range(20)), file)
            history.add([{"test": "steady", "due": True}], file)
            with file.open("a", encoding="utf-8") as half:
                half.write("half a li")
            found = history.records(file)
        self.assertEqual(str(found["t"]), "failed 5 of the last 20")
        self.assertTrue(found["t"].flaky)
        self.assertFalse(found["steady"].flaky)

    def test_old_runs_go(self) -> None:
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(history, "TRIM_BYTES", 1000):
            file = Path(folder, "runs.jsonl")
            for number in range(200):
                history.add([{"test": "t", "due": True, "number": number}], file)
            rows = history.read(file)["t"]
        self.assertEqual([rows[-1]["number"], len(rows)], [199, history.KEPT_OF_A_TEST])


class Tables(unittest.TestCase):
    """matrix.toml and suite.toml."""

    def test_the_matrix_covers_every_axis(self) -> None:
        cells = matrix.cells()
        for option, least in (("gic", 2), ("cpu", 4), ("smp", 4), ("memory_mib", 5), ("el2", 2), ("extra", 4), ("accel", 2)):
            self.assertGreaterEqual(len({cell.options[option] for cell in cells}), least, option)
        self.assertEqual(len({(cell.sweep, cell.name) for cell in cells}), len(cells))

    def test_a_wrong_table_says_where(self) -> None:
        wrong = {"name = 'x'\n[[test]]\nname = 'a'\nimage = 'i'\nstatsu = 3\n": "statsu", "[[test]]\nimage = 'i'\n": "a name",
                 "nmae = 'x'\n": "nmae", "[[test\n": "line 1"}
        for text, word in wrong.items():
            with tempfile.NamedTemporaryFile("w", suffix=".toml") as table:
                table.write(text)
                table.flush()
                with self.assertRaisesRegex(ValueError, word):
                    foreign.load(Path(table.name))

    def test_a_kernel_that_is_not_there_is_skipped(self) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as table:
            table.write("name = 'none'\n[[test]]\nname = 'a'\nimage = 'nothing.img'\n")
            table.flush()
            verdict = run_case(foreign.load(Path(table.name))[0]).verdict
        self.assertEqual(verdict.name, "SKIP")
        self.assertIn("nothing.img", verdict.detail)


if __name__ == "__main__":
    unittest.main()
