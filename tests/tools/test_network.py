# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk run --net: what it asks QEMU for, which ports it takes, and what it says when it cannot."""
from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

import support  # noqa: E402
from rumpklib import manifest, network, run  # noqa: E402
from rumpklib.errors import BadInput  # noqa: E402

NET = 'name = "a"\nexec = "b"\n[net]\nlisten = ["tcp:80", "udp:7", "tcp:81-82", "tcp:80", "tcp:1000-2000"]\n'
QUIET = 'name = "a"\nexec = "b"\n'
STATIC = NET + '[network]\naddress = "10.0.2.20/24"\n'


def parsed(text: str) -> manifest.Manifest:
    return manifest.parse(text.encode())


def taken(kind: socket.SocketKind) -> socket.socket:
    """A socket that has a port of its own."""
    holder = socket.socket(socket.AF_INET, kind)
    holder.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_STREAM:
        holder.listen(1)
    return holder


class ParseTest(unittest.TestCase):
    def test_takes_each_kind(self) -> None:
        self.assertEqual(network.parse("none"), network.Wanted("none"))
        self.assertEqual(network.parse("tap=tap0"), network.Wanted("tap", "tap0"))
        self.assertEqual(network.parse("socket=/tmp/a=b"), network.Wanted("socket", "/tmp/a=b"))
        self.assertEqual(network.parse("user,hostfwd=tcp:8080-:80,hostfwd=udp:0.0.0.0:0-:7,hostfwd=tcp::1-:2").forwards, (
            network.Forward("tcp", "127.0.0.1", 8080, 80), network.Forward("udp", "0.0.0.0", 0, 7), network.Forward("tcp", "127.0.0.1", 1, 2)))

    def test_refuses_what_it_does_not_know(self) -> None:
        for text in ("", "users", "none,x", "tap", "tap=", "socket=", "user,restrict=on", "user,hostfwd=80-:80", "user,hostfwd=tcp:80-80",
                     "user,hostfwd=tcp:65536-:80", "user,hostfwd=tcp:80-:0", "user,hostfwd=sctp:80-:80", "user,hostfwd=tcp:80-:80;x"):
            with self.subTest(text=text), self.assertRaisesRegex(BadInput, "^--net "):
                network.parse(text)

    def test_a_manifest_with_rules_has_a_network_and_others_have_none(self) -> None:
        self.assertEqual(network.usual(parsed(NET)).kind, "user")
        self.assertEqual(network.usual(parsed(QUIET)).kind, "none")
        self.assertEqual(network.usual(None).kind, "none")


