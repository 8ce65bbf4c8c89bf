#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The options of xdpk-replay do what --help says.

options.py XDPK_REPLAY MAKE_CAPTURE SAMPLES_FOLDER INIT_FOLDER LEGACY_MAPS.o
"""
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

import pcapfile
from replay import report, run

INTERP = ("--engine", "interp")
LEAVES = ("pass", "tx", "redirect")


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xffff)
    return total


class Fixture:
    def __init__(self, replay, folder, capture, samples, inits, legacy_maps):
        self.replay, self.folder, self.capture = replay, folder, capture
        self.samples, self.inits, self.legacy_maps = samples, inits, legacy_maps
        self.packets = pcapfile.records(capture)

    def path(self, name):
        return os.path.join(self.folder, name)

    def sample(self, name):
        return os.path.join(self.samples, name + ".bpf.o")

    def init(self, name):
        return os.path.join(self.inits, name + ".init")

    def firewall(self, *args):
        return report(self.replay, *INTERP, "--init", self.init("firewall"), *args,
                      self.sample("firewall"), self.capture)


def test_output_is_what_the_program_made(f):
    """mac-swap and encap, done again here."""
    out = f.path("tx.pcap")
    report(f.replay, *INTERP, "-w", f"tx={out}", f.sample("mac-swap"), f.capture)
    assert pcapfile.records(out) == [p[6:12] + p[:6] + p[12:] for p in f.packets]

    report(f.replay, *INTERP, "--init", f.init("encap-200"), "-w", f"tx={out}",
           f.sample("encap"), f.capture)
    inner = [p for p in f.packets if p[12:14] in (b"\x08\x00", b"\x86\xdd")]
    made = pcapfile.records(out)
    assert len(made) == len(inner) > 0
    for p, q in zip(inner, made):
        assert len(q) == len(p) + 200 and q[214:] == p[14:] and not any(q[34:214])
        assert q[:14] == p[6:12] + p[:6] + b"\x08\x00" and checksum(q[14:34]) == 0xffff
        assert struct.unpack_from("!H", q, 16)[0] == len(q) - 14


def test_outputs_by_verdict(f):
    files = {v: f.path(v + ".pcap") for v in LEAVES}
    everything = f.path("all.pcap")
    args = [a for v in LEAVES for a in ("-w", f"{v}={files[v]}")]
    _, r = f.firewall(*args, "-w", everything, "--verbose")
    counts = r["engines"][0]["verdicts"]
    assert counts["pass"] and counts["tx"] and counts["drop"]
    for verdict in LEAVES:
        assert len(pcapfile.records(files[verdict])) == counts[verdict], verdict
    left = [f.packets[p["packet"] - 1] for p in r["packet_list"] if p["verdict"] in LEAVES]
    assert pcapfile.records(everything) == left
    assert sum(counts.values()) == len(f.packets) == r["packets"]


def test_expectations(f):
    path = f.path("expect")
    args = (*INTERP, f.sample("mac-swap"), f.capture)
    status, _ = report(f.replay, "--write-expect", path, *args)
    assert status == 0
    with open(path, encoding="ascii") as file:
        lines = file.read().splitlines()
    assert len(lines) == 1 + len(f.packets)
    status, r = report(f.replay, "--expect", path, *args)
    assert status == 0 and not r["differences"]

    def differences(changed):
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(changed) + "\n")
        status, r = report(f.replay, "--expect", path, *args)
        assert status == (1 if r["differences"] else 0)
        return [(d["packet"], d["what"], d["got"], d["want"]) for d in r["differences"]]

    third = lines[3].split()
    flipped = f"{third[2][:20]}{int(third[2][20], 16) ^ 1:x}{third[2][21:]}"
    assert differences([*lines[:3], f"3 drop {third[2]}"]) == [(3, "verdict", "tx", "drop")]
    assert [d[:2] for d in differences([f"3 tx {flipped}"])] == [(3, "byte 10")]
    assert [d[:2] for d in differences([f"3 tx {third[2]}00"])] == [(3, "length")]
    assert [d[:2] for d in differences(["3 tx ="])] == [(3, "byte 4")]
    assert differences(["3 tx", "# comment", "", "5 3"]) == []


def test_maps_are_dumped(f):
    _, r = f.firewall("--dump-maps")
    maps = {m["name"]: m for m in r["maps"]}
    assert maps["counters"]["type"] == "percpu_array" and maps["rules"]["type"] == "hash"
    counted = {}
    for e in maps["counters"]["entries"]:
        key, = struct.unpack("<I", bytes.fromhex(e["key"]))
        counted[key] = struct.unpack("<QQ", bytes.fromhex(e["value"]))
        assert e["typed"] == {"key": key, "value": dict(zip(("packets", "bytes"), counted[key]))}, e
    verdicts = r["engines"][0]["verdicts"]
    for key, name in enumerate(("aborted", "drop", "pass", "tx", "redirect")):
        assert counted.get(key, (0, 0))[0] == verdicts[name], name
    assert sum(octets for _, octets in counted.values()) == sum(map(len, f.packets))


def test_init_sets_rodata(f):
    init = f.path("drop.init")
    with open(init, "w", encoding="ascii") as file:
        file.write("rodata set default_verdict 1\n")
    _, r = report(f.replay, *INTERP, "--init", init, f.sample("firewall"), f.capture)
    assert r["engines"][0]["verdicts"]["drop"] == len(f.packets)


def test_packets_left_out(f):
    odd = f.path("odd.pcap")
    good = f.packets[0]
    pcapfile.write(odd, [good[:13], good, good + bytes(3520 - len(good)),
                         good + bytes(3521 - len(good)), good])
    _, r = report(f.replay, *INTERP, "-v", f.sample("count"), odd)
    assert (r["too_short"], r["too_long"], r["packets"]) == (1, 1, 3)
    assert [p["packet"] for p in r["packet_list"]] == [2, 3, 5]


def test_text_says_what_the_report_says(f):
    args = (*INTERP, "--init", f.init("firewall"), "--coverage", f.sample("firewall"), f.capture)
    _, r = report(f.replay, *args)
    done = run(f.replay, *args, "--verbose", "--repeat", "3")
    assert done.returncode == 0 and not done.stderr, done.stderr
    for verdict in ("aborted", "drop", "pass", "tx", "redirect"):
        shown = re.search(rf"^{verdict} +(\d+)$", done.stdout, re.M)
        assert int(shown[1]) == r["engines"][0]["verdicts"][verdict], verdict
    c = r["coverage"]
    assert f"coverage: {c['hit']} of {c['reachable']} reachable instructions" in done.stdout
    assert 0 < c["hit"] <= c["reachable"]
    assert any("firewall.bpf.c" in l["file"] and l["hits"] == len(f.packets) for l in c["lines"])
    assert len(re.findall(r"^ *\d+ +\d+ bytes  ", done.stdout, re.M)) == len(f.packets)
    assert "median of 2 passes" in done.stdout and "no differences" in done.stdout


def test_program_by_name(f):
    _, r = report(f.replay, *INTERP, "--prog", "xdp_firewall", f.sample("firewall"), f.capture)
    assert r["program"] == "xdp_firewall"


def test_pcapng(f):
    out, same = f.path("tx.pcap"), f.path("in.pcapng")
    pcapfile.write_pcapng(same, f.packets)
    report(f.replay, *INTERP, "-w", out, f.sample("mac-swap"), same)
    assert pcapfile.records(out) == [p[6:12] + p[:6] + p[12:] for p in f.packets]


def test_empty_capture(f):
    empty = f.path("empty.pcap")
    pcapfile.write(empty, [])
    status, r = report(f.replay, *INTERP, "--repeat", "2", f.sample("mac-swap"), empty)
    assert status == 0 and r["packets"] == 0 and not any(r["engines"][0]["verdicts"].values())


def test_standard_input_and_output(f):
    """Packets alone are on standard output then: another program reads them."""
    with open(f.capture, "rb") as capture:
        done = subprocess.run([f.replay, *INTERP, "-w", "tx=-", f.sample("mac-swap"), "-"],
                              stdin=capture, capture_output=True)
    assert done.returncode == 0, done.stderr
    out = f.path("out.pcap")
    with open(out, "wb") as file:
        file.write(done.stdout)
    assert pcapfile.records(out) == [p[6:12] + p[:6] + p[12:] for p in f.packets]
    assert b"no differences" in done.stderr


def test_report_that_cannot_be_written(f):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([f.replay, *INTERP, f.sample("mac-swap"), f.capture], stdout=full,
                              stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done
    assert "the report cannot be written" in done.stderr, done.stderr


def test_ifindex(f):
    for args, ifindex in (((), 1), (("--ifindex", "7"), 7)):
        _, r = report(f.replay, *INTERP, *args, "--dump-maps", "--prog", "xdp_legacy",
                      f.legacy_maps, f.capture)
        data, = (m for m in r["maps"] if m["name"].endswith(".data"))
        total, = struct.unpack("<Q", bytes.fromhex(data["entries"][0]["value"]))
        assert total == 1000 + ifindex * len(f.packets), ifindex


def test_kernel_without_permission(f):
    """`all` goes without it and says why; asked for by name it is an error."""
    drop = ["setpriv", "--bounding-set=-all"] if os.geteuid() == 0 else []
    def unprivileged(*args):
        return subprocess.run([*drop, f.replay, *args, f.sample("mac-swap"), f.capture],
                              capture_output=True, text=True)
    done = unprivileged("--json", "--engine", "all")
    assert done.returncode == 0, done.stderr
    kernel, = (e for e in json.loads(done.stdout)["engines"] if e["name"] == "kernel")
    assert "not permitted" in kernel["skipped"], kernel
    done = unprivileged("--engine", "kernel")
    assert done.returncode == 2 and not done.stdout, done
    assert done.stderr.count("\n") == 1 and "not permitted" in done.stderr, done


def main():
    replay, make_capture, samples, inits, legacy_maps = sys.argv[1:6]
    tests = [(n, t) for n, t in globals().items() if n.startswith("test_")]
    with tempfile.TemporaryDirectory() as folder:
        capture = os.path.join(folder, "in.pcap")
        subprocess.run([make_capture, capture], check=True)
        fixture = Fixture(replay, folder, capture, samples, inits, legacy_maps)
        for name, test in tests:
            test(fixture)
            print(f"ok {name}")


main()
