# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The makers of mutants: what the operators change, what the names survive, and that a copy is put back as it was."""
from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import mutants as program  # noqa: E402
from harness.mutant_catalogue import catalogue, sample  # noqa: E402
from harness.mutant_operators import Mutant, masked, mutants  # noqa: E402
from harness.mutant_reach import Reach, places_of  # noqa: E402
from harness.mutant_tree import SOURCES, Tree  # noqa: E402
from harness.mutant_baseline import REAL_TIME, talking  # noqa: E402

SOURCE = """\
#define REGISTER (0x100 / 4)
#define LIMIT 0x40
/* a < b in a comment */
static const char *name = "a < b";

int clamp(int value, int limit)
{
	int *at;

	if (value < limit)
		return STATUS_EINVAL;
	while (!ready())
		step(&value);
	barrier_dsb_ish();
	*at = value + 1;
	value++;
	return value & 0xf;
}
"""


def afters(text: str) -> set[str]:
    """Every changed line that the operators make of a text."""
    return {mutant.after.strip() for mutant in mutants("lib/x.c", text)}


class Operators(unittest.TestCase):
    """harness/mutant_operators.py"""

    def test_each_kind_of_change_is_made(self) -> None:
        made = afters(SOURCE)
        for due in ("#define REGISTER (0x104 / 4)", "#define LIMIT 0x41", "if (value <= limit)", "if (!(value < limit))",
                    "if (0 && (value < limit))", "return STATUS_OK;", "while (ready())", ";", "*at = value - 1;",
                    "*at = value + 2;", "value--;", "return value | 0xf;", "return value & 0x10;"):
            self.assertIn(due, made)

    def test_comments_strings_declarations_and_barriers_are_left_alone(self) -> None:
        touched = {mutant.before for mutant in mutants("lib/x.c", SOURCE)}
        for line in touched:
            self.assertNotRegex(line, r"comment|name|int \*at|barrier|^int clamp")

    def test_one_line_is_changed_and_no_two_mutants_are_the_same(self) -> None:
        found = mutants("lib/x.c", SOURCE)
        lines = SOURCE.split("\n")
        for mutant in found:
            self.assertEqual(lines[mutant.line], mutant.before)
            self.assertNotEqual(mutant.before, mutant.after)
            self.assertNotIn("\n", mutant.after)
        self.assertEqual(len({mutant.name for mutant in found}), len(found))
        self.assertEqual(len({(mutant.line, mutant.after) for mutant in found}), len(found))

    def test_names_survive_moved_lines(self) -> None:
        moved = SOURCE.replace("int clamp", "int other(void)\n{\n\treturn 7;\n}\n\nint clamp")
        self.assertLess({mutant.name for mutant in mutants("lib/x.c", SOURCE)},
                        {mutant.name for mutant in mutants("lib/x.c", moved)})

    def test_masks_keep_their_columns(self) -> None:
        for line, mask in zip(SOURCE.split("\n"), masked(SOURCE)):
            self.assertEqual(len(line), len(mask))

    def test_a_sample_is_fixed_and_takes_no_line_twice(self) -> None:
        found = mutants("lib/x.c", SOURCE)
        chosen = sample(found, 6)
        self.assertEqual(chosen, sample(list(reversed(found)), 6))
        self.assertEqual(len({mutant.line for mutant in chosen}), 6)
        self.assertEqual(chosen[:3], sample(found, 3))