class ChooseTest(unittest.TestCase):
    def test_every_port_that_is_listened_on_is_forwarded_once(self) -> None:
        chosen = network.choose(network.Wanted("user"), parsed(NET))
        self.assertEqual([(forward.protocol, forward.guest_port) for forward in chosen], [("tcp", 80), ("udp", 7), ("tcp", 81), ("tcp", 82)])
        self.assertTrue(all(forward.port > 0 and forward.host == "127.0.0.1" for forward in chosen))
        self.assertEqual(len({forward.port for forward in chosen if forward.protocol == "tcp"}), 3)

    def test_a_port_that_is_named_stays(self) -> None:
        with taken(socket.SOCK_STREAM) as holder:
            free = holder.getsockname()[1]
        wanted = network.Wanted("user", forwards=(network.Forward("tcp", "127.0.0.1", free, 80),))
        self.assertEqual(network.choose(wanted, parsed(NET))[0].port, free)
        self.assertEqual(len(network.choose(wanted, parsed(NET))), 4)
        self.assertEqual(len(network.choose(wanted, None)), 1)

    def test_a_taken_port_is_said_before_anything_starts(self) -> None:
        for protocol, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
            with taken(kind) as holder:
                port = holder.getsockname()[1]
                wanted = network.parse(f"user,hostfwd={protocol}:{port}-:7")
                with self.assertRaisesRegex(BadInput, f"^{protocol} port {port} of 127.0.0.1 is taken; another: --net user,hostfwd="):
                    network.choose(wanted, None)

    def test_two_runs_at_once_choose_different_ports(self) -> None:
        code = ("import sys; from rumpklib import network\n"
                "print(network.choose(network.Wanted('user', '', (network.Forward('tcp', network.HOST, 0, 80),)), None)[0].port, flush=True); sys.stdin.read()")
        with subprocess.Popen([sys.executable, "-c", code], cwd=support.ROOT / "tools", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdin and other.stdout
            port = int(other.stdout.readline())  # chosen, and not in use yet
            with self.assertRaisesRegex(BadInput, "is taken"):
                network.choose(network.Wanted("user", forwards=(network.Forward("tcp", network.HOST, port, 80),)), None)
            other.stdin.close()

    def test_the_usual_port_gives_way_where_it_is_taken(self) -> None:
        with socket.socket() as holder:
            try:
                holder.bind(("127.0.0.1", 8080))
                holder.listen(1)
            except OSError:
                pass  # somebody else has it: as well
            self.assertNotEqual(network.choose(network.Wanted("user"), parsed(NET))[0].port, 8080)

    def test_a_web_server_is_told_as_an_address_for_a_browser(self) -> None:
        self.assertEqual(network.Forward("tcp", "127.0.0.1", 8080, 80).told(), "http://127.0.0.1:8080/")
        self.assertEqual(network.Forward("tcp", "0.0.0.0", 8080, 80).told(), "http://127.0.0.1:8080/")
        self.assertEqual(network.Forward("udp", "127.0.0.1", 8007, 7).told(), "udp 127.0.0.1:8007 -> :7")


class ArgumentsTest(support.Case):
    FORWARDS = [network.Forward("tcp", "127.0.0.1", 8080, 80)]

    def made(self, how: str, text: str = NET, transport: str = "mmio", pcap: str | None = None) -> str:
        return " ".join(network.arguments(network.parse(how), self.FORWARDS, parsed(text), transport, pcap))

    def test_no_network_is_no_device(self) -> None:
        self.assertEqual(self.made("none"), "")

    def test_transports(self) -> None:
        self.assertIn("-global virtio-mmio.force-legacy=false -device virtio-net-device,netdev=net", self.made("user"))
        self.assertIn("-device virtio-net-pci,netdev=net,romfile=", self.made("user", transport="pci"))

    def test_forwards_lead_to_where_the_machine_is(self) -> None:
        self.assertIn("-netdev user,id=net,hostfwd=tcp:127.0.0.1:8080-:80 ", self.made("user"))
        self.assertIn(",hostfwd=tcp:127.0.0.1:8080-10.0.2.20:80 ", self.made("user", STATIC))

    def test_a_recording_is_of_the_wire(self) -> None:
        self.assertIn("-object filter-dump,id=dump,netdev=net,file=a,,b.pcap", self.made("user", pcap="a,b.pcap"))

    def test_the_first_of_two_guests_on_a_socket_serves_and_the_second_connects(self) -> None:
        path = self.folder / "wire"
        first = self.made(f"socket={path}")
        self.assertIn(f"-netdev stream,id=net,server=on,addr.type=unix,addr.path={path} ", first)
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            server.listen(1)
            second = self.made(f"socket={path}")
            self.assertIn(",server=off,", second)
        self.assertNotEqual(first.rpartition("mac=")[2], second.rpartition("mac=")[2])
        self.assertIn(",server=on,", self.made(f"socket={path}"))  # nobody is behind it any more
        path.write_text("mine")
        with self.assertRaisesRegex(BadInput, "is there, and no socket"):
            self.made(f"socket={path}")
        self.assertEqual(path.read_text(), "mine")

    def test_a_run_says_where_it_can_be_reached(self) -> None:
        arguments = argparse.Namespace(net=None, pcap=None, transport="mmio")
        with mock.patch("builtins.print") as said:
            made, _ = run._network(arguments, parsed(NET))
        self.assertTrue(said.call_args_list[0].args[0].startswith("http://127.0.0.1:"))
        self.assertIn("-netdev", made)

    def test_a_run_that_cannot_have_its_network_is_125_with_one_line(self) -> None:
        bundle = self.packed()
        image = self.folder / "image"
        image.write_bytes(bytes(56) + b"ARM\x64" + bytes(64))
        with taken(socket.SOCK_STREAM) as holder:
            port = holder.getsockname()[1]
            status, out, error = self.rumpk("run", bundle, "--image", image, "--net", f"user,hostfwd=tcp:{port}-:80")
        self.assertEqual((status, out), (125, ""))
        self.assertRegex(error, f"^rumpk: run: tcp port {port} of 127.0.0.1 is taken; .*\n$")
        self.assertRegex(self.rumpk("run", bundle, "--image", image, "--net", "wifi")[2], "^rumpk: run: --net wifi: must be ")
        self.assertRegex(self.rumpk("run", bundle, "--image", image, "--pcap", "x")[2], "^rumpk: run: --pcap: there is no network")


if __name__ == "__main__":
    unittest.main()
