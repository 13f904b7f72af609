# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Recipes: what they may say, which packages and files they come to, and that nothing is believed that is not locked."""
from __future__ import annotations

import hashlib
import io
import struct
import subprocess
import sys
import tomllib
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from rumpklib import closure, content, debian, debian_lock, elf_dynamic, manifest, manifest_write, recipe, recipe_build, toolchain  # noqa: E402
from rumpklib.errors import BadInput, Refused  # noqa: E402
from support import KEYS  # noqa: E402

GOOD = """name = "app"
exec = "usr/bin/app"
[capabilities]
console = ["write"]
[recipe]
packages = ["app"]
"""
LIST = """Package: app
Version: 1:2.0-1
Architecture: arm64
Pre-Depends: libc6 (>= 2.36)
Depends: libssl3 (>= 3), adduser | passwd, mail-agent | libalt1
Section: web
SHA256: {0}

Package: libc6
Version: 2.36
Architecture: arm64
Section: libs
Description: none
 with more: of it
SHA256: {0}

Package: libssl3
Version: 3.0
Architecture: arm64
Depends: libc6:any
Section: libs
SHA256: {0}

Package: libalt1
Version: 1
Architecture: all
Section: libs
SHA256: {0}

Package: adduser
Version: 3
Architecture: all
Section: admin
SHA256: {0}
""".format("a" * 64)


def elf(needed: tuple[str, ...] = (), interpreter: str = "", runpath: str = "", calls: tuple[str, ...] = ()) -> bytes:
    """A shared object that asks for these, as small as it can be."""
    strings = b"\0" + b"".join(name.encode() + b"\0" for name in (*needed, runpath, *calls))
    place, tags = 1, []
    for name in needed:
        tags.append((1, place))
        place += len(name) + 1
    tags += [(29, place)] if runpath else []
    tags += [(10, len(strings))]
    head = 64 + 56 * 3
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in (*tags, (5, head), (0, 0)))
    interp = interpreter.encode() + b"\0"
    body = strings + dynamic + interp
    ends = head + len(body)
    phdr = struct.Struct("<IIQQQQQQ")
    load = phdr.pack(1, 5, 0, 0, 0, ends, ends, 4096)
    dyn = phdr.pack(2, 4, head + len(strings), head + len(strings), 0, len(dynamic), len(dynamic), 8)
    into = phdr.pack(3 if interpreter else 0, 4, head + len(strings) + len(dynamic), 0, 0, len(interp), len(interp), 1)
    return struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 3, 183, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0) + load + dyn + into + body


class FakeApt(debian.Apt):
    """Has what is in a folder."""

    def __init__(self, mirror: Path) -> None:
        self.mirror = mirror

    def download(self, package: debian.Package, into: Path) -> Path:
        fetched = into / package.archive
        fetched.write_bytes((self.mirror / package.archive).read_bytes())
        return fetched


