# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Debian's arm64 Linux with nginx or busybox's httpd as an initial RAM disk: as little as serves, from packages that are unpacked
below build/peers/http. Needs no root. What is there already is taken."""
from __future__ import annotations

import shutil
from pathlib import Path

from harness import paths
from tests.foreign.linux.make import entry, kernel_package, private_apt, unpack

OUT = paths.BUILD / "peers" / "http"
KERNEL = OUT / "linux.img"
ROOT = OUT / "linux"  # what the RAM disks have in common, and both servers
#: Linux at its best: nothing that only guards against other tenants of the processor.
APPEND = "console=ttyAMA0 quiet panic=-1 kpti=off mitigations=off"
PACKAGES = ["nginx", "busybox-static", "libc6", "libpcre2-8-0", "libssl3", "zlib1g", "libcrypt1"]
#: In the order they are loaded in.
MODULES = ("virtio/virtio_pci_legacy_dev", "virtio/virtio_pci_modern_dev", "virtio/virtio_pci", "virtio/virtio_mmio",
           "core/failover", "net/net_failover", "net/virtio_net")
PROGRAMS = {"nginx": "usr/sbin/nginx", "busybox": "bin/busybox"}
LIBRARIES = ("libcrypt.so.1", "libpcre2-8.so.0", "libssl.so.3", "libcrypto.so.3", "libz.so.1", "libc.so.6", "ld-linux-aarch64.so.1")
SERVERS = tuple(PROGRAMS)

_INIT = """#!/bin/busybox sh
export PATH=/bin
busybox mount -t devtmpfs none /dev
for module in MODULES; do busybox insmod /modules/$module.ko; done
busybox ip link set lo up
busybox ip address add 10.0.2.15/24 dev eth0
busybox ip link set eth0 up
exec COMMAND
"""
_COMMANDS = {"nginx": "/bin/nginx -c /etc/nginx.conf", "busybox": "busybox httpd -f -p 80 -h /www"}
#: All that makes it faster for files that do not change.
_NGINX_CONF = """daemon off;
user root root;
worker_processes 1;
pid /tmp/nginx.pid;
error_log stderr crit;
events { worker_connections 2048; use epoll; multi_accept on; }
http {
	types { text/html html; text/css css; image/svg+xml svg; }
	access_log off;
	sendfile on;
	tcp_nopush on;
	tcp_nodelay on;
	keepalive_requests 1000000000;
	open_file_cache max=1000 inactive=1h;
	open_file_cache_valid 1h;
	server {
		listen 80 reuseport backlog=1024;
		root /www;
		location /inbox/ { root /; dav_methods PUT; client_max_body_size 64m; }
	}
}
"""
_FOLDERS = ("dev", "bin", "lib", "etc", "etc/nginx", "modules", "tmp", "var", "var/log", "var/log/nginx", "var/lib", "var/lib/nginx",
            "www", "proc", "inbox")


def fetch() -> None:
    """The kernel, its modules, and the programs with the libraries they load. Errors: RuntimeError, OSError, StopIteration."""
    if (ROOT / "complete").exists():
        return
    print("fetching: Debian's arm64 kernel, nginx and busybox", flush=True)
    apt = OUT / "apt"
    shutil.rmtree(ROOT, ignore_errors=True)
    for folder in ("bin", "lib", "modules"):
        (ROOT / folder).mkdir(parents=True)
    options = private_apt(apt)
    there = unpack(apt, options, [kernel_package(options), *PACKAGES])
    shutil.copy(next((there / "boot").glob("vmlinuz-*")), KERNEL)
    for module in MODULES:
        shutil.copy(next(there.glob(f"lib/modules/*/kernel/**/{module}.ko")), ROOT / "modules")
    for library in LIBRARIES:
        shutil.copy(next(there.glob(f"**/{library}")), ROOT / "lib")
    for program in PROGRAMS.values():
        shutil.copy(there / program, ROOT / "bin")
    shutil.rmtree(apt)
    (ROOT / "complete").touch()


def make_ramdisk(server: str, files: list[tuple[str, bytes]], ramdisk: Path) -> None:
    """An initial RAM disk whose first process serves `files`, by name, on port 80."""
    names = [Path(module).name for module in MODULES]
    init = _INIT.replace("MODULES", " ".join(names)).replace("COMMAND", _COMMANDS[server])
    parts = [entry(folder, 0o040755, b"") for folder in _FOLDERS]
    parts += [entry("dev/console", 0o020600, b"", (5, 1)), entry("init", 0o100755, init.encode("ascii"))]
    parts += [entry(f"modules/{name}.ko", 0o100644, (ROOT / "modules" / f"{name}.ko").read_bytes()) for name in names]
    parts.append(entry("bin/busybox", 0o100755, (ROOT / "bin/busybox").read_bytes()))
    if server == "nginx":
        parts.append(entry("bin/nginx", 0o100755, (ROOT / "bin/nginx").read_bytes()))
        parts.append(entry("etc/nginx.conf", 0o100644, _NGINX_CONF.encode("ascii")))
        parts.append(entry("etc/passwd", 0o100644, b"root:x:0:0::/:\n"))
        parts.append(entry("etc/group", 0o100644, b"root:x:0:\n"))
        parts += [entry(f"lib/{name}", 0o100755, (ROOT / "lib" / name).read_bytes()) for name in LIBRARIES]
    parts += [entry(f"www/{name}", 0o100644, data) for name, data in files]
    ramdisk.write_bytes(b"".join([*parts, entry("TRAILER!!!", 0, b"")]))
