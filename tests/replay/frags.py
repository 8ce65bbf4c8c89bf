#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Packets longer than a page: whole on every engine and in the kernel for programs that take
fragments, left out for others.

frags.py XDPK_REPLAY ENGINES OBJECT
"""
import os
import random
import struct
import sys
import tempfile

import pcapfile
from replay import assert_engines_agree, report

LINEAR, PAGE, FRAGMENTS = 3520, 4096, 17
LONGEST = LINEAR + FRAGMENTS * PAGE
SEAMS = [LINEAR + i * PAGE for i in range(FRAGMENTS + 1)]


def place(rng, size):
    """Somewhere in the packet, at a seam, around its end, or where no packet is."""
    near = rng.choice(SEAMS[:1 + size // PAGE] + [size])
    return rng.choice([rng.randrange(size), max(0, near - rng.randrange(80)), near,
                       rng.choice([0xffff - 10, 0xffff, 0x10000, LONGEST, 1 << 31])])


def growth(rng, size):
    return rng.choice([0, 1, 100, 4096, -1, -100, -(size // 2), -(size - LINEAR),
                       -(size - LINEAR) - 30, -(size % PAGE), 14 - size, 13 - size,
                       rng.randrange(-size, PAGE), -(1 << 31)])


def packet(rng, size):
    event = rng.choice([0, 0, 0, rng.randrange(2 * PAGE)])  # a burst's find room together
    orders = struct.pack("<IIIIiiI", *(place(rng, size) for _ in range(4)),
                         growth(rng, size), growth(rng, size), event)
    return (bytes(14) + orders + rng.randbytes(size))[:size]


def packets(rng):
    sizes = [14, 60, 64, LINEAR - 1, LINEAR, *(s + d for s in SEAMS for d in (-1, 0, 1)), 9014, 65535]
    sizes = [s for s in sizes if s <= LONGEST]
    return [packet(rng, s) for s in sizes + [rng.randrange(100, LONGEST) for _ in range(300)]]


def main():
    replay, engines, program = sys.argv[1], sys.argv[2].split(","), sys.argv[3]
    with tempfile.TemporaryDirectory() as folder:
        capture, out = os.path.join(folder, "in.pcap"), os.path.join(folder, "out.pcap")
        sent = packets(random.Random(3))
        pcapfile.write(capture, sent)
        assert_engines_agree(replay, ["--prog", "xdp_frags", program, capture], engines, 95)

        # What leaves is written whole.
        pcapfile.write(capture, [*sent, bytes(LONGEST + 1)])
        _, r = report(replay, "--engine", "interp", "-w", out, "--prog", "xdp_frags_tail", program,
                      capture)
        assert (r["packets"], r["too_long"]) == (len(sent), 1)
        assert pcapfile.records(out) == [p[:-100] for p in sent if len(p) >= 114]

        _, r = report(replay, "--engine", "interp", "--prog", "xdp_linear", program, capture)
        assert r["packets"] == sum(len(p) <= LINEAR for p in sent)


if __name__ == "__main__":
    main()