class Trees(unittest.TestCase):
    """harness/mutant_tree.py and mutant_catalogue.py on a small tree"""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.root = Path(holder.name) / "origin"
        for name in SOURCES:
            path = self.root / name
            if "." in name or name.isupper() or name == "Makefile":
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("x\n", encoding="utf-8")
            else:
                path.mkdir(parents=True)
        (self.root / "lib" / "x.c").write_text(SOURCE, encoding="utf-8")
        (self.root / "tests" / "mutants").mkdir(parents=True)
        self.tree = Tree(self.root, self.root / "build", Path(holder.name) / "copy")

    def test_a_mutation_is_undone_times_and_all(self) -> None:
        (self.root / "build" / "kernel" / "lib").mkdir(parents=True)
        (self.root / "build" / "kernel" / "lib" / "x.o").write_bytes(b"object")
        self.tree.sync()
        source, built = self.tree.folder / "lib" / "x.c", self.tree.folder / "build" / "kernel" / "lib" / "x.o"
        before = source.stat().st_mtime_ns, built.stat().st_mtime_ns
        mutant = mutants("lib/x.c", SOURCE)[0]
        with self.tree.mutate(mutant):
            self.assertIn(mutant.after, source.read_text(encoding="utf-8"))
            built.write_bytes(b"mutated object")
        self.assertEqual(source.read_text(encoding="utf-8"), SOURCE)
        self.assertEqual(built.read_bytes(), b"object")
        self.assertEqual((source.stat().st_mtime_ns, built.stat().st_mtime_ns), before)

    def test_sockets_that_consoles_left_are_not_copied(self) -> None:
        folder = self.root / "build" / "tests" / "console"
        folder.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(folder / "typed.sock"))
        (folder / "said.txt").write_text("x", encoding="utf-8")
        self.tree.sync()
        self.assertEqual([path.name for path in (self.tree.folder / "build" / "tests" / "console").iterdir()], ["said.txt"])

    def test_a_copy_that_was_cut_short_is_mended(self) -> None:
        (self.root / "build" / "kernel").mkdir(parents=True)
        self.tree.sync()
        (self.tree.folder / "build" / "ready").touch()
        built = self.tree.folder / "build" / "kernel" / "x.o"
        built.write_bytes(b"mutated")
        built.with_name("x.o.kept").write_bytes(b"object")
        os.utime(self.tree.folder / "lib" / "x.c", (1, 1))
        (self.tree.folder / "lib" / "x.c").write_text("mutated", encoding="utf-8")
        (self.tree.folder / "lib" / "gone.c").write_text("not in the origin", encoding="utf-8")
        self.tree.sync()
        self.assertEqual(built.read_bytes(), b"object")
        self.assertEqual((self.tree.folder / "lib" / "x.c").read_text(encoding="utf-8"), SOURCE)
        self.assertFalse((self.tree.folder / "lib" / "gone.c").exists())

    def test_what_was_edited_before_the_copy_was_built_is_newer_than_its_object(self) -> None:
        (self.root / "build" / "kernel").mkdir(parents=True)
        self.tree.sync()
        (self.tree.folder / "build" / "ready").touch()
        built = self.tree.folder / "build" / "kernel" / "x.o"
        built.touch()
        (self.root / "lib" / "x.c").write_text("edited", encoding="utf-8")
        os.utime(self.root / "lib" / "x.c", (1, 1))
        self.tree.sync()
        copy = self.tree.folder / "lib" / "x.c"
        self.assertEqual(copy.read_text(encoding="utf-8"), "edited")
        self.assertGreaterEqual(copy.stat().st_mtime_ns, built.stat().st_mtime_ns)
        before = copy.stat().st_mtime_ns
        self.tree.sync()
        self.assertEqual(copy.stat().st_mtime_ns, before)

    def test_the_catalogue_names_what_is_stale_and_what_is_equivalent(self) -> None:
        by_operator = mutants("lib/x.c", SOURCE)
        (self.root / "tests" / "mutants" / "some.toml").write_text(
            '[[mutant]]\nname = "by-hand"\nfile = "lib/x.c"\nline = "while (!ready())"\nbecomes = "while (0)"\n'
            '[[mutant]]\nname = "gone"\nfile = "lib/x.c"\nline = "no such line;"\nbecomes = ";"\n'
            f'[[equivalent]]\nname = "{by_operator[0].name}"\nreason = "because"\n', encoding="utf-8")
        found, stale = catalogue(self.root, True)
        self.assertEqual([mutant.after for mutant in found if mutant.name == "by-hand"], ["\twhile (0)"])
        self.assertEqual([mutant.reason for mutant in found if mutant.name == by_operator[0].name], ["because"])
        self.assertEqual(len(stale), 1)
        self.assertIn("gone", stale[0])


