#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The host's folder as applications see it, /host: files by apps/files, and programs that are started out of it."""
from __future__ import annotations

import shutil
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from harness import markers, nm, paths, suite  # noqa: E402
from harness.fault_alloc import stubbed  # noqa: E402
from harness.gdbstub import Stub  # noqa: E402
from harness.machine import Machine  # noqa: E402
from harness.verdict import BAD_PATTERNS, Expectation  # noqa: E402
from rumpklib import share  # noqa: E402

APPS = paths.BUILD / "tests" / "apps"
PROGRAMS = paths.BUILD / "tests" / "share-programs"
FOLDERS = paths.BUILD / "tests" / "share"
LINUX = paths.BUILD / "tests" / "share-linux"
HALTED = "sched: last process exited, halting"
#: mov w0, #0; ret
RETURN_FALSE = (0x52800000, 0xd65f03c0)

#: What is done to files, from nothing to nothing, and what is said.
WORDS = {
    "content": ("mkdir /host/d , write /host/d/a one , append /host/d/a two , cat /host/d/a , cp /host/d/a /tmp/b , cat /tmp/b , "
                "truncate /host/d/a 2 , cat /host/d/a , df /host , rm /host/d/a , rmdir /host/d , many /host 5000",
                ("[files] one", "[files] two", "[files] one", "[files] two", "[files] on", "[files] made 5000, listed 5000")),
    "names": ("mkdir /host/d , write /host/d/a one , mv /host/d/a /host/d/c , ln /host/d/c /host/d/e , stat /host/d/e , "
              "symlink ../../../../etc/passwd /host/d/out , readlink /host/d/out , ls /host/d , rm /host/d/c , cat /host/d/e , "
              "rm /host/d/e , rm /host/d/out , rmdir /host/d , ls /host , stat /host/d",
              ("[files] file 644 links 2 size 4", "[files] ../../../../etc/passwd", "[files] one", "[files] stat: /host/d: ENOENT")),
}


