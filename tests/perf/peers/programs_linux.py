# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""A recipe's program on both kernels: the very files of its bundle, as an initial RAM disk of Debian's Linux and as a bundle of ours."""
from __future__ import annotations

import tomllib
from pathlib import Path

from harness import paths
from rumpklib import bundle, content, cpio, manifest, manifest_write, pack, recipe, recipe_build
from tests.foreign.linux.make import entry
from tests.perf.peers import http_linux

ADDRESS = "10.0.2.15"
KEY = paths.ROOT / "fixtures" / "keys" / "dev.key"
#: Where busybox is in the RAM disk: none of a recipe's files is there.
BUSYBOX = "boot/busybox"
_MODULES = [Path(module).name for module in http_linux.MODULES]
_INIT = """#!/{busybox} sh
b=/{busybox}
$b mount -t devtmpfs none /dev
$b mount -t proc none /proc
$b mount -t tmpfs none /tmp
$b mkdir -p /var/log/nginx /var/lib/nginx
for module in {modules}; do $b insmod /boot/$module.ko; done
$b ip link set lo up
$b ip address add {address}/24 dev eth0
$b ip link set eth0 up
cd /
exec {command}
"""


def files(name: str, replaced: dict[str, str]) -> list[cpio.Entry]:
    """What a recipe's bundle holds, the manifest first, with some texts replaced."""
    built = recipe_build.OUTPUT / f"{name}.rpk"
    if not built.exists():
        recipe_build.build(recipe.read(recipe.find(name)), KEY)
    return [cpio.file(one.name, replaced[one.name].encode("utf-8")) if one.name in replaced else one
            for one in content.unpack(bundle.split(built.read_bytes(), str(built)), str(built)).entries]


def make_bundle(entries: list[cpio.Entry], memory: str, to: Path) -> None:
    """The bundle with so much memory for the program, and an address that nobody has to ask for."""
    said = tomllib.loads(entries[0].data.decode("utf-8"))
    said.update(memory=memory, network={"address": f"{ADDRESS}/24", "gateway": "10.0.2.2"})
    told = cpio.file(manifest.FILE_NAME, manifest_write.write(said).encode("utf-8"))
    to.write_bytes(pack.sign_archive(cpio.write([told, *entries[1:]]), KEY, said["name"]))


def make_ramdisk(entries: list[cpio.Entry], to: Path) -> None:
    """The RAM disk whose first process becomes the program."""
    parsed = manifest.parse(entries[0].data, "recipe")
    main = parsed.processes[parsed.main]
    init = _INIT.format(busybox=BUSYBOX, modules=" ".join(_MODULES), address=ADDRESS, command=" ".join([f"/{main.exec}", *main.args]))
    names = {one.name for one in entries}
    folders = [name for name in ("dev", "proc", "tmp", "boot", "var", "var/log", "var/lib", "etc") if name not in names]
    parts = [entry(name, 0o040755, b"") for name in folders]
    parts += [entry(one.name, one.mode, one.data) for one in sorted(entries[1:], key=lambda one: one.name)]
    parts += [entry("dev/console", 0o020600, b"", (5, 1)), entry("init", 0o100755, init.encode("ascii"))]
    parts.append(entry(BUSYBOX, 0o100755, (http_linux.ROOT / "bin" / "busybox").read_bytes()))
    parts += [entry(f"boot/{name}.ko", 0o100644, (http_linux.ROOT / "modules" / f"{name}.ko").read_bytes()) for name in _MODULES]
    to.write_bytes(b"".join([*parts, entry("TRAILER!!!", 0, b"")]))