class Recipes(support.Case):
    def write(self, text: str, name: str = "app.toml") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def test_every_recipe_reads_and_is_locked(self) -> None:
        self.assertLessEqual({"busybox", "lua", "sqlite3", "redis", "redis-static", "nginx", "python3", "go-hello", "rust-hello"}, set(recipe.names()))
        for name in recipe.names():
            with self.subTest(name=name):
                one = recipe.read(recipe.find(name))
                self.assertTrue(one.about)
                locked = {package.name for package in recipe_build.locked(one)}
                self.assertLessEqual(set(one.packages), locked)
                self.assertEqual(manifest.parse(one.manifest.encode()).as_dict(), one.parsed.as_dict())

    def test_the_shell_hears_what_is_typed(self) -> None:
        shell = recipe.read(recipe.find("busybox"))  # its first lines say `rumpk run -i`
        self.assertIn("read", shell.parsed.processes[0].capabilities["console"])

    def test_manifests_survive_being_written(self) -> None:
        said = {"name": "a", "exec": "b", "args": ['"', "\\", "\n\x01é"], "launch": True, "threads": 7, "capabilities": {"console": ["write"]}}
        self.assertEqual(tomllib.loads(manifest_write.write(said)), said)
        several = {"name": "a", "process": [{"name": "x", "exec": "b", "net": {"resolve": True}}, {"name": "y", "exec": "b"}]}
        self.assertEqual(tomllib.loads(manifest_write.write(several)), several)
        with self.assertRaisesRegex(BadInput, "no values of this type"):
            manifest_write.write({"name": 1.5})

    def test_refuses_what_a_recipe_may_not_say(self) -> None:
        for change, why in ((GOOD.replace("[recipe]", "[other]"), "no table"), (GOOD + "colour = 1\n", "unknown key colour"),
                            (GOOD.replace('["app"]', '["-o"]'), "cannot be a package's name"), (GOOD.replace('["app"]', "3"), "array of strings"),
                            (GOOD + 'folders = ["../x"]\n', "clean relative path"), (GOOD + '[recipe.text]\n"/etc/x" = "y"\n', "clean relative path"),
                            (GOOD + '[recipe.text]\n"manifest.toml" = "y"\n', "cannot be a name"), (GOOD + '[recipe.links]\n"a" = ["../b"]\n', "links"),
                            (GOOD + '[recipe.compile]\n"x" = "../../x.c"\n', "beside the recipe"), (GOOD + '[recipe.compile]\n"x" = "x.py"\n', "one of"),
                            (GOOD + '[recipe.make]\nwords = ["all"]\n', "make must be a table"),
                            (GOOD + '[recipe.make]\nsource = "x-source"\n', "source, words, and files"),
                            (GOOD + '[recipe.make]\nsource = "x-source"\nfiles = { x = "../x" }\n', "source, words, and files"),
                            (GOOD.replace("[cap", '[process]\nname = "x"\n[cap'), r"process: must be \[\[process\]\]"),
                            ("process = 3\n" + GOOD, r"process: must be \[\[process\]\]"),
                            (GOOD.replace("console", "consol"), "unknown capability"), ("name =", "Invalid")):
            with self.subTest(why=why), self.assertRaisesRegex(BadInput, why):
                recipe.read(self.write(change))

    def test_what_is_made_of_a_source_package_is_named(self) -> None:
        one = recipe.read(self.write(GOOD + '[recipe.make]\nsource = "x-source"\nwords = ["all"]\nfiles = { "usr/bin/x" = "src/x" }\n'))
        self.assertEqual(one.make, recipe.Made("x-source", ("all",), {"usr/bin/x": "src/x"}))

    def test_links_are_written_from_where_they_stand(self) -> None:
        one = recipe.read(self.write(GOOD + '[recipe.links]\n"bin/busybox" = ["bin/sh", "usr/bin/env", "init"]\n'))
        self.assertEqual(one.links, {"bin/sh": "busybox", "usr/bin/env": "../../bin/busybox", "init": "bin/busybox"})

    def test_takes_libraries_in_turn_and_nothing_else(self) -> None:
        listed = {package.name: package for package in debian.read_list(LIST)}
        self.assertEqual([one.name for one in debian_lock.resolve(["app"], listed)], ["app", "libc6", "libssl3", "libalt1"])
        self.assertEqual(listed["app"].archive, "app_1%3a2.0-1_arm64.deb")
        with self.assertRaisesRegex(BadInput, "none of that name"):
            debian_lock.resolve(["nothing"], listed)

    def test_locks_read_as_they_were_written(self) -> None:
        packages = debian.read_list(LIST)
        path = self.folder / "app.lock"
        debian_lock.write(path, packages, "app", "make")
        self.assertEqual({(one.name, one.version, one.sha256) for one in debian_lock.read(path)},
                         {(one.name, one.version, one.sha256) for one in packages})
        for line in ("app 1 arm64", "app 1 arm64 " + "g" * 64, "../x 1 arm64 " + "a" * 64):
            path.write_text(line)
            with self.assertRaisesRegex(BadInput, "app.lock:1"):
                debian_lock.read(path)

    def test_believes_no_archive_that_is_not_locked(self) -> None:
        good = debian.Package("app", "1", "arm64", hashlib.sha256(b"genuine").hexdigest())
        mirror, cache = self.folder / "mirror", self.folder / "cache"
        mirror.mkdir()
        with mock.patch.dict("os.environ", RUMPK_DEPS_CACHE=str(cache)), mock.patch("builtins.print"):
            (mirror / good.archive).write_bytes(b"another")
            with self.assertRaisesRegex(Refused, "not the file that is locked"):
                debian.fetch(good, FakeApt(mirror))
            self.assertEqual(list(cache.iterdir()), [])
            (mirror / good.archive).write_bytes(b"genuine")
            self.assertEqual(debian.fetch(good, FakeApt(mirror)).read_bytes(), b"genuine")
            (cache / good.archive).write_bytes(b"spoiled")
            (mirror / good.archive).unlink()
            with self.assertRaises(OSError):
                debian.fetch(good, FakeApt(mirror))


    def test_what_is_fetched_is_told_beside_the_output(self) -> None:
        (self.folder / "app_1_arm64.deb").write_bytes(b"genuine")
        said = io.StringIO(), io.StringIO()
        with mock.patch.dict("os.environ", RUMPK_DEPS_CACHE=str(self.folder / "cache")), redirect_stdout(said[0]), redirect_stderr(said[1]):
            debian.fetch(debian.Package("app", "1", "arm64", hashlib.sha256(b"genuine").hexdigest()), FakeApt(self.folder))
        self.assertEqual([one.getvalue() for one in said], ["", "fetching: app_1_arm64.deb\n"])

    def test_two_at_once_wait_for_each_other(self) -> None:
        code = ("import sys; from pathlib import Path; from rumpklib import debian\n"
                "with debian.alone(Path(sys.argv[1])): print(Path(sys.argv[1], 'made').exists())")
        with debian.alone(self.folder):
            other = subprocess.Popen([sys.executable, "-c", code, self.folder], cwd=debian.ROOT / "tools", stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     text=True)
            self.addCleanup(other.kill)
            assert other.stderr is not None
            self.assertIn("waiting for another rumpk", other.stderr.readline())
            (self.folder / "made").write_text("")
        self.assertEqual(other.communicate(timeout=20)[0], "True\n")


