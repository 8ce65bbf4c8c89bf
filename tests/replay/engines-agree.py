#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A program does the same on every engine, over packets that reach most of it."""
import argparse
import os
import subprocess
import tempfile

from replay import assert_engines_agree

parser = argparse.ArgumentParser()
parser.add_argument("--prog", help="not the first of the object")
parser.add_argument("replay", help="xdpk-replay")
parser.add_argument("make_capture")
parser.add_argument("engines", help="those that must run here, separated by commas")
parser.add_argument("object")
parser.add_argument("init", nargs="?")
a = parser.parse_args()

args = [*(["--prog", a.prog] if a.prog else []), *(["--init", a.init] if a.init else [])]
with tempfile.TemporaryDirectory() as folder:
    capture = os.path.join(folder, "mix.pcap")
    subprocess.run([a.make_capture, capture], check=True)
    assert_engines_agree(a.replay, [*args, a.object, capture], a.engines.split(","), 80)
