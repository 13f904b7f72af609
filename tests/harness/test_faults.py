# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What fault injection and coverage stand on: device trees written and read, the stub's packets, line tables, counts."""
from __future__ import annotations

import array
import socket
import struct
import sys
import tempfile
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from harness import cover_lines, cover_page, devicetree, fault_reset, paths  # noqa: E402
from harness.gdbstub import Stub, StubError  # noqa: E402

TABLE = """\
Contents of the .debug_line section:

CU: kernel/a.c:
File name                            Line number    Starting address    View    Stmt
a.c                                           7              0x1000               x
a.c                                           8              0x1000       1       x
a.c                                           9              0x1008               x

./lib/b.h:[++]
b.h                                          30              0x1010               x

kernel/a.c:
a.c                                          10              0x1014               x

./lib/b.h:
b.h                                          31              0x1018               x
b.h                                           -              0x101c

a.c                                          50                   0               x
a.c                                           -                 0x8
"""


class DeviceTrees(unittest.TestCase):
    """harness/devicetree.py."""

    def test_a_tree_comes_back_as_it_was_written(self) -> None:
        for blob in sorted((paths.BUILD / "fixtures" / "fdt").glob("virt-*.dtb")):
            root = devicetree.parse(blob.read_bytes())
            self.assertEqual(devicetree.parse(devicetree.emit(root)), root)

    def test_nodes_are_found_with_and_without_address_and_removed(self) -> None:
        root = devicetree.Node("", {}, [devicetree.Node("cpus", {}, [devicetree.Node("cpu@0", {"reg": devicetree.cells(0)})])])
        self.assertEqual(root.at("cpus/cpu@0"), root.at("cpus/cpu"))
        root.remove("cpus/cpu")
        self.assertRaises(KeyError, root.at, "cpus/cpu@0")
        self.assertEqual(root.at(""), root)

    def test_what_is_no_tree_is_refused(self) -> None:
        self.assertRaises(ValueError, devicetree.parse, bytes(64))
        self.assertRaises((ValueError, IndexError, struct.error), devicetree.parse, devicetree.emit(devicetree.Node())[:50])


class StandIn(threading.Thread):
    """A stub that gives canned answers, one for each packet."""

    def __init__(self, path: Path, answers: list[str]) -> None:
        super().__init__(daemon=True)
        self.packets: list[str] = []
        self._answers = answers
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self.start()

    def run(self) -> None:
        with self._listener, self._listener.accept()[0] as end:
            rest = b""
            for answer in self._answers:
                while b"#" not in rest[:-2]:
                    data = end.recv(4096)
                    if not data:
                        return
                    rest += data
                packet, _, rest = rest.partition(b"#")
                rest = rest[2:]
                self.packets.append(packet.decode().lstrip("+$"))
                end.sendall(f"+${answer}#{sum(answer.encode()) % 256:02x}".encode())


class Stubs(unittest.TestCase):
    """harness/gdbstub.py."""

    def talk(self, answers: list[str]) -> tuple[Stub, StandIn]:
        """A client, and the stub it talks to, which first answers the client's opening."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = Path(folder.name) / "stub"
        stand_in = StandIn(path, ["l<target/>", *answers])
        stub = Stub(path, 5.0)
        self.addCleanup(stub.__exit__)
        return stub, stand_in

    def test_registers_and_memory_are_read_and_written(self) -> None:
        registers = "".join(number.to_bytes(8, "little").hex() for number in range(40))
        stub, stand_in = self.talk([registers, "OK", "0badf00d", "OK"])
        self.assertEqual(stub.registers(), list(range(33)))
        stub.set_register(32, 0x1122)
        self.assertEqual(stub.read(0x40, 4), b"\x0b\xad\xf0\x0d")
        stub.write(0x40, b"\1\2")
        self.assertEqual(stub.__exit__(), None)
        self.assertEqual(stand_in.packets[1:], ["g", "P20=2211000000000000", "m40,4", "M40,2:0102"])

    def test_a_refusal_and_an_unknown_command_are_errors(self) -> None:
        stub, _ = self.talk(["E22", ""])
        self.assertRaises(StubError, stub.read, 0, 8)
        self.assertRaises(StubError, stub.set_register, 0, 1)

    def test_the_end_of_the_guest_is_no_stop(self) -> None:
        stub, _ = self.talk(["00" * 8 * 33, "T05", "00" * 8 * 33, "W00"])
        self.assertTrue(stub.resume())
        self.assertFalse(stub.resume())


class Coverage(unittest.TestCase):
    """harness/cover_lines.py, harness/cover_page.py."""

    def test_a_line_table_gives_each_row_its_range(self) -> None:
        self.assertEqual(cover_lines.parse_table(TABLE), [
            ("kernel/a.c", 7, 0x1000, 0x1008), ("kernel/a.c", 8, 0x1000, 0x1008), ("kernel/a.c", 9, 0x1008, 0x1010),
            ("./lib/b.h", 30, 0x1010, 0x1014), ("kernel/a.c", 10, 0x1014, 0x1018), ("./lib/b.h", 31, 0x1018, 0x101c),
            ("kernel/a.c", 50, 0, 8)])

    def test_a_line_ran_as_often_as_its_busiest_instruction(self) -> None:
        counts = array.array("Q", [3, 5, 0, 0, 1, 0, 2]).tobytes()
        lines = cover_lines.guest_lines(cover_lines.parse_table(TABLE), counts, 0x1000)
        self.assertEqual(lines, {"kernel/a.c": {7: 5, 8: 5, 9: 0, 10: 0, 50: 0}, "lib/b.h": {30: 1, 31: 2}})

    def test_counts_of_both_kinds_are_merged(self) -> None:
        host = cover_lines.parse_gcov('{"files": [{"file": "lib/b.h", "lines": [{"line_number": 30, "count": 9}]}]}\n\n')
        self.assertEqual(cover_lines.merge([host, {"lib/b.h": {30: 1, 31: 0}}]), {"lib/b.h": {30: 9, 31: 0}})

    def test_every_excuse_names_a_line_that_is_there(self) -> None:
        for file, lines in cover_page.excused(paths.ROOT).items():
            self.assertTrue((paths.ROOT / file).is_file())
            self.assertTrue(all(lines.values()))

    def test_resets_are_spread_over_the_boot_and_dense_at_its_start(self) -> None:
        found = fault_reset.places(100_000, 20)
        self.assertEqual((len(found), found), (20, sorted(set(found))))
        self.assertEqual(sum(place <= 1000 for place in found), 11)
        self.assertTrue(1 <= found[0] and found[-1] < 100_000)


if __name__ == "__main__":
    unittest.main()
