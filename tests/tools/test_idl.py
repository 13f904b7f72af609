# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Definitions of interfaces: what is refused, what breaks the ABI, and what is made of them compiles and says the same."""
import subprocess
import sys
import tomllib
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from support import ROOT  # noqa: E402
from idl import cli, doc_output, lock, parse  # noqa: E402
from idl.model import DefinitionError  # noqa: E402

THING = """
name = "thing"
id = 7
summary = "a thing"
prose = "What it is for."

[rights.use]
value = 1
doc = "to use it"

[rights.own]
value = 2
doc = "to own it"

[constants.text_max]
value = 64
doc = "bytes of a text"

[[methods]]
name = "put"
number = 1
rights = ["use"]
doc = "Puts it."
returns = "0"
[methods.errors]
EAGAIN = "not now"

[[methods.params]]
name = "place"
type = "u64"
doc = "where"

[[methods.params]]
name = "kind"
type = "u32"
doc = "which"

[[methods.params]]
name = "reserved"
type = "u32"
reserved = true

[[methods.params]]
name = "text"
type = "text"
max = "text_max"
doc = "what is on it"

[[methods]]
name = "get"
number = 2
rights = ["use", "own"]
doc = "Gets it."
returns = "0"
waits = true
gives = "another thing"
transfers = { min = 1, max = 4, doc = "in exchange" }

[[methods.out]]
name = "size"
type = "i64"
doc = "how large"

[[methods.out]]
name = "name"
type = "char"
count = 24
doc = "what it is called"
"""
#: Shapes that THING lacks: arrays as parameters, results of any length behind fields, structures.
SHAPES = """
[[methods]]
name = "send"
number = 3
rights = []
doc = "Sends it."
returns = "0"

[[methods.params]]
name = "to"
type = "u8"
count = 16
doc = "whom to"

[[methods.params]]
name = "data"
type = "bytes"
max = "text_max"
doc = "what"

[[methods]]
name = "receive"
number = 4
rights = []
doc = "Receives it."
returns = "how many bytes"

[[methods.params]]
name = "at"
type = "address"
doc = "where"

[[methods.params]]
name = "from"
type = "char"
count = 8
doc = "whose"

[[methods.out]]
name = "from"
type = "u8"
count = 16
doc = "who sent it"

[[methods.out]]
name = "data"
type = "bytes"
max = "text_max"
doc = "what"

[[methods]]
name = "list"
number = 5
rights = []
doc = "Lists them."
returns = "how many"

[[methods.out]]
name = "entries"
type = "structs"
struct = "struct capos_capset_entry"
struct_bytes = 40
doc = "room for them"
"""
PAGE = f"# Reference\n\n{doc_output.BEGIN}\n{doc_output.END}\n\nmore\n"


class IdlCase(support.Case):
    """A repository with one definition, locked and documented."""

    def setUp(self) -> None:
        super().setUp()
        (self.folder / "capos/idl").mkdir(parents=True)
        (self.folder / "docs").mkdir()
        self.page = self.folder / "docs/abi.md"
        self.page.write_text(PAGE)
        self.define(THING)
        self.assertEqual(self.findings("--lock", "--docs"), [])

    def define(self, text: str) -> None:
        (self.folder / "capos/idl/thing.toml").write_text(text)

    def findings(self, *arguments: str) -> list[str]:
        options = [*arguments, "--root", str(self.folder)]
        done = subprocess.run([ROOT / "tools/idl-gen", *options], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1 if done.stderr else 0)
        self.notes = done.stdout
        return done.stderr.splitlines()

    def broken(self, old: str, new: str) -> str:
        """What --check says of the ABI once `old` is `new`; --lock does not lock it then."""
        self.assertIn(old, THING)
        self.define(THING.replace(old, new))
        self.findings("--docs")
        found = self.findings("--check")
        for each in found:
            self.assertTrue(each.startswith("capos/idl/abi.lock:1: the ABI is broken: thing"), each)
        locked = (self.folder / "capos/idl/abi.lock").read_text()
        self.assertEqual(bool(self.findings("--lock")), bool(found))
        if found:
            self.assertEqual((self.folder / "capos/idl/abi.lock").read_text(), locked)
        return "\n".join(found)


