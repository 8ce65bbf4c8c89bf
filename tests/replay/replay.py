# SPDX-License-Identifier: BSD-3-Clause
"""How the tests of this folder run xdpk-replay and read its report."""
import json
import os
import subprocess
import sys
import tempfile
from itertools import zip_longest

SKIP = 77


class Failed(Exception):
    """A tool that says it cannot do its work, in its words."""


def run(replay, *args, env=None):
    """The finished process: .returncode, .stdout, .stderr."""
    return subprocess.run([replay, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300, env=env)


def report(replay, *args, env=None):
    """Exit status and the report."""
    done = run(replay, "--json", *args, env=env)
    if done.returncode not in (0, 1):
        raise Failed(f"{' '.join(args)}: exit {done.returncode}: {done.stderr.strip()}")
    sys.stderr.write(done.stderr)  # a sanitizer's findings, with status 1
    return done.returncode, json.loads(done.stdout)


def describe(difference):
    where = (f"packet {difference['packet']}" if "packet" in difference
             else f"map {difference['map']} event {difference['event']}" if "event" in difference
             else f"map {difference['map']} key {difference['key']}")
    return (f"{where}: {difference['what']}: {difference['engine']} {difference['got']}, "
            f"{difference['against']} {difference['want']}")


def map_differences(got, want):
    """Between what two runs of one program left in its maps and sent through them."""
    def difference(name, place, what, g, w):
        return {"map": name, **place, "what": what, "engine": "image", "got": g,
                "against": "llvm", "want": w}

    def sorted_maps(r):  # maps in a map have the order of its walk, which is a run's own
        return sorted(r["maps"], key=lambda m: (m["name"], str(m["entries"])))

    for g, w in zip(sorted_maps(got), sorted_maps(want), strict=True):
        for n, pair in enumerate(zip_longest(g["entries"], w["entries"], fillvalue={})):
            if pair[0] != pair[1]:
                key = (pair[0] or pair[1]).get("key", n)
                yield difference(g["name"], {"key": key}, "value",
                                 *(entry.get("value") for entry in pair))
    for n, pair in enumerate(zip_longest(got["events"], want["events"])):
        if pair[0] != pair[1]:
            yield difference((pair[0] or pair[1])["map"], {"event": n}, "data", *pair)


class Images:
    """Programs as images that xdpk-vm makes of them, in the xdpk-replay of a build without LLVM."""

    def __init__(self, vm, replay):
        self.vm, self.replay = vm, replay
        self.env = {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}

    def make(self, image, path, *options):
        """Of all programs of an object, which may call each other, or of one. The finished
        process."""
        return run(self.vm, "compile", "--driver", "replay", *options, "-o", image, path)

    def differences(self, with_llvm, image, path, capture, *options):
        """What the image does otherwise than the interpreter there, or than code here that the
        compiler has made in memory."""
        with tempfile.TemporaryDirectory() as folder:
            expected = os.path.join(folder, "expected")
            _, want = report(with_llvm, "--engine", "llvm", "--dump-maps", *options,
                             "--write-expect", expected, path, capture)
            _, got = report(self.replay, "--engine", "llvm,interp", "--dump-maps", *options,
                            "--expect", expected, image, capture, env=self.env)
        return got["differences"] + list(map_differences(got, want))


def images_asked_for():
    """By the environment: XDPK_IMAGES=XDPK_VM:XDPK_REPLAY. None: not."""
    tools = os.environ.get("XDPK_IMAGES")
    return Images(*tools.split(":")) if tools else None


def assert_image_agrees(replay, args, ran):
    """The same without LLVM; and the kernel, if it ran, runs the object in it."""
    images, (*options, path, capture) = images_asked_for(), args
    if not images:
        return
    lines = options.index("--init") if "--init" in options else len(options)
    with tempfile.TemporaryDirectory() as folder:
        image = os.path.join(folder, "image.o")
        made = images.make(image, path, *options[lines:lines + 2])
        assert made.returncode == 0, made.stderr
        differences = images.differences(replay, image, path, capture, *options)
        if "kernel" in ran:
            differences += report(replay, "--engine", "interp,kernel", *options, image,
                                  capture)[1]["differences"]
        print(f"  its image of {os.path.getsize(image)} bytes, without LLVM: "
              f"{len(differences)} differences")
        for d in differences[:20]:
            print("  " + describe(d))
    assert not differences, "the image differs"


def assert_engines_agree(replay, args, must_run, coverage):
    """Verdicts, bytes and maps are equal on every engine that can run here; those of must_run
    do; the packets reach that percentage of the program's reachable instructions. The program's
    image does the same, if that is asked for."""
    status, r = report(replay, "--engine", "all", "--coverage", *args)
    ran = [e["name"] for e in r["engines"] if "skipped" not in e]
    skipped = [f"{e['name']}: {e['skipped']}" for e in r["engines"] if "skipped" in e]
    covered = r["coverage"]
    print(f"{r['program']}: {r['packets']} packets, {', '.join(ran)}: "
          f"{len(r['differences'])} differences; {covered['hit']} of {covered['reachable']} "
          f"reachable instructions ({covered['percent']:.1f}%)")
    for reason in skipped:
        print(f"  did not run: {reason}")
    for d in r["differences"][:20]:
        print("  " + describe(d))
    assert status == 0 and not r["differences"], "engines differ"
    assert set(must_run) <= set(ran), f"{must_run} must run"
    assert covered["percent"] >= coverage, f"less than {coverage}% reached"
    assert_image_agrees(replay, args, ran)