class Makes(support.Case):
    def test_a_program_that_was_not_built_is_told(self) -> None:
        made = recipe.Made("app-source", ("all",), {"bin/app": "src/app"})
        (self.folder / "build/deps/app-source").mkdir(parents=True)
        (self.folder / "build/deps/app-source/Makefile").write_text("all:\n")
        (self.folder / "tools").mkdir()
        (self.folder / "tools/fetch-deps.sh").symlink_to("/bin/true")
        with mock.patch.object(debian, "ROOT", self.folder), mock.patch.object(toolchain, "root"):
            with self.assertRaisesRegex(Refused, "app-source: make has not built the program src/app"):
                recipe_build._make(made, self.folder)  # pylint: disable=protected-access

    def test_a_recipe_is_made_by_its_own_makefile_whoever_calls(self) -> None:
        (self.folder / "program.sh").write_text("true\n")
        with mock.patch.dict("os.environ", MAKEFLAGS=" --no-builtin-rules", MAKELEVEL="1"):
            environment = recipe_build._make_environment(self.folder)  # pylint: disable=protected-access
        done = subprocess.run(["make", "program"], cwd=self.folder, env=environment, capture_output=True, check=False)
        self.assertEqual((done.returncode, (self.folder / "program").read_text()), (0, "true\n"))