class LockTest(IdlCase):
    def test_what_has_not_changed_passes(self) -> None:
        self.assertEqual(self.findings("--check"), [])
        self.assertEqual(self.notes, "")

    def test_a_changed_number_breaks(self) -> None:
        self.assertIn("thing was `interface 7` and is `interface 8`", self.broken("id = 7", "id = 8"))
        swapped = THING.replace('name = "put"', 'name = "x"').replace('name = "get"', 'name = "put"').replace('name = "x"', 'name = "get"')
        self.define(swapped)
        self.assertIn("thing.put was `method 1,", "\n".join(self.findings("--check")))

    def test_a_changed_field_breaks(self) -> None:
        self.assertIn("thing.put.params.kind was `u32 at 8` and is `i32 at 8`",
                      self.broken('type = "u32"\ndoc = "which"', 'type = "i32"\ndoc = "which"'))
        self.assertIn("thing.get.result.name was `char[24] at 8` and is `char[16] at 8`", self.broken("count = 24", "count = 16"))
        self.assertIn("thing.put.params.kind was `u32 at 8` and is gone", self.broken('name = "kind"', 'name = "sort"'))
        self.assertIn("reserved", self.broken("reserved = true", 'doc = "now used"'))
        self.assertIn("at most 65 bytes", self.broken("value = 64", "value = 65"))

    def test_a_field_more_breaks(self) -> None:
        more = '[[methods.out]]\nname = "more"\ntype = "u64"\ndoc = "x"\n\n[[methods.out]]\nname = "size"'
        self.assertIn("result 40 bytes", self.broken('[[methods.out]]\nname = "size"', more))

    def test_a_removed_or_changed_right_breaks(self) -> None:
        self.assertIn("thing.right.own was `2` and is `4`", self.broken("value = 2", "value = 4"))
        without = THING.replace('[rights.own]\nvalue = 2\ndoc = "to own it"\n', "").replace(', "own"', "")
        self.define(without)
        self.assertIn("thing.right.own was `2` and is gone", "\n".join(self.findings("--check")))
        self.assertIn("needs use and own", self.broken('["use", "own"]', '["use"]'))

    def test_a_removed_method_breaks(self) -> None:
        self.assertIn("thing.get was `method 2,", self.broken(THING[THING.index('[[methods]]\nname = "get"'):], ""))

    def test_a_removed_interface_breaks(self) -> None:
        (self.folder / "capos/idl/thing.toml").unlink()
        (self.folder / "capos/idl/other.toml").write_text(THING.replace('"thing"', '"other"'))
        self.findings("--docs")
        self.assertIn("thing was `interface 7` and is gone", "\n".join(self.findings("--check")))

    def test_what_a_method_takes_gives_and_whether_it_waits_are_locked(self) -> None:
        for old, new in (("waits = true\n", ""), ('gives = "another thing"\n', ""), ("min = 1", "min = 2"), ("max = 4", "max = 3")):
            self.assertIn("thing.get was", self.broken(old, new))

    def test_what_is_new_passes_and_is_asked_to_be_locked(self) -> None:
        more = THING.replace("[constants.text_max]", '[constants.more]\nvalue = 1\ndoc = "x"\n\n[constants.text_max]')
        self.define(more + '\n[[methods]]\nname = "nop"\nnumber = 3\nrights = []\ndoc = "Nothing."\nreturns = "0"\n')
        self.findings("--docs")
        self.assertEqual(self.findings("--check"), [])
        self.assertIn("not locked yet: thing.constant.more, thing.nop: tools/idl-gen --lock", self.notes)
        self.assertEqual(self.findings("--lock", "--check"), [])
        self.assertEqual(self.notes, "")

    def test_prose_is_free(self) -> None:
        self.assertEqual(self.broken('doc = "Puts it."', 'doc = "Puts it there."'), "")


class PageTest(IdlCase):
    def test_a_stale_page_is_refused(self) -> None:
        good = self.page.read_text()
        self.assertIn("# Reference", good)
        self.assertIn("**put** (1, needs use)", good)
        self.page.write_text(good.replace("Puts it.", "Puts that."))
        self.assertIn("docs/abi.md:1: the reference of interfaces is stale", "\n".join(self.findings("--check")))
        self.assertEqual(self.findings("--docs", "--check"), [])
        self.assertEqual(self.page.read_text(), good)

    def test_the_prose_around_stays(self) -> None:
        self.assertTrue(self.page.read_text().endswith("\n\nmore\n"))

    def test_a_page_without_its_place_is_refused(self) -> None:
        self.page.write_text("# Reference\n")
        self.assertIn("the page lacks", "\n".join(self.findings("--check")))


#: What of THING is put otherwise, and what is said of that.
REFUSALS = tomllib.loads((Path(__file__).parent / "idl_refusals.toml").read_text())["refusal"]


class RefusalTest(unittest.TestCase):
    """Each refusal names the file and the place in it."""

    def test_each_is_refused(self) -> None:
        for row in REFUSALS:
            with self.subTest(row["because"], said=row["said"]):
                self.assertIn(row["old"], THING)
                with self.assertRaises(DefinitionError) as caught:
                    parse.interface(THING.replace(row["old"], row["new"], 1), "capos/idl/thing.toml")
                self.assertEqual(str(caught.exception), f"capos/idl/thing.toml: {row['said']}")

    def test_no_toml(self) -> None:
        with self.assertRaisesRegex(DefinitionError, r"^capos/idl/thing.toml: .*line 2"):
            parse.interface("\n= 1\n", "capos/idl/thing.toml")