def case(name: str, bundle: str, folder: Path, words: str, lines: tuple[str, ...], status: int = 0, transport: str = "mmio",
         read_only: bool = False, **options: object) -> suite.Case:
    """A bundle with a folder. The world outside keeps real time."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = suite.product(APPS / f"{bundle}.rpk", append=f"-- {words}", icount=False, own=folder,
                            extra=share.arguments(share.Share(str(folder), read_only), transport), **options)
    return suite.Case(f"share_app[{name}]", machine, Expectation(status, (markers.RUBICON, *lines, HALTED), bad=BAD_PATTERNS),
                      budget=suite.Budget(cpu_s=60.0, wall_s=180.0))


def files(what: str, transport: str, smp: int) -> suite.Case:
    """What apps/files does; the last of its names is one that it has removed."""
    name = f"{what},{transport},smp{smp}"
    words, lines = WORDS[what]
    return case(name, "files-host", FOLDERS / "empty", words, lines, int(what == "names"), transport, smp=smp)


def followed(smp: int) -> suite.Case:
    """A process that is granted the log and the folder keeps the one in the other, to the last line that another has written."""
    name = f"followed,smp{smp}"
    folder = FOLDERS / paths.folder_name(name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hello").write_text("hello\n", encoding="ascii")
    (folder / "log").unlink(missing_ok=True)
    lines = ("[Rumpk L1] The Rubicon is crossed.", "proc: process 1 (files) started", "[files] hello", "[files] file hello",
             "proc: process 1 exited with code 0")

    def run(machine: Machine) -> None:
        machine.wait(wall_s=60.0)
        kept = (folder / "log").read_text(encoding="ascii").splitlines()
        places = [kept.index(line) for line in lines]
        assert places == sorted(places), kept
    machine = suite.product(APPS / "files-followed.rpk", append="-- cat /host/hello , ls /host", icount=False, smp=smp,
                            extra=share.arguments(share.Share(str(folder), False), "mmio"))
    return suite.Case(f"share_app[{name}]", machine, Expectation(0, (markers.RUBICON, *lines[1:], HALTED)), script=suite.Drive(run))


def _linux_folder(name: str) -> Path:
    """A folder with Linux programs and their signatures, as they were made: the programs change it."""
    folder = FOLDERS / paths.folder_name(f"linux-{name}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in LINUX.glob("*"):
        shutil.copy(path, folder)
    return folder


def linux(smp: int) -> suite.Case:
    """Linux programs, and code that is mapped, run with their signature and not without; what was signed, whatever becomes of the file."""
    says = ("answer: 6", "exec /host/answer: 42", "trust: refused: program /host/unsigned: there is no signature beside it", "exec /host/unsigned: 13",
            "trust: refused: program /host/altered: the signature does not match the file", "exec /host/altered: 13",
            "trust: refused: program /host/other: signed by a key that this image does not trust", "exec /host/other: 13",
            "map /host/code: 7", "map /host/code, its file empty: 7", "written: 13",
            "trust: refused: program /host/unsigned-code: there is no signature beside it", "map /host/unsigned-code: 13")
    words = " ".join(f"exec /host/{name}" for name in ("answer", "unsigned", "altered", "other")) + " map /host/code map /host/unsigned-code"
    return case(f"linux,smp{smp}", "linux-share", _linux_folder(f"smp{smp}"), words, says, smp=smp)


def linux_race() -> suite.Case:
    """The host empties the program when the kernel has read it, and looks at the signature: what was read is what runs."""
    folder = _linux_folder("race")

    def run(machine: Machine) -> None:
        at = nm.addresses(suite.PRODUCT.with_suffix(".elf"))
        assert machine.config.gdb_socket is not None
        with Stub(machine.config.gdb_socket) as stub:
            stub.break_at(at["trust_verify_file"])
            assert stub.resume(), "no signature was looked at"
            (folder / "race").write_bytes(b"")
            stub.let_go()
        Path(machine.config.gdb_socket).unlink(missing_ok=True)
        machine.wait(wall_s=60.0)
    machine = stubbed("race", initrd=APPS / "linux-share.rpk", append="-- exec /host/race", extra=share.arguments(share.Share(str(folder), False), "mmio"))
    return suite.Case("share_app[linux,race]", machine, Expectation(0, (markers.RUBICON, "answer: 6", "exec /host/race: 42", HALTED)),
                      script=suite.Drive(run), budget=suite.Budget(cpu_s=60.0, wall_s=90.0, idle_s=None))


def leaves() -> suite.Case:
    """The server takes no more requests, and the process ends with one under way: the machine ends all the same, and says why."""
    folder = FOLDERS / "leaves"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_text("never read\n", encoding="ascii")

    def run(machine: Machine) -> None:
        at = nm.addresses(suite.PRODUCT.with_suffix(".elf"))
        assert machine.config.gdb_socket is not None
        with Stub(machine.config.gdb_socket) as stub:
            stub.break_at(at["ninep_read"])
            assert stub.resume(), "nothing was read"
            stub.write(at["virtqueue_publish"], struct.pack("<II", *RETURN_FALSE))
            stub.let_go()
        Path(machine.config.gdb_socket).unlink(missing_ok=True)
        machine.wait(wall_s=60.0)
    machine = stubbed("leaves", initrd=APPS / "host-leaves.rpk", extra=share.arguments(share.Share(str(folder), False), "mmio"))
    return suite.Case("share_app[leaves]", machine, Expectation(3, (
        markers.RUBICON, "proc: process 1 exited with code 3", r"re:virtio: 9p at .* does not answer, and the machine is to end: reset", HALTED)),
        script=suite.Drive(run), budget=suite.Budget(cpu_s=60.0, wall_s=90.0, idle_s=None))


def cases() -> list[suite.Case]:
    """Over both transports, on one CPU and four; what must be refused."""
    programs = ("good", "[guest] hello from c-hello", "[host-run] /host/good: 0", "[host-run] size told",
                "trust: refused: program /altered: the signature does not match the file", "[host-run] /host/altered: -129",
                "[host-run] /host/missing: -2",
                "trust: refused: program /other: signed by a key that this image does not trust", "[host-run] /host/other: -129",
                "trust: refused: program /empty: the signature is no minisign signature", "[host-run] /host/empty: -129",
                "[host-run] /host/link: 0", "[host-run] /host: -21", "[host-run] /host/nobody: -2",
                "[host-run] what is none: -9", "[host-run] without the right: -13")[1:]
    words = " ".join(f"/host/{name}" for name in ("good", "altered", "missing", "other", "empty", "link")) + " /host /host/nobody"
    absent = suite.product(APPS / "files-host.rpk", append="-- ls /host")
    outside = FOLDERS / "outside"
    outside.mkdir(parents=True, exist_ok=True)
    link = outside / "out"
    if not link.is_symlink():
        link.symlink_to("../../../../../../../../../etc")
    return [
        *(files(what, transport, smp) for what in WORDS for transport in ("mmio", "pci") for smp in (1, 4)),
        followed(1), followed(4), leaves(), linux(1), linux(4), linux_race(),
        *(case(f"programs,smp{smp}", "host-run", PROGRAMS, words, programs, smp=smp) for smp in (1, 4)),
        case("read-only", "files-host", PROGRAMS, "stat /host/good , write /host/good x", ("[files] write: /host/good: EROFS",),
             status=1, read_only=True),
        # A link out of the folder leads back to its top, where there is no such file.
        case("outside", "files-host", outside, "cat /host/out/passwd", ("[files] cat: /host/out/passwd: ENOENT",), status=1),
        suite.Case("share_app[absent]", absent, Expectation(
            127, (markers.RUBICON, "payload: cannot load: files: this machine has no folder \"host\" of the host's (rumpk run --share DIR)"))),
    ]


if __name__ == "__main__":
    suite.main(__file__)
