#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Control lines for route.bpf.c: any number of routes, up to eleven million, with prefixes of many
lengths. routes.py N > routes.init

The same number gives the same routes. Networks of a length lie about as far from each other as
they can: the j-th is j times the golden ratio, of which the first bits are taken (and so no two are
the same). Half of all routes have 24 bits, as in tables of the Internet; a tenth have more.
"""
import sys

GOLDEN = 0x9e3779b1  # 2^32 over the golden ratio
LENGTHS = (24, 23, 24, 22, 24, 24, 32, 24, 23, 24, 21, 24, 22, 24, 24, 28, 24, 23, 24, 22)
HOPS = 64
MAX_ROUTES = 11_000_000


def routes(count):
    """Network, length and next hop of each."""
    made = dict.fromkeys(LENGTHS, 0)  # of that length
    for i in range(count):
        length = LENGTHS[i % len(LENGTHS)]
        address = made[length] * GOLDEN & 0xffffffff
        made[length] += 1
        yield address & ~0 << (32 - length), length, i % HOPS


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdigit() or not 0 < int(sys.argv[1]) <= MAX_ROUTES:
        sys.exit(f"usage: routes.py N, 1 to {MAX_ROUTES}")
    count = int(sys.argv[1])
    print(f"map resize routes max_entries {count}")
    for hop in range(HOPS):
        print(f"map update hops key {hop} 0 0 0  value {1 + hop} 0 0 0  "
              f"2 0 0 0 1 {hop}  2 0 0 0 2 {hop}")
    for network, length, hop in routes(count):
        print(f"map update routes key {length} 0 0 0 ", *network.to_bytes(4, "big"),
              f" value {hop} 0 0 0")


if __name__ == "__main__":
    main()