class MadeTest(IdlCase):
    """What is made compiles, alone, with every warning an error, and lays things out as the model says."""

    FLAGS = ["-std=gnu11", "-ffreestanding", "-Wall", "-Wextra", "-Wshadow", "-Werror", "-mgeneral-regs-only", "-fsyntax-only"]

    def compile(self, text: str, folder: Path) -> None:
        command = ["aarch64-linux-gnu-gcc", *self.FLAGS, f"-I{folder}", f"-I{ROOT}", f"-I{ROOT}/capos/include", "-x", "c", "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")

    def test_every_header_and_source_of_the_product_compiles_alone(self) -> None:
        made = self.folder / "made"
        files = cli.outputs(parse.folder(ROOT))
        cli.write(made, parse.folder(ROOT))
        for name in files:
            with self.subTest(name):
                self.compile(f'#include "{name}"\n', made)

    def test_of_a_definition_that_uses_everything_too(self) -> None:
        self.define(THING + SHAPES)
        self.assertEqual(self.findings("-o", str(self.folder / "made")), [])
        for name in cli.outputs(parse.folder(self.folder)):
            self.compile(f'#include "{name}"\n', self.folder / "made")
        self.compile("""#include <capos/capos.h>
static_assert(CAPOS_INTERFACE_THING == 7 && CAPOS_THING_PUT == 1 && CAPOS_THING_GET == 2, "");
static_assert(CAPOS_THING_RIGHT_USE == 1 && CAPOS_THING_RIGHT_OWN == 2 && CAPOS_THING_TEXT_MAX == 64, "");
static_assert(sizeof(struct capos_thing_put) == 16 && offsetof(struct capos_thing_put, kind) == 8, "");
static_assert(sizeof(struct capos_thing_get_result) == 32 && sizeof(((struct capos_thing_get_result *)0)->name) == 24, "");
int64_t try(capos_cap_t thing, const uint8_t to[16], struct capos_thing_receive_result *result)
{
	capos_cap_t other;
	struct capos_thing_get_result got;
	struct capos_submission get = capos_thing_get_submission(thing, &got, NULL, 0, 5);
	struct capos_submission receive = capos_thing_receive_submission(thing, NULL, result, sizeof(*result) + 10);

	return get.timeout_ns + receive.result_len + capos_thing_get(thing, &got, NULL, 0, 5, &other) + capos_thing_send(thing, to, "x", 1) +
	       capos_thing_receive(thing, &get, "1234567", result, 30) + capos_thing_put(thing, 1, 2, "text", 4);
}
""", self.folder / "made")

    def test_a_wire_structure_has_its_places_asserted(self) -> None:
        header = cli.outputs(parse.folder(self.folder))["capos/abi/thing.h"]
        for place in ("sizeof(struct capos_thing_put) == 16", "struct capos_thing_put, reserved) == 12",
                      "capos_thing_get_result, name) == 8"):
            self.assertIn(place, header)

    def test_the_kernel_refuses_what_is_reserved_and_too_few_capabilities(self) -> None:
        source = cli.outputs(parse.folder(self.folder))["kernel/thing_methods.c"]
        for line in ("if (in.params.reserved != 0)", "if (call->submission->transfer_count < 1)",
                     ".params_max = sizeof(struct capos_thing_put) + CAPOS_THING_TEXT_MAX",
                     ".result_min = sizeof(struct capos_thing_get_result)", ".transfers_max = 4", ".waits = true",
                     ".rights = CAPOS_THING_RIGHT_USE | CAPOS_THING_RIGHT_OWN"):
            self.assertIn(line, source)

    def test_what_stays_the_same_keeps_its_time_and_what_is_gone_goes(self) -> None:
        made = self.folder / "made"
        interfaces = parse.folder(self.folder)
        cli.write(made, interfaces)
        before = {path: path.stat().st_mtime_ns for path in made.rglob("*.?")}
        (made / "capos/abi/gone.h").write_text("")
        cli.write(made, interfaces)
        self.assertEqual({path: path.stat().st_mtime_ns for path in made.rglob("*.?")}, before)


class RepositoryTest(unittest.TestCase):
    def test_the_repository_s_definitions_hold(self) -> None:
        self.assertEqual(cli.findings(ROOT, parse.folder(ROOT)), [])

    def test_a_lock_reads_as_it_was_written(self) -> None:
        entries = lock.entries(parse.folder(ROOT))
        self.assertEqual(lock.parse(lock.render(entries)), entries)


if __name__ == "__main__":
    unittest.main()
