# SPDX-License-Identifier: BSD-3-Clause
"""xdp-filter's programs, as Debian ships them, and rules for them that some packets match."""
import os
import subprocess

# Bits of a rule's value: which side of the packet it is about, which protocol.
SRC, DST, TCP, UDP = 1, 2, 4, 8

# Keys in the order of the packets' bytes; the capture's flows are described in packets.h.
RULES = {
    "filter_ports": [("0 53 0 0", DST | TCP | UDP), ("4 1 0 0", SRC | TCP | UDP)],
    "filter_ipv4": [("10 0 0 2", SRC), ("192 0 2 4", DST)],
    "filter_ipv6": [("hex 20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 02", SRC),
                    ("hex 20 01 0d b8 00 01 00 00 00 00 00 00 00 00 00 04", DST)],
    "filter_ethernet": [("2 0 0 0 0 5", SRC), ("2 0 0 0 255 2", DST)],
}


def objects():
    """Debian splits xdp-tools: the tools are in one package, their programs in libxdp1."""
    found = []
    for package in ("xdp-tools", "libxdp1"):
        try:
            listed = subprocess.run(["dpkg", "-L", package], capture_output=True, text=True)
        except FileNotFoundError:
            continue
        found += [f for f in listed.stdout.splitlines()
                  if os.path.basename(f).startswith("xdpfilt_") and f.endswith(".o")]
    return sorted(found)


def write_rules(path, maps):
    with open(path, "w", encoding="ascii") as out:
        for name in maps:
            for key, flags in RULES.get(name, []):
                print(f"map update {name} key {key} value {flags} 0 0 0 0 0 0 0"
                      if not key.startswith("hex") else
                      f"map update {name} key {key} value hex {flags:02x} 00 00 00 00 00 00 00",
                      file=out)