class Closure(support.Case):
    def place(self, name: str, data: bytes = b"") -> Path:
        path = self.folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def link(self, name: str, target: str) -> None:
        path = self.folder / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def close(self, name: str) -> list[str]:
        tree = closure.Tree(self.folder / "root")
        path = tree.file(name)
        assert path
        return sorted(closure.close(tree, {name: path}))

    def test_finds_what_ld_so_will_look_for(self) -> None:
        self.place("usr/bin/app", elf(("libone.so.1", "libtwo.so"), "/lib/ld-linux-aarch64.so.1"))
        self.place("lib/aarch64-linux-gnu/ld.so", elf())
        self.link("lib/ld-linux-aarch64.so.1", "aarch64-linux-gnu/ld.so")
        self.place("usr/lib/aarch64-linux-gnu/libone.so.1.2", elf(("libthree.so",)))
        self.link("usr/lib/aarch64-linux-gnu/libone.so.1", "/usr/lib/aarch64-linux-gnu/libone.so.1.2")
        self.place("lib/aarch64-linux-gnu/libtwo.so", elf())
        self.place("usr/lib/aarch64-linux-gnu/libtwo.so", elf())
        self.place("usr/lib/libthree.so", elf(("libtwo.so",)))
        self.assertEqual(self.close("usr/bin/app"), ["lib/aarch64-linux-gnu/libtwo.so", "lib/ld-linux-aarch64.so.1", "usr/bin/app",
                                                     "usr/lib/aarch64-linux-gnu/libone.so.1", "usr/lib/libthree.so"])

    def test_glibc_loads_the_unwinder_for_threads_that_end(self) -> None:
        self.place("lib/aarch64-linux-gnu/libc.so.6", elf(calls=("pthread_exit",)))
        self.place("lib/aarch64-linux-gnu/libgcc_s.so.1", elf(("libc.so.6",)))
        self.place("app", elf(("libc.so.6",), calls=("pthread_exit_soon", "pthread_create")))
        self.assertEqual(self.close("app"), ["app", "lib/aarch64-linux-gnu/libc.so.6"])
        for call in ("pthread_exit", "pthread_cancel", "thrd_exit", "backtrace", "print_backtrace"):
            self.place("app", elf(("libc.so.6",), calls=("puts", call)))
            self.assertEqual(self.close("app"), ["app", "lib/aarch64-linux-gnu/libc.so.6", "lib/aarch64-linux-gnu/libgcc_s.so.1"])
        (self.folder / "root/lib/aarch64-linux-gnu/libgcc_s.so.1").unlink()
        self.assertEqual(self.close("app"), ["app", "lib/aarch64-linux-gnu/libc.so.6"])

    def test_follows_the_programs_own_paths(self) -> None:
        self.place("opt/app/bin/app", elf(("libown.so",), runpath="$ORIGIN/../lib:/nowhere"))
        self.place("opt/app/lib/libown.so", elf())
        self.assertEqual(self.close("opt/app/bin/app"), ["opt/app/bin/app", "opt/app/lib/libown.so"])

    def test_names_what_is_missing(self) -> None:
        self.place("app", elf(("libgone.so.6",)))
        with self.assertRaisesRegex(BadInput, "app: needs libgone.so.6, which no package"):
            self.close("app")
        self.place("app", elf((), "/lib/ld-gone.so"))
        with self.assertRaisesRegex(BadInput, "needs lib/ld-gone.so"):
            self.close("app")

    def test_libraries_elsewhere_are_loaded_beforehand_or_told_where_they_are(self) -> None:
        self.place("usr/lib/jvm/lib/libzip.so", elf(("libjvm.so", "libown.so")))
        self.place("usr/lib/jvm/lib/server/libjvm.so", elf(("libbase.so",)))
        self.place("lib/aarch64-linux-gnu/libown.so", elf())
        self.place("usr/lib/libbase.so", elf())
        tree = closure.Tree(self.folder / "root")
        named = {name: self.folder / "root" / name for name in ("usr/lib/jvm/lib/libzip.so", "usr/lib/jvm/lib/server/libjvm.so")}
        self.assertEqual(sorted(closure.close(tree, named)), ["lib/aarch64-linux-gnu/libown.so", *named, "usr/lib/libbase.so"])
        with self.assertRaisesRegex(BadInput, r'libzip.so: needs libjvm.so, .*files = \["usr/lib/jvm/lib/server/libjvm.so"\]'):
            self.close("usr/lib/jvm/lib/libzip.so")

    def test_other_names_of_a_file_are_links_to_it(self) -> None:
        own = self.place("usr/lib/core/tool", b"tool")
        (self.folder / "root/usr/lib/core/tool-add").hardlink_to(own)
        self.link("usr/bin/tool", "../lib/core/tool")
        self.link("usr/lib/liba.so", "/usr/lib/liba.so.1")
        self.place("usr/lib/liba.so.1")
        tree = closure.Tree(self.folder / "root")
        every = {name: path for name in tree.names() if (path := tree.file(name))}
        self.assertEqual(closure.links(tree, every, set()), {"usr/bin/tool": "../lib/core/tool", "usr/lib/core/tool-add": "tool",
                                                             "usr/lib/liba.so": "liba.so.1"})
        self.assertEqual(closure.links(tree, every, {"usr/bin/tool", "usr/lib/liba.so"}), {
            "usr/lib/core/tool": "../../bin/tool", "usr/lib/core/tool-add": "../../bin/tool", "usr/lib/liba.so.1": "liba.so"})
        del every["usr/lib/core/tool"], every["usr/lib/core/tool-add"], every["usr/lib/liba.so.1"]
        self.assertEqual(closure.links(tree, every, set()), {})

    def test_links_never_lead_out_of_the_root(self) -> None:
        (self.folder / "secret").write_text("host")
        self.place("app")
        self.link("out", "../../../../../../../../../../" + str(self.folder / "secret"))
        self.link("round", "round")
        self.link("above", "../app")
        tree = closure.Tree(self.folder / "root")
        self.assertIsNone(tree.file("out"))
        self.assertIsNone(tree.file("../secret"))
        self.assertIsNone(tree.file("round"))
        self.assertEqual(tree.file("above"), self.folder / "root/app")
        self.assertEqual(tree.names(), ["above", "app"])

    def test_matches_folders_and_patterns(self) -> None:
        for name in ("share/a/x", "share/a/b/y", "share/c"):
            self.place(name)
        tree = closure.Tree(self.folder / "root")
        self.assertEqual(tree.match("share/a"), ["share/a/b/y", "share/a/x"])
        self.assertEqual(tree.match("/share/*y"), ["share/a/b/y"])
        self.assertEqual((tree.match("share/c"), tree.match("share/d")), (["share/c"], []))

    def test_links_to_folders_are_kept_where_there_is_something_in_them(self) -> None:
        for name in ("share/data/x", "share/other/y", "lib/own/z"):
            self.place(name)
        self.link("lib/own/data", "../../share/data")
        self.link("lib/own/other", "/share/other")
        self.link("lib/own/round", "..")
        self.link("lib/own/all", "/")
        self.link("lib/own/none", "nowhere")
        self.link("lib/own/out", "../../../../../../../../../../tmp")
        self.link("share/again", "data")
        tree = closure.Tree(self.folder / "root")
        self.assertEqual(tree.folder_links(), {"lib/own/data": "share/data", "lib/own/other": "share/other", "share/again": "share/data"})
        for pattern in ("lib/*", "lib/own", "/lib/own/"):
            self.assertEqual(closure.linked_folders(tree, [pattern], ["share/data/x", "lib/own/z"]), {"lib/own/data": "../../share/data"})
        self.assertEqual(closure.linked_folders(tree, ["lib/own/z", "share/data"], ["share/data/x"]), {})

    def test_broken_programs_are_told(self) -> None:
        good = elf(("liba.so",))
        self.assertEqual(elf_dynamic.needs(good, "x").libraries, ("liba.so",))
        for broken in (good[:32] + struct.pack("<Q", 2**40) + good[40:], good[:54] + struct.pack("<H", 55) + good[56:],
                       good.replace(struct.pack("<QQ", 5, 64 + 56 * 3), struct.pack("<QQ", 5, 2**33)),
                       good.replace(struct.pack("<QQ", 1, 1), struct.pack("<QQ", 1, 2**33))):
            with self.assertRaises(BadInput):
                elf_dynamic.needs(broken, "x")
        self.assertFalse(elf_dynamic.is_native(good[:32] + struct.pack("<Q", 2**40) + good[40:]))


