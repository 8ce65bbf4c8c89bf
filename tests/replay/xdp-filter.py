#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The programs of xdp-filter, as Debian ships them, do the same on every engine, with rules that
some of the packets match.

xdp-filter.py XDPK_REPLAY MAKE_CAPTURE ENGINES
"""
import os
import subprocess
import sys
import tempfile

from filter_rules import objects, write_rules
from replay import SKIP, assert_engines_agree, report


def main():
    replay, make_capture, engines = sys.argv[1:4]
    programs = objects()
    if not programs:
        print("SKIP: no package has xdpfilt_*.o: apt install xdp-tools")
        sys.exit(SKIP)
    with tempfile.TemporaryDirectory() as folder:
        capture, init = os.path.join(folder, "mix.pcap"), os.path.join(folder, "rules.init")
        subprocess.run([make_capture, capture], check=True)
        for program in programs:
            _, r = report(replay, "--engine", "interp", "--dump-maps", program, capture)
            write_rules(init, [m["name"] for m in r["maps"]])
            assert_engines_agree(replay, ["--init", init, program, capture],
                                 engines.split(","), 80)
    print(f"{len(programs)} programs agree")


main()
