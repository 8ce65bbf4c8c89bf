#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""XDP programs of the world: each that the running kernel's verifier accepts is accepted here, in
not much more time, and does the same on the kernel, interpreted, compiled, and as an image in a
build without LLVM. See kernel-programs.sh, which fetches and compiles them.

One line a program, then totals. kernel-programs.txt says by name what cannot be equal, and why.
Exit status: 0, or 1 if a program is refused or differs without being named there, or verification
takes too long.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

import kernel_packets
import pcapfile
from replay import Failed, describe, images_asked_for, run

HERE = os.path.dirname(os.path.abspath(__file__))
ENGINES = "interp,llvm"
IN_BATCHES, CANNOT_GO = "gpu-host", "cannot be a kernel"
NOT_TEST_RUN = "engine kernel: (packet|.*which Linux does not test-run)"


class Exceptions:
    """Lines `OBJECT PROGRAM WHAT WHY...`: `*` is every program of the object, WHAT is
    `refused` (it needs what a kernel alone has), `device` (the kernel runs it for a device only),
    `map:NAME` or `bytes` (not compared)."""

    def __init__(self, path):
        self.lines = []
        with open(path, encoding="ascii") as file:
            for line in file:
                words = line.split("#")[0].split(None, 3)
                if words:
                    self.lines.append(words)

    def find(self, name, program, what):
        """Why; None if it is no exception."""
        for o, p, w, why in self.lines:
            if o == name and p in ("*", program) and w == what:
                return why.strip()
        return None

    def covers(self, name, program, difference):
        what = f"map:{difference['map']}" if "map" in difference else "bytes"
        is_content = what != "bytes" or difference["what"].startswith("byte ")
        return is_content and self.find(name, program, what) is not None


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode:
        return None, (done.stderr or f"ended by signal {-done.returncode}").strip()
    return json.loads(done.stdout), None


class Program:
    def __init__(self, test, path, name):
        self.test, self.path, self.name = test, path, name
        self.object = os.path.basename(path).removesuffix(".o")
        self.capture = test.capture_for(self.object)
        self.init = test.init_for(self.object)
        self.verdicts = {}

    def exception(self, what):
        return self.test.exceptions.find(self.object, self.name, what)

    def replay(self, engines):
        """The report, or None and why there is none."""
        done = run(self.test.replay, "--json", "--coverage", "--engine", engines, "--init",
                   self.init, "--prog", self.name, self.path, self.capture)
        if done.returncode in (0, 1):
            return json.loads(done.stdout), None
        return None, done.stderr.strip() or f"ended by signal {-done.returncode}"

    def run_all(self):
        """On all engines that can run it: the report, or None and why there is none; the engines;
        why the kernel does not, or None."""
        engines, not_run = ["kernel", *ENGINES.split(","), IN_BATCHES], None
        while True:
            report, why = self.replay(",".join(engines))
            if report is None and CANNOT_GO in why and IN_BATCHES in engines:
                engines.remove(IN_BATCHES)
            elif report is None and re.search(NOT_TEST_RUN, why) and "kernel" in engines:
                not_run = why.split("engine kernel: ")[1]
                engines.remove("kernel")
            else:
                return report, why, engines, not_run

    def compare(self):
        """The outcome of running it: a word and what more there is to say."""
        report, why, engines, not_run = self.run_all()
        if report is None:
            excuse = self.exception("refused")
            return ("exception", excuse) if excuse else ("refused", why)
        covered = f"{report['packets']} packets, {report['coverage']['percent']:.0f}% reached"
        left = self.left_of(report["differences"])
        if left:
            return "differs", f"{len(left)} differences: " + describe(left[0])
        try:
            left = self.left_of(self.image_differences())
        except Failed as e:
            return "image fails", str(e)
        if left:
            return "image differs", f"{len(left)} differences: " + describe(left[0])
        if self.test.images:
            covered += ", as an image too"
        if not_run:
            not_run = self.exception("device") or not_run
            return "not test-run", f"{not_run}; {','.join(engines)} agree: {covered}"
        if IN_BATCHES in engines:
            covered += ", in batches too"
        return "equal", covered

    def left_of(self, differences):
        return [d for d in differences
                if not self.test.exceptions.covers(self.object, self.name, d)]

    def image_differences(self):
        if not self.test.images:
            return []
        return self.test.images.differences(
            self.test.replay, self.test.image_for(self), self.path, self.capture, "--init",
            self.init, "--prog", self.name)

    def both_accept(self):
        kernel = self.verdicts and self.verdicts["kernel"]
        return bool(kernel and kernel["accepted"] and kernel["us"] and
                    self.verdicts["xdpk"]["accepted"])

    def cost(self):
        """Of the verification, ours and the kernel's."""
        if not self.both_accept():
            return ""
        kernel, ours = self.verdicts["kernel"], self.verdicts["xdpk"]
        return (f" [{ours['us']:.0f} us, the kernel {kernel['us']:.0f} us, "
                f"{ours['memory'] / 1e6:.1f} MB]")

    def judge(self):
        self.verdicts, why = call(self.test.verdicts, self.path, self.name, self.init)
        if self.verdicts is None:
            return "crash", why
        kernel, ours = self.verdicts["kernel"], self.verdicts["xdpk"]
        if kernel is None:
            return "not asked", "libbpf does not open it, and: " + ours.get("reason", "")
        if "does not get into the kernel" in kernel.get("reason", ""):
            return "not asked", kernel["reason"]
        if not kernel["accepted"]:
            if ours["accepted"]:
                return "accepted here", "the kernel: " + kernel["reason"]
            return "both reject", kernel["reason"]
        if not ours["accepted"]:
            excuse = self.exception("refused")
            return ("exception", excuse) if excuse else ("rejected here", ours["reason"])
        return self.compare()