class Building(support.Case):
    def test_a_recipe_of_text_and_a_compiled_program_builds_the_same_twice(self) -> None:
        (self.folder / "hello.c").write_text("int main(void) { return 7; }\n")
        path = self.folder / "seven.toml"
        path.write_text('name = "seven"\nexec = "bin/seven"\n[files]\napp = ["read", "exec"]\n[recipe]\nfolders = ["empty"]\n[recipe.text]\n"etc/x" = "y"\n'
                        '[recipe.compile]\n"bin/seven" = "hello.c"\n[recipe.links]\n"bin/seven" = ["init"]\n')
        with mock.patch.object(recipe_build, "OUTPUT", self.folder / "out"):
            first = recipe_build.build(recipe.read(path), KEYS / "dev.key").read_bytes()
            whole = content.read(str(self.folder / "out/seven.rpk"))
            self.assertEqual([entry.name for entry in whole.entries], ["manifest.toml", "bin", "bin/seven", "empty", "etc", "etc/x", "init"])
            self.assertEqual(recipe_build.build(recipe.read(path), KEYS / "dev.key").read_bytes(), first)
        status, out, error = self.rumpk("verify", self.folder / "out/seven.rpk", "-p", KEYS / "dev.pub")
        self.assertEqual((status, error), (0, ""), out)

    def built(self, name: str, text: str) -> dict[str, tuple[bool, bytes]]:
        """What is in the bundle of a recipe of that name with the packages of the folder `tree`: whether it is a link, and what it holds."""
        (self.folder / "hello.c").write_text("int main(void) { return 7; }\n")
        path = self.folder / f"{name}.toml"
        path.write_text(f'name = "{name}"\nexec = "bin/x"\n[recipe.compile]\n"bin/x" = "hello.c"\n{text}')
        with mock.patch.object(recipe_build, "OUTPUT", self.folder / "out"), mock.patch.object(debian, "unpack", return_value=self.folder / "tree"):
            recipe_build.build(recipe.read(path), KEYS / "dev.key")
        return {entry.name: (entry.is_link, entry.data) for entry in content.read(str(self.folder / f"out/{name}.rpk")).entries}

    def test_files_of_two_names_are_there_once(self) -> None:
        tree = self.folder / "tree/usr/lib"
        tree.mkdir(parents=True)
        for name in ("one", "told"):
            (tree / name).write_text(name)
            (tree / f"{name}-again").symlink_to(name)
            (tree / f"{name}-hard").hardlink_to(tree / name)
        said = self.built("names", '[recipe]\nfiles = ["usr/lib"]\n[recipe.copy]\n"one-copy" = "usr/lib/one"\n[recipe.text]\n"usr/lib/told" = "text"\n')
        self.assertEqual({name: one for name, one in said.items() if name.startswith(("one", "usr/lib/"))}, {
            "one-copy": (False, b"one"), "usr/lib/one": (False, b"one"), "usr/lib/one-again": (True, b"one"), "usr/lib/one-hard": (True, b"one"),
            "usr/lib/told": (False, b"text"), "usr/lib/told-again": (True, b"told-hard"), "usr/lib/told-hard": (False, b"told")})

    def test_a_folder_of_two_names_is_there_once(self) -> None:
        tree = self.folder / "tree/usr"
        (tree / "share/data").mkdir(parents=True)
        (tree / "share/data/x").write_text("x")
        for name in ("data", "given", "unwanted"):
            (tree / f"share/{name}-again").symlink_to("data")
        said = self.built("folders", '[recipe]\nfiles = ["usr/*"]\nwithout = ["usr/share/unwanted*"]\n'
                                     '[recipe.links]\n"elsewhere" = ["usr/share/given-again"]\n[recipe.text]\n"usr/share/data-again/own" = "text"\n')
        self.assertEqual({name: one for name, one in said.items() if name.startswith("usr/share/")}, {
            "usr/share/data": (False, b""), "usr/share/data/x": (False, b"x"), "usr/share/data/own": (False, b"text"),
            "usr/share/data-again": (True, b"data"), "usr/share/given-again": (True, b"../../elsewhere")})

    def test_a_link_is_no_other_file_too(self) -> None:
        path = self.folder / "twice.toml"
        path.write_text('name = "twice"\nexec = "bin/x"\n[recipe.text]\n"bin/x" = "x"\n"bin/y" = "y"\n[recipe.links]\n"bin/x" = ["bin/y"]\n')
        with mock.patch.object(recipe_build, "OUTPUT", self.folder / "out"), mock.patch.object(recipe_build, "_named", return_value={}):
            with self.assertRaisesRegex(BadInput, "links: bin/y is another file"):
                recipe_build.build(recipe.read(path), KEYS / "dev.key")

    def test_a_file_that_is_a_folder_too_is_told(self) -> None:
        path = self.folder / "both.toml"
        for text, folders, name in (('"bin" = "x"', "", "bin"), ('"bin/x/y" = "x"', "", "bin/x"), ("", "bin/x", "bin/x")):
            path.write_text(f'name = "both"\nexec = "bin/x"\n[recipe]\nfolders = ["{folders or "empty"}"]\n[recipe.text]\n{text}\n')
            with mock.patch.object(recipe_build, "OUTPUT", self.folder / "out"), \
                    mock.patch.object(recipe_build, "_named", return_value={"bin/x": path}), \
                    self.assertRaisesRegex(BadInput, f"both.toml: {name}: both a file and a folder of the bundle"):
                recipe_build.build(recipe.read(path), KEYS / "dev.key")

    def test_a_missing_source_and_one_that_does_not_compile_are_told(self) -> None:
        path = self.folder / "bad.toml"
        path.write_text('name = "bad"\nexec = "bad"\n[recipe.compile]\n"bad" = "bad.c"\n')
        with mock.patch.object(recipe_build, "OUTPUT", self.folder / "out"):
            with self.assertRaisesRegex(BadInput, "bad.c: no such file"):
                recipe_build.build(recipe.read(path), KEYS / "dev.key")
            (self.folder / "bad.c").write_text("int main(void) { return x; }\n")
            with self.assertRaisesRegex(BadInput, "does not compile"):
                recipe_build.build(recipe.read(path), KEYS / "dev.key")

    def test_the_commands_say_what_is_wrong(self) -> None:
        self.assertEqual(self.rumpk("recipe", "build", "nothing")[0], 2)
        self.assertIn("known: busybox", self.rumpk("recipe", "show", "nothing")[2])
        self.assertIn("takes a single recipe", self.rumpk("recipe", "build", "lua", "nginx", "-o", "x")[2])
        self.assertIn("busybox", self.rumpk("recipe", "list")[1])


if __name__ == "__main__":
    unittest.main()
