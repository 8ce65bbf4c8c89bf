#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Bad input ends with exit status 2 and exactly one line on stderr that names what is wrong.

bad-input.py XDPK_REPLAY MAKE_CAPTURE SAMPLES_FOLDER BAD_OBJECTS_FOLDER
"""
import os
import random
import struct
import subprocess
import sys
import tempfile

import pcapfile
from replay import run

CUT_EVERY, FLIPS = 64, 500


def with_bad_relocation(obj):
    """The object with the type of the first relocation of its program made unknown."""
    sections, = struct.unpack_from("<Q", obj, 0x28)
    size, count, names = struct.unpack_from("<HHH", obj, 0x3a)
    header = lambda i: struct.unpack_from("<IIQQQQIIQQ", obj, sections + i * size)
    strings = header(names)[4]
    for i in range(count):
        name, kind, _, _, offset = header(i)[:5]
        name = obj[strings + name:obj.index(b"\0", strings + name)]
        if kind == 9 and name == b".relxdp":  # SHT_REL
            return obj[:offset + 8] + struct.pack("<I", 99) + obj[offset + 12:]
    raise AssertionError("the object has no relocations in section xdp")


class Cases:
    def __init__(self, replay, folder):
        self.replay, self.folder, self.n = replay, folder, 0

    def file(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def refused(self, what, says, *args):
        """Every text of `says` is in the one line on stderr."""
        done = run(self.replay, *args)
        lines = done.stderr.splitlines()
        told = f"{what}: exit {done.returncode}, stderr: {done.stderr!r}"
        assert done.returncode == 2, told
        assert len(lines) == 1 and done.stderr.endswith("\n"), told
        assert not done.stdout, told
        for text in says:
            assert text in lines[0], f"{told}: does not say {text!r}"
        self.n += 1


def check_options(c, program, capture):
    c.refused("unknown engine", ["'warp'"], "--engine", "warp", program, capture)
    c.refused("engine among others", ["'warp'"], "--engine", "interp,warp", program, capture)
    c.refused("engine twice", ["interp"], "--engine", "interp,interp", program, capture)
    c.refused("empty engine", ["''"], "--engine", "interp,", program, capture)
    c.refused("unknown option", ["--frobnicate"], "--frobnicate", program, capture)
    c.refused("unknown short option", ["-Q"], "-Q", program, capture)
    c.refused("no argument", ["--prog"], program, capture, "--prog")
    c.refused("no capture", ["capture"], program)
    c.refused("too many files", ["capture"], program, capture, capture)
    c.refused("repeat 0", ["--repeat", "'0'"], "--repeat", "0", program, capture)
    c.refused("repeat word", ["'many'"], "--repeat", "many", program, capture)
    c.refused("ifindex", ["--ifindex"], "--ifindex", "-1", program, capture)
    c.refused("drop leaves nowhere", ["drop"], "-w", "drop=x.pcap", program, capture)
    c.refused("output", ["/nonexistent/x"], "-e", "interp", "-w", "/nonexistent/x", program,
              capture)


def check_captures(c, program, capture):
    with open(capture, "rb") as f:
        whole = f.read()
    first, = struct.unpack_from("<I", whole, 32)
    second = pcapfile.FILE_HEADER + pcapfile.RECORD_HEADER + first
    for cut, packet in ((second + 7, 2), (second + 16 + 3, 2), (second - 1, 1)):
        path = c.file("cut.pcap", whole[:cut])
        c.refused(f"capture cut at {cut}", [path, f"packet {packet}:"], program, path)
    for name, content in (("empty", b""), ("text", b"not a capture\n" * 10),
                          ("header", whole[:20])):
        path = c.file(name, content)
        c.refused(f"capture: {name}", [path], program, path)
    ng = os.path.join(c.folder, "cut.pcapng")
    pcapfile.write_pcapng(ng, pcapfile.records(capture)[:3])
    os.truncate(ng, os.path.getsize(ng) - 20)
    c.refused("pcapng cut", [ng, "packet 3:"], program, ng)
    pcapfile.write(os.path.join(c.folder, "raw.pcap"), [b"\x45" * 60], link_type=101)
    c.refused("link type", ["raw.pcap", "Ethernet"], program, os.path.join(c.folder, "raw.pcap"))
    c.refused("no such capture", ["/nonexistent.pcap"], program, "/nonexistent.pcap")


def check_texts(c, program, capture):
    for line, says in ((b"1 fly\n", "'fly'"), (b"x drop\n", "'x'"), (b"0 drop\n", "'0'"),
                       (b"999999 drop\n", "999999"), (b"1 drop\n1 drop\n", "already"),
                       (b"1 drop 0g\n", "'0g'"), (b"1 drop = =\n", "more"), (b"1\n", "verdict")):
        path = c.file("expect", b"# comment\n\n" + line)
        number = 2 + line.count(b"\n")
        c.refused(f"expect {line}", [f"{path}:{number}", says], "-x", path, program, capture)
    for line in (b"map update nowhere key 1 value 1\n", b"map frobnicate\n",
                 b"rodata set nothing 1\n", b"rodata set default_verdict 0x1ffffffff\n",
                 b"map update rules key 1 2 3 value 1 0 0 0\n"):
        path = c.file("init", b"# comment\n" + line)
        c.refused(f"init {line}", [f"{path}:2"], "-i", path, program, capture)
    c.refused("no such init", ["/nonexistent"], "-i", "/nonexistent", program, capture)


def check_objects(c, program, capture, bad):
    with open(program, "rb") as f:
        whole = f.read()
    here = lambda name: os.path.join(bad, name + ".bpf.o")
    c.refused("not an ELF", ["text.o"], c.file("text.o", b"int main;\n" * 100), capture)
    c.refused("empty object", ["empty.o"], c.file("empty.o", b""), capture)
    c.refused("no such object", ["/nonexistent.o"], "/nonexistent.o", capture)
    c.refused("a folder", [c.folder], c.folder, capture)
    c.refused("unknown program", ["xdp_nobody", "xdp_firewall"], "-p", "xdp_nobody", program,
              capture)
    c.refused("big-endian", ["big-endian"], here("big-endian"), capture)
    c.refused("no XDP program", ["no-program"], here("no-program"), capture)
    c.refused("map type", ["map-type", "traces", "stack_trace"], here("map-type"), capture)
    c.refused("map memory", ["huge"], here("map-memory"), capture)
    c.refused("helper", ["bpf_skb_vlan_pop"], here("helper"), capture)
    c.refused("rejected", ["rejected.bpf.c:12"], here("rejected"), capture)
    c.refused("relocation", ["relocation", "99"],
              c.file("relocation.o", with_bad_relocation(whole)), capture)


def check_log(c, capture, bad):
    """The verifier's log comes where it is asked for, before the line that says why."""
    done = run(c.replay, "--log", os.path.join(bad, "rejected.bpf.o"), capture)
    lines = done.stderr.splitlines()
    assert done.returncode == 2 and len(lines) > 1, done.stderr
    assert lines[-1].startswith("xdpk-replay: ") and "rejected.bpf.c:12" in lines[-1], done.stderr