class Test:
    def __init__(self, build, folder):
        tests = os.path.join(build, "tests", "replay")
        self.replay = os.path.join(build, "tools", "xdpk-replay", "xdpk-replay")
        self.verdicts = os.path.join(tests, "verdicts")
        self.exceptions = Exceptions(os.path.join(HERE, "kernel-programs.txt"))
        self.folder, self.images, self.imaged = folder, images_asked_for(), None
        mix = self.capture_for("mix")
        subprocess.run([os.path.join(tests, "make-capture"), mix], check=True)
        self.mix = pcapfile.records(mix)

    def capture_for(self, name):
        """The mixed capture and what programs of that object wait for."""
        path = os.path.join(self.folder, name + ".pcap")
        if name in kernel_packets.EXTRA and not os.path.exists(path):
            pcapfile.write(path, [*self.mix, *kernel_packets.EXTRA[name]()])
        return path if name in kernel_packets.EXTRA or name == "mix" else self.capture_for("mix")

    def init_for(self, name):
        """Control lines: the network, and what belongs to programs of that object."""
        path = os.path.join(self.folder, name + ".init")
        with open(path, "w", encoding="ascii") as out:
            for part in "network", name:
                source = os.path.join(HERE, "kernel-programs", part + ".init")
                if os.path.exists(source):
                    with open(source, encoding="ascii") as lines:
                        out.write(lines.read())
        return path

    def image_for(self, program):
        """Of the whole object; if that has programs that are rejected, of this one."""
        image = os.path.join(self.folder, "image.o")
        if self.imaged != program.path:
            init = "--init", program.init
            self.imaged = program.path
            if self.images.make(image, program.path, *init).returncode:
                self.imaged = None
                done = self.images.make(image, program.path, *init, "--prog", program.name)
                if done.returncode:
                    raise Failed(done.stderr.strip())
        return image

    def programs(self, path):
        listed, why = call(self.verdicts, path)
        if listed is None:
            print(f"{path}: {why}")
        return [Program(self, path, p["program"]) for p in listed or []]


LITTLE = 1 << 18  # bytes in use that the C library's caches may account for
GOOD = ("equal", "not test-run", "exception", "both reject", "not asked")


def print_times(programs, limits):
    """Of the programs that both accept; whether they are within the limits."""
    both = [(p, p.verdicts["kernel"]["us"], p.verdicts["xdpk"]["us"]) for p in programs
            if p.both_accept()]
    if not both:
        return False
    memory = max(p.verdicts["xdpk"]["memory"] for p, _, _ in both)
    kept = max(p.verdicts["xdpk"]["kept"] for p, _, _ in both)
    kernel, ours = sum(k for _, k, _ in both), sum(o for _, _, o in both)
    longest = max(both, key=lambda b: b[2])
    print(f"verification: kernel {kernel / 1000:.1f} ms, here {ours / 1000:.1f} ms, ratio "
          f"{ours / kernel:.2f}; longest {longest[0].name} {longest[2] / 1000:.1f} ms; most "
          f"memory {memory / 1e6:.1f} MB, afterwards {max(kept, 0) / 1e6:.1f} MB")
    for p, k, o in sorted(both, key=lambda b: b[2] / b[1], reverse=True)[:10]:
        print(f"  {p.object} {p.name}: kernel {k:.0f} us, here {o:.0f} us, ratio {o / k:.2f}")
    return ours <= kernel * limits.ratio and longest[2] <= limits.longest * 1e6 and kept < LITTLE


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratio", type=float, default=2, help="of all verification times")
    parser.add_argument("--longest", type=float, default=1, help="seconds for one program")
    parser.add_argument("--only", default="", help="programs whose object or name contains it")
    parser.add_argument("build")
    parser.add_argument("objects", nargs="+")
    a = parser.parse_args()
    outcomes, programs = collections.Counter(), []

    with tempfile.TemporaryDirectory() as folder:
        test = Test(a.build, folder)
        for path in a.objects:
            for p in test.programs(path):
                if a.only not in p.object and a.only not in p.name:
                    continue
                outcome, more = p.judge()
                outcomes[outcome] += 1
                programs.append(p)
                print(f"{outcome}: {p.object} {p.name}: {more}{p.cost()}", flush=True)
    print()
    for outcome, n in sorted(outcomes.items()):
        print(f"{n:5} {outcome}")
    in_time = print_times(programs, a)
    sys.exit(0 if in_time and all(o in GOOD for o in outcomes) else 1)


main()
