# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The compilers for Linux programs: what they make is static and runs in the guest, projects build unchanged."""
from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import unittest
import unittest.mock
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from rumpklib import crossbuild, elf_dynamic, toolchain  # noqa: E402
from support import KEYS, ROOT  # noqa: E402

THREADS_C = """#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
static _Thread_local int own = 3;
static void *run(void *arg) { own += *(int *)arg; return own == 10 ? arg : NULL; }
int main(int argc, char **argv)
{
	pthread_t thread; int seven = 7; void *result = NULL;
	if (pthread_create(&thread, NULL, run, &seven) != 0 || pthread_join(thread, &result) != 0) return 1;
	printf("%s %d %.2f %s\\n", result == &seven ? "joined" : "lost", own, argc * 1.5, strerror(ENOENT));
	return 5;
}
"""
THREADS_CC = """#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>
int main()
{
	std::vector<std::thread> all; int sum = 0;
	for (int i = 1; i <= 4; i++) all.emplace_back([&sum, i] { __atomic_add_fetch(&sum, i, __ATOMIC_SEQ_CST); });
	for (auto &one : all) one.join();
	try { throw std::runtime_error("caught"); } catch (const std::exception &error) { std::cout << error.what() << ' ' << sum << std::endl; }
}
"""
MANIFEST = """name = "app"
exec = "app"
memory = "16M"
stack = "128K"
[capabilities]
console = ["write"]
[files]
app = ["read", "exec", "list"]
"""
CONFIGURE = """#!/bin/sh
case $1 in --help) echo "  --host=HOST  --enable-shared"; exit 0 ;; esac
echo "$0 $@" >said
printf 'all: app\\napp: main.c\\n\\t$(CC) -o $@ $<\\n' >Makefile
"""


def elf_type(path: Path) -> int:
    return int(struct.unpack_from("<H", path.read_bytes(), 16)[0])