def check_damage(c, program, few):
    """Cut objects are refused; flipped ones may work, but nothing crashes."""
    with open(program, "rb") as f:
        whole = f.read()
    for at in range(0, len(whole), CUT_EVERY):
        c.refused(f"cut at {at}", [], "-e", "interp", c.file("cut.o", whole[:at]), few)
    rng = random.Random(1)
    for i in range(FLIPS):
        at, bit = rng.randrange(len(whole)), 1 << rng.randrange(8)
        flipped = whole[:at] + bytes([whole[at] ^ bit]) + whole[at + 1:]
        done = run(c.replay, "-e", "interp", c.file("flipped.o", flipped), few)
        told = f"bit {bit:#x} of byte {at}: exit {done.returncode}: {done.stderr}"
        assert done.returncode in (0, 2), told
        assert len(done.stderr.splitlines()) == (done.returncode == 2), told
    print(f"{len(range(0, len(whole), CUT_EVERY))} cuts and {FLIPS} flips survived")


def main():
    replay, make_capture, samples, bad = sys.argv[1:5]
    program = os.path.join(samples, "firewall.bpf.o")
    with tempfile.TemporaryDirectory() as folder:
        c = Cases(replay, folder)
        capture, few = os.path.join(folder, "in.pcap"), os.path.join(folder, "few.pcap")
        subprocess.run([make_capture, capture], check=True)
        subprocess.run([make_capture, few, "--kind", "tcp", "--count", "10"], check=True)
        check_options(c, program, capture)
        check_captures(c, program, capture)
        check_texts(c, program, capture)
        check_objects(c, program, capture, bad)
        check_log(c, capture, bad)
        check_damage(c, program, few)
        print(f"{c.n} bad inputs refused")


main()