class Reached(unittest.TestCase):
    """harness/mutant_reach.py and what harness/mutant_worker.py does with it."""

    def test_a_line_belongs_to_its_function_and_a_macro_to_none(self) -> None:
        names = places_of(SOURCE)
        self.assertEqual({names[line] for line in names}, {"clamp"})
        self.assertNotIn(1, names)
        self.assertEqual(names[SOURCE[:SOURCE.index("step(&value)")].count("\n") + 1], "clamp")

    def test_a_test_that_never_enters_the_function_cannot_tell(self) -> None:
        reach = Reach({"boot": ["lib/x.c:clamp"], "other": []})
        self.assertTrue(reach.reaches("boot", "lib/x.c:clamp"))
        self.assertFalse(reach.reaches("other", "lib/x.c:clamp"))
        self.assertTrue(reach.reaches("other", ""), "a macro may be anywhere")
        self.assertTrue(reach.reaches("not counted", "lib/x.c:clamp"))

    def test_every_real_time_test_that_judges_is_there(self) -> None:
        self.assertEqual({case.name for case in talking()}, set(REAL_TIME))


class Program(unittest.TestCase):
    """harness/mutants.py: what is judged next, and what is published."""

    def setUp(self) -> None:
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        root = Path(holder.name)
        (root / "lib").mkdir()
        (root / "lib" / "x.c").write_text(SOURCE, encoding="utf-8")
        self.found = mutants("lib/x.c", SOURCE)[:6]
        for name, value in (("SNAPSHOT", root), ("FRESH", root / "fresh"), ("RESULTS", root / "results.jsonl"), ("PUBLISHED", root / "mutants.json")):
            patch = mock.patch.object(program, name, value)
            patch.start()
            self.addCleanup(patch.stop)
        known = mock.patch.object(program.known_results, "__defaults__", (root / "results.jsonl",))
        known.start()
        self.addCleanup(known.stop)

    def options(self, **changes: object) -> argparse.Namespace:
        """The command line's options."""
        return argparse.Namespace(**{"only": [], "part": None, "fresh": False, "survivors": False, "limit": None} | changes)

    def note(self, mutant: Mutant, outcome: str) -> None:
        """A result of an earlier run."""
        session = program.Session([mutant])
        with mock.patch("builtins.print"):
            session.note(mutant, {"outcome": outcome, "name": mutant.name})

    def test_what_is_known_is_not_judged_again(self) -> None:
        self.note(self.found[0], "killed")
        self.note(self.found[1], "survived")
        self.assertEqual(program.choose(self.found, self.options()), self.found[2:])
        self.assertEqual(program.choose(self.found, self.options(survivors=True)), self.found[1:])
        self.assertEqual(program.choose(self.found, self.options(limit=2)), self.found[2:4])

    def test_judging_everything_again_goes_on_where_it_was_stopped(self) -> None:
        with mock.patch.object(program.time, "time", return_value=1.0):
            for mutant in self.found:
                self.note(mutant, "killed")
        self.assertEqual(program.choose(self.found, self.options()), [])
        self.assertEqual(program.choose(self.found, self.options(fresh=True)), self.found)
        with mock.patch.object(program.time, "time", return_value=program.FRESH.stat().st_mtime + 1):
            self.note(self.found[0], "killed")
        self.assertEqual(program.choose(self.found, self.options()), self.found[1:])

    def test_what_survived_longest_ago_is_judged_again_first(self) -> None:
        for mutant, at in zip(self.found, (3.0, 1.0, 2.0)):
            with mock.patch.object(program.time, "time", return_value=at):
                self.note(mutant, "survived")
        found = program.choose(self.found, self.options(survivors=True))
        self.assertEqual(found[:3], [self.found[1], self.found[2], self.found[0]])

    def test_parts_share_all_mutants(self) -> None:
        parts = [program.choose(self.found, self.options(part=f"{part}/4")) for part in range(1, 5)]
        self.assertEqual(sorted(mutant.name for part in parts for mutant in part), sorted(m.name for m in self.found))

    def test_the_rate_is_of_those_that_can_be_killed(self) -> None:
        for mutant, outcome in zip(self.found, ("killed", "killed", "killed", "survived", "stillborn", "equivalent")):
            self.note(mutant, outcome)
        with mock.patch.object(program.junit, "replace_file") as write:
            counts, rate = program.publish(self.found, [])
        self.assertEqual((counts["killed"], counts["survived"], rate), (3, 1, 0.75))
        self.assertIn(b'"killed_of_judged": 0.75', write.call_args[0][1])


if __name__ == "__main__":
    unittest.main()