class Toolchain(support.Case):
    @classmethod
    def setUpClass(cls) -> None:
        toolchain.root("musl")

    def compile(self, tool: str, name: str, source: str, *options: str) -> Path:
        (self.folder / name).write_text(source)
        output = self.folder / "app/app"
        output.parent.mkdir(exist_ok=True)
        subprocess.run([toolchain.BIN / f"aarch64-rumpk-{tool}", "-O2", *options, "-o", output, self.folder / name], check=True)
        needs = elf_dynamic.needs(output.read_bytes(), "app")
        self.assertEqual((needs.interpreter, needs.libraries), ("", ()))
        return output

    def run_in_guest(self) -> tuple[int, str]:
        (self.folder / "app/manifest.toml").write_text(MANIFEST)
        self.assertEqual(self.rumpk("pack", self.folder / "app", "-k", KEYS / "dev.key", "-o", self.folder / "app.rpk")[0], 0)
        done = subprocess.run([ROOT / "tools/rumpk", "run", self.folder / "app.rpk", "--timeout", "60"], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout

    def test_c_with_threads_runs_static_and_position_independent(self) -> None:
        for options, kind in (((), 2), (("-static-pie",), 3), (("-s", "-z", "max-page-size=4096", "-z", "noseparate-code"), 2)):
            with self.subTest(options=options):
                self.assertEqual(elf_type(self.compile("gcc", "a.c", THREADS_C, *options)), kind)
                status, out = self.run_in_guest()
                self.assertIn("joined 3 1.50 No such file or directory\n", out)
                self.assertEqual(status, 5)

    def test_cc_with_threads_and_exceptions_runs(self) -> None:
        self.assertEqual(elf_type(self.compile("g++", "a.cc", THREADS_CC)), 2)
        status, out = self.run_in_guest()
        self.assertIn("caught 10\n", out)
        self.assertEqual(status, 0)

    def test_headers_are_musls_and_linuxs_alone(self) -> None:
        self.compile("gcc", "a.c", "#include <features.h>\n#include <linux/futex.h>\n#include <asm/unistd.h>\n#ifdef __GLIBC__\n#error glibc\n#endif\n"
                     "int main(void) { return FUTEX_WAIT + __NR_write; }\n")

    def test_shared_libraries_are_refused(self) -> None:
        for tool in ("gcc", "g++"):
            done = subprocess.run([toolchain.BIN / f"aarch64-rumpk-{tool}", "-shared", "-o", self.folder / "x.so"], capture_output=True, text=True,
                                  check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("no shared libraries", done.stderr)

    def test_says_what_to_run_where_musl_is_not_there(self) -> None:
        done = subprocess.run([toolchain.BIN / "aarch64-rumpk-gcc", "x.c"], env={**os.environ, "RUMPK_MUSL": "/nonexistent"}, capture_output=True,
                              text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("rumpk toolchain musl", done.stderr)

    def test_a_project_configures_and_builds_unchanged(self) -> None:
        project = self.folder / "project"
        project.mkdir()
        (project / "configure").write_text(CONFIGURE)
        (project / "configure").chmod(0o755)
        (project / "main.c").write_text("int main(void) { return 0; }\n")
        for command in (["configure", "--prefix=/usr"], ["make", "-s"]):
            subprocess.run([ROOT / "tools/rumpk", *command], cwd=project, check=True)
        self.assertEqual((project / "said").read_text(), "./configure --host=aarch64-linux-gnu --disable-shared --prefix=/usr\n")
        self.assertEqual(struct.unpack_from("<H", (project / "app").read_bytes(), 18)[0], 183)

    def test_where_the_path_has_a_space_compilers_are_looked_up(self) -> None:
        with unittest.mock.patch.object(toolchain, "BIN", Path("/a/tools/bin")):
            self.assertEqual(crossbuild.tools()["CC"], "/a/tools/bin/aarch64-rumpk-gcc")
        with unittest.mock.patch.object(toolchain, "BIN", Path("/a b/tools/bin")):
            self.assertEqual(crossbuild.tools()["CC"], "aarch64-rumpk-gcc")
            self.assertEqual(crossbuild.environment()["PATH"].split(":")[0], "/a b/tools/bin")

    def test_no_configure_is_told(self) -> None:
        done = subprocess.run([ROOT / "tools/rumpk", "configure"], cwd=self.folder, capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, "no ./configure" in done.stderr), (2, True))

    def test_scripts_that_know_no_host_are_told_none(self) -> None:
        self.assertEqual(crossbuild.configure_command("c", ["x"], "usage"), ["c", "x"])

    def test_cmake_builds_a_static_program(self) -> None:
        if not shutil.which("cmake"):
            self.skipTest("cmake is not installed")
        (self.folder / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.13)\nproject(a C)\nadd_library(l SHARED l.c)\n"
                                                    "add_executable(a a.c)\ntarget_link_libraries(a l)\n")
        (self.folder / "l.c").write_text("int seven(void) { return 7; }\n")
        (self.folder / "a.c").write_text("int seven(void);\nint main(void) { return seven(); }\n")
        for command in (["cmake", f"-DCMAKE_TOOLCHAIN_FILE={toolchain.BIN}/rumpk.cmake", "-S", ".", "-B", "out"], ["cmake", "--build", "out"]):
            done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(elf_dynamic.needs((self.folder / "out/a").read_bytes(), "a").libraries, ())

    def test_pkg_config_sees_the_prefix_alone(self) -> None:
        if not shutil.which("pkg-config"):
            self.skipTest("pkg-config is not installed")
        (self.folder / "lib/pkgconfig").mkdir(parents=True)
        (self.folder / "lib/pkgconfig/own.pc").write_text("Name: own\nDescription: d\nVersion: 3\nLibs: -lown\nLibs.private: -lmore\n")
        environment = {**os.environ, "RUMPK_PREFIX": str(self.folder), "PKG_CONFIG_PATH": "/usr/lib/x86_64-linux-gnu/pkgconfig"}
        ask = [toolchain.BIN / "aarch64-rumpk-pkg-config", "--libs", "own"]
        self.assertEqual(subprocess.run(ask, env=environment, capture_output=True, text=True, check=True).stdout.split(), ["-lown", "-lmore"])
        done = subprocess.run([ask[0], "--list-all"], env=environment, capture_output=True, text=True, check=True)
        self.assertEqual([line.split()[0] for line in done.stdout.splitlines()], ["own"])


if __name__ == "__main__":
    unittest.main()
