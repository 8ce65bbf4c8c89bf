#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Samples with much work for a packet do what their descriptions say, as models written here have
it, and the same on every engine.

payload.py XDPK_REPLAY ENGINES CONFIGS OBJECTS SUBJECT     scan, mix or route
"""
import os
import random
import struct
import subprocess
import sys
import tempfile

import pcapfile
from replay import assert_engines_agree, report

TCP, UDP = 6, 17
HEADERS = 14 + 20 + 8  # of UDP over IPv4
LONGEST = 1514 - HEADERS
COVERAGE = 40  # percent: these packets are all of two kinds


def frame(protocol, daddr, dport, payload, ident=0):
    """TCP or UDP over IPv4 from 10.0.0.1, without checksums of those."""
    if protocol == UDP:
        l4 = struct.pack("!HHHH", 1024, dport, 8 + len(payload), 0)
    else:
        l4 = struct.pack("!HHIIBBHHH", 1024, dport, 1, 1, 0x50, 0x18, 65535, 0, 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(l4) + len(payload), ident, 0, 64, protocol,
                     0, bytes([10, 0, 0, 1]), daddr)
    return bytes.fromhex("020000000002 020000000001 0800") + ip + l4 + payload


class Fixture:
    def __init__(self, replay, engines, configs, objects, subject, folder):
        self.replay, self.engines, self.configs = replay, engines.split(","), configs
        self.object = os.path.join(objects, subject + ".bpf.o")
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def generate(self, script, argument):
        """The control lines that a script of configs/ makes."""
        out = self.path("made.init")
        with open(out, "w", encoding="ascii") as file:
            subprocess.run([os.path.join(self.configs, script), argument], stdout=file, check=True)
        return out

    def run(self, init, packets, *options):
        """All engines agree about the packets; what one of them reports."""
        capture = self.path("in.pcap")
        pcapfile.write(capture, packets)
        args = ["--init", init, self.object, capture]
        assert_engines_agree(self.replay, args, self.engines, COVERAGE)
        return report(self.replay, "--engine", self.engines[-1], "-v", "--dump-maps", *options,
                      *args)[1]


# --- scan: signatures are searched one by one --------------------------------------------------

VERDICTS = ("drop", "pass", "tx")


def first_found(payload, signatures):
    """The number of the one that ends first, of those the longest; None: there is none."""
    ends = []
    for number, (_, signature) in enumerate(signatures):
        at = payload.find(signature)
        if at >= 0:
            ends.append((at + len(signature), -len(signature), number))
    return min(ends)[2] if ends else None


def make_payload(chance, signatures, length):
    """Letters of which signatures are made, so that many begin and few end."""
    payload = bytearray(chance.choice(b"abc\x00") for _ in range(length))
    if chance.random() < 0.3:
        payload = bytearray(b"-" * length)
        _, signature = chance.choice(signatures)
        at = chance.randrange(length)
        payload[at:at + len(signature)] = signature
    return bytes(payload[:length])


def test_scan(f):
    chance = random.Random(1)
    signatures = [(chance.choice(VERDICTS), bytes(chance.choice(b"abc\x00") for _ in range(n)))
                  for n in (3, 4, 5, 5, 6, 6, 7, 8, 12, 20) for _ in range(3)]
    signatures += [("drop", b"abcabcabcabd"), ("tx", b"cabcabd"), ("pass", b"- -")]
    with open(f.path("list"), "w", encoding="ascii") as file:
        for verdict, signature in signatures:
            print(verdict, "".join(f"\\x{b:02x}" for b in signature), file=file)

    packets, expected = [], []
    for n in range(1200):
        protocol = (UDP, TCP)[n % 2]
        length = chance.choice((1, 2, 7, 40, 300, LONGEST - 12))
        payload = make_payload(chance, signatures, length)
        packets.append(frame(protocol, bytes([192, 0, 2, 1]), 80, payload))
        expected.append(first_found(payload, signatures))
    assert 300 < sum(e is not None for e in expected) < 1100

    r = f.run(f.generate("scan.py", f.path("list")), packets)
    for n, (want, got) in enumerate(zip(expected, r["packet_list"], strict=True)):
        verdict = "pass" if want is None else signatures[want][0]
        assert got["verdict"] == verdict, f"packet {n}: {got['verdict']}, not {verdict}"
    found, = (m for m in r["maps"] if m["name"] == "found")
    for entry in found["entries"]:
        number, = struct.unpack("<I", bytes.fromhex(entry["key"]))
        counted = struct.unpack("<QQ", bytes.fromhex(entry["value"]))
        mine = [len(p) for p, e in zip(packets, expected) if e == number]
        assert counted == (len(mine), sum(mine)), f"signature {number}: {counted}"


# --- mix: RFC 8439 -----------------------------------------------------------------------------

def chacha20_block(key, counter, nonce):
    def rotate(x, bits):
        return (x << bits | x >> (32 - bits)) & 0xffffffff

    def quarter(a, b, c, d):
        for to, add, turn, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            x[to] = x[to] + x[add] & 0xffffffff
            x[turn] = rotate(x[turn] ^ x[to], bits)

    first = struct.unpack("<16I", b"expand 32-byte k" + key + struct.pack("<I", counter) + nonce)
    x = list(first)
    for _ in range(10):
        for i in range(4):
            quarter(i, 4 + i, 8 + i, 12 + i)
        for i in range(4):
            quarter(i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4)
    return struct.pack("<16I", *(a + b & 0xffffffff for a, b in zip(x, first)))


def enciphered(packet, key):
    ident, saddr, daddr = packet[18:20], packet[26:30], packet[30:34]
    counter, = struct.unpack("<I", bytes(2) + ident)
    payload = packet[HEADERS:]
    stream = b"".join(chacha20_block(key, counter + i, saddr + daddr + packet[34:38])
                      for i in range(len(payload) // 64 + 1))
    return packet[:40] + bytes(2) + bytes(a ^ b for a, b in zip(payload, stream))


def test_mix(f):
    key, server, other = bytes(range(32)), bytes([192, 0, 2, 1]), bytes([192, 0, 2, 9])
    vector = chacha20_block(key, 1, bytes.fromhex("000000090000004a00000000"))  # section 2.3.2
    assert vector.hex().startswith("10f1e7e4d13b5915500fdd1fa32071c4")

    chance = random.Random(2)
    lengths = [*range(18, 150), 1000, *range(LONGEST - 64, LONGEST + 1), 2048]
    packets = [frame(UDP, server, 53, chance.randbytes(n), ident=n) for n in lengths]
    packets += [frame(UDP, other, 53, bytes(100)), frame(TCP, server, 53, bytes(100))]
    for i in range(len(lengths)):  # as if there had been a checksum
        packets[i] = packets[i][:40] + b"\xab\xcd" + packets[i][42:]
    expected = [enciphered(p, key) for p in packets[:-2]] + packets[-2:]
    init, out = os.path.join(f.configs, "mix.init"), f.path("out.pcap")

    r = f.run(init, packets, "-w", out)
    assert {p["verdict"] for p in r["packet_list"]} == {"pass"}
    assert pcapfile.records(out) == expected
    f.run(init, expected, "-w", out)
    assert [p[HEADERS:] for p in pcapfile.records(out)] == [p[HEADERS:] for p in packets]

    r = f.run(init, [frame(UDP, server, 53, bytes(2049))])
    assert r["packet_list"][0]["verdict"] == "drop", "longer than it enciphers"


# --- route: prefixes are tried from the longest ------------------------------------------------

def test_route(f):
    count = 20000
    sys.path.insert(0, f.configs)
    from routes import routes  # pylint: disable=import-outside-toplevel

    table = {(network, length): hop for network, length, hop in routes(count)}
    assert len(table) == count, "a route is there twice"
    chance = random.Random(3)
    known = list(table)
    packets, expected = [], []
    for n in range(4000):
        address = chance.getrandbits(32)
        if n % 2:
            network, length = chance.choice(known)
            address = network | address & ~(~0 << (32 - length))
        packets.append(frame(UDP, address.to_bytes(4, "big"), 53, bytes(20)))
        expected.append(next((table[route] for length in range(32, -1, -1)
                              if (route := (address & ~0 << (32 - length), length)) in table), None))
    assert 1000 < sum(e is None for e in expected) < 2000

    out = f.path("out.pcap")
    r = f.run(f.generate("routes.py", str(count)), packets, "-w", f"redirect={out}")
    for n, (hop, got) in enumerate(zip(expected, r["packet_list"], strict=True)):
        assert got["verdict"] == ("pass" if hop is None else "redirect"), f"packet {n}"
    hops = [h for h in expected if h is not None]
    assert [p[:12] for p in pcapfile.records(out)] == [
        bytes([2, 0, 0, 0, 1, h, 2, 0, 0, 0, 2, h]) for h in hops]


def main():
    subject = sys.argv[5]
    with tempfile.TemporaryDirectory() as folder:
        globals()["test_" + subject](Fixture(*sys.argv[1:6], folder))
    print(f"ok {subject}")


main()
