#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The options of xdpk-bench do what --help says; how fast anything is, is not looked at.

options.py XDPK_BENCH
"""
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

BENCH = sys.argv[1]
SHORT = ("--quick", "--repetitions", "3", "--packets", "512")


def run(*args, status=0):
    done = subprocess.run([BENCH, *args], capture_output=True, text=True)
    assert done.returncode == status, f"{args}: exit {done.returncode}: {done.stderr}"
    return done


def figures(*args):
    report = json.loads(run(*SHORT, "-j", *args).stdout)
    return {(f["workload"], f["engine"]): f for f in report["figures"] if f["kind"] == "as it is"}


def test_workloads_and_engines_are_chosen():
    found = figures("swap", "count", "--engines", "native,interp")
    assert set(found) == {(w, e) for w in ("swap", "count") for e in ("native", "interp")}
    assert all(f["ns_per_packet"] > 0 for f in found.values())


def test_ratios_are_of_the_same_repetitions():
    found = figures("swap", "--engines", "native,interp")
    to_native = found["swap", "interp"]["ratio_to"]["native"]
    to_interp = found["swap", "native"]["ratio_to"]["interp"]
    assert found["swap", "native"]["ratio_to"]["native"] == 1
    assert abs(to_native * to_interp - 1) < 1e-3


def test_launches_are_merged():
    found = figures("drop", "--launches", "3", "--engines", "native,interp")
    assert {e for w, e in found if w == "drop"} == {"native", "interp"}


def test_the_table_has_what_json_has():
    lines = run(*SHORT, "swap", "--engines", "native,interp").stdout.splitlines()
    head = next(i for i, line in enumerate(lines) if line.split()[:2] == ["native", "interp"])
    name, native, interp = lines[head + 1].split()
    assert name == "swap" and 0 < float(native) < float(interp)


def test_a_limit_that_is_not_kept_fails():
    if "llvm" in run("--list").stdout.split():
        run(*SHORT, "swap", "--engines", "native,llvm", "--limit", "0.01", status=1)
        run(*SHORT, "swap", "--engines", "native,llvm", "--limit", "1000")


def test_plot():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "plot.svg")
        run(*SHORT, "swap", "--engines", "native,interp", "--svg", path)
        texts = [t.text for t in xml.etree.ElementTree.parse(path).iter() if t.tag.endswith("text")]
    assert "swap" in texts and "native" in texts and "interp" in texts and "llvm" not in texts


def test_what_there_is_not():
    assert "no workload nothing" in run("nothing", status=2).stderr
    assert "no engine nothing" in run("--engines", "nothing", status=2).stderr
    run("--repetitions", "0", status=2)


for name, test in list(globals().items()):
    if name.startswith("test_"):
        test()
        print(name, "ok")
