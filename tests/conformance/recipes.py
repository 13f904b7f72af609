#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""make recipes-test: every recipe, and every workload of tests/conformance/workloads, is built, run in a guest, and asked something. [NAME...] runs those alone.

Exit status: 0 all answered, 1 one did not.
"""
from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUMPK = ROOT / "tools/rumpk"
WORKLOADS = ROOT / "tests/conformance/workloads"
STARTS_S, ENDS_S = 60.0, 120.0


@dataclass(frozen=True)
class Check:
    """What a recipe is run with; `says` is looked for in what it prints, or in what its port answers to `ask`. `typed` goes to its terminal."""

    recipe: str
    says: str
    words: tuple[str, ...] = ()
    ask: bytes = b""
    port: int = 0
    typed: bytes = b""
    status: int = 0
    memory: str = "256"


#: What the forty tools say: on Linux, and here.
TOOLS = r"""^1 2 3 99 100 \n100\n19\n123456789\n5050\nn\nsame\n(.*\n)*forty tools: done$"""

CHECKS = (
    Check("busybox", r"^hello world$", ("echo", "hello", "world")),
    Check("busybox", r"^ *4 +4 +97 total$", ("wc", "/etc/passwd", "/etc/group")),
    Check("lua", r"^42$", ("-e", "print(6*7)")),
    Check("sqlite3", r"^42$", ("/tmp/a.db", "select(6*7)")),
    Check("python3", r"^42 \['a'\]$", ("-c", "print(6*7,list(dict(a=1)))")),
    Check("python3", r"^/dev/pts/0$", ("-c", """__import__("pty").spawn(["/usr/bin/python3","-c","print(__import__('os').ttyname(0))"])""")),
    Check("rust-hello", r"^hello from rust, 5000050000 true$"),
    Check("go-hello", r"^hello from go[\d.]+, 5000050000$", ("-once",)),
    Check("go-hello", r"hello /a/b", ask=b"GET /a/b HTTP/1.0\r\n\r\n", port=80),
    Check("nginx", r"<h1>nginx on Rumpk</h1>", ask=b"GET / HTTP/1.0\r\n\r\n", port=80),
    Check("ocaml-hello", r"^hello from OCaml [\d.]+, 500500 true$"),
    Check("ocaml-http", r"hello /a/b", ask=b"GET /a/b HTTP/1.0\r\n\r\n", port=80),
    Check("ocaml-cohttp", r"hello /a/b", ask=b"GET /a/b HTTP/1.0\r\n\r\n", port=80),
    Check("ocaml", r"^hello from OCaml [\d.]+, dynamic\nhello from Unix\nhello from Lwt\nhello from cohttp$"),
    Check("servers", r"^httpd: answers\n(.*\n)*lighttpd: answers\n(.*\n)*mini_httpd: answers\n(.*\n)*nginx: answers$"),
    Check("keep", r"^ended with 0\n1\) \"42\"\n2\) \"43\"\n1\) \"one\"\n2\) \"two\"\n3\) \"three\"$"),
    Check("wal", r"^40\|420\nok\n0\|0\|0$"),
    Check("ssh", r"^piped\nover ssh as root\n(.*\n)*/dev/pts/0\nends$"),
    Check("openssh", r"^piped\nas root\ncopied\nfetched\nupdated\nserved$"),
    Check("postgres", r"^initdb \(PostgreSQL\) 15.*\n5000\|12502500\n77\n2\n100$", memory="512"),
    Check("script", r"^/dev/pts/0\n(.*\n)*ended with 7\n1$"),
    Check("tmux", r"^/dev/pts/0\n10 72\n(.*\n)*still 42\n(.*\n)*/dev/pts/1$"),
    Check("python", r"^threads 8000\nSUBPROCESS 0\n(.*\n)*served by http.server$"),
    Check("native", r"^musl: 4000 1\nglibc: 2.500 written\nc\+\+: 28 caught\npbzip2: the same$"),
    Check("tools", TOOLS),
    Check("tty", r"^/dev/(tty|console)\n(.*\n)*1\n(.*\n)*42$", typed=b"\n\ntty; stty -a | grep -c icanon; sleep 100 &\nkill %1; echo $((6 * 7)); exit 5\n", status=5),
    Check("dev", r"^GNU Make 4", ("--version",)),
    Check("redis", r"\+PONG\r\n\+OK\r\n\$2\r\n42", ask=b"PING\r\nSET a 42\r\nGET a\r\nQUIT\r\n", port=6379),
    Check("redis-static", r"\+PONG\r\n\+OK\r\n\$2\r\n42", ask=b"PING\r\nSET a 42\r\nGET a\r\nQUIT\r\n", port=6379, memory="10"),
)


def source(check: Check) -> str:
    """What `rumpk recipe build` is told: a workload is a file."""
    path = WORKLOADS / f"{check.recipe}.toml"
    return str(path) if path.exists() else check.recipe


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answer(port: int, ask: bytes, limit_s: float) -> str:
    """What comes back, until the other end closes; empty where nobody answers in time."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as wire:
                wire.sendall(ask)
                said = b"".join(iter(lambda: wire.recv(65536), b""))
            if said:
                return said.decode("utf-8", "replace")
        except OSError:
            pass
        time.sleep(0.2)
    return ""


def run(check: Check) -> str:
    """What a recipe says."""
    bundle = ROOT / f"build/recipes/{check.recipe}.rpk"
    command = [str(RUMPK), "run", str(bundle), "--timeout", str(ENDS_S), "-m", check.memory, *(["-i"] if check.typed else [])]
    if not check.port:
        done = subprocess.run([*command, "--", *check.words] if check.words else command, input=check.typed, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        said = done.stdout.decode("utf-8", "replace").replace("\r", "")
        return said + ("" if done.returncode == check.status else f"exit status {done.returncode}\n")
    port = free_port()
    with subprocess.Popen([*command, "--net", f"user,hostfwd=tcp:{port}-:{check.port}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as guest:
        said = answer(port, check.ask, STARTS_S)
        guest.terminate()
        console = guest.communicate()[0]
    return said or f"no answer\n{console}"


def main(names: list[str]) -> int:
    wanted = [check for check in CHECKS if not names or check.recipe in names]
    built = subprocess.run([str(RUMPK), "recipe", "build", *dict.fromkeys(source(check) for check in wanted)], check=False)
    failed = built.returncode != 0
    for check in wanted if not failed else ():
        said = run(check)
        holds = re.search(check.says, said, re.M) is not None and "exit status" not in said
        failed |= not holds
        print(f"{'ok  ' if holds else 'FAIL'} {check.recipe} {' '.join(check.words) or check.ask.decode().split(chr(13))[0]}", flush=True)
        if not holds:
            print("".join(f"     | {line}\n" for line in said.splitlines()[-12:]), end="", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
