#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A build without LLVM has no other way to compiled code than images: what it says of an object
alone and of an image that does not fit; and what compiling costs, and having compiled.

without-llvm.py MAKE_CAPTURE FIREWALL.o XDPK_VM_WITHOUT_LLVM
"""
import json
import os
import subprocess
import sys
import tempfile

from replay import images_asked_for, run

def must(done):
    assert done.returncode == 0, done.stderr
    return done


def assert_refused(done, words):
    assert done.returncode == 2 and words in done.stderr, (done.returncode, done.stderr)


def test_object_alone(images, tmp, path, capture):
    assert_refused(run(images.replay, "--engine", "llvm", path, capture, env=images.env),
                   "no bitcode")
    must(run(images.replay, path, capture, env=images.env))


def test_image_that_does_not_fit(images, tmp, path, capture):
    """Asked for by name it is an error; the interpreter alone goes on."""
    image, lines = f"{tmp}/image.o", f"{tmp}/resize.init"
    with open(lines, "w", encoding="ascii") as out:
        print("map resize rules max_entries 64", file=out)
    must(images.make(image, path))
    args = "--init", lines, image, capture
    assert_refused(run(images.replay, "--engine", "llvm", *args, env=images.env),
                   "map rules has max_entries 65536 in the image and 64 here")
    must(run(images.replay, *args, env=images.env))


def measure(rounds, vm, path, env=None):
    done = run(vm, "compile", "--time", "--json", "--repeat", rounds, "--driver", "replay", path,
               env=env)
    return json.loads(must(done).stdout)


def print_costs(images, tmp, path, vm):
    image = f"{tmp}/image.o"
    must(images.make(image, path))
    here, there = measure("5", images.vm, path), measure("50", vm, image, images.env)
    us = {step: there["ns"][step]["median"] / 1000 for step in there["ns"]}
    compiled, loaded = here["ns"]["compiler"]["median"] / 1000, us["find"] + us["native load"]
    print(f"{here['program']}: compiled in {compiled / 1000:.0f} ms, "
          f"{here['memory_peak'] / 1e6:.0f} MB at the peak; out of its image, without LLVM, in "
          f"{loaded:.0f} us: found in {us['find']:.0f}, mapped and bound in "
          f"{us['native load']:.0f}; a {compiled / loaded:.0f}th; {there['memory_peak'] / 1e6:.1f} "
          f"MB at the peak. Before that its object is opened, {us['file']:.0f} us, and "
          f"verified, {us['program']:.0f} us")
    assert loaded < compiled / 100
    assert there["memory_peak"] < here["memory_peak"] / 2


def main():
    make_capture, path, vm = sys.argv[1:4]
    images = images_asked_for()
    with tempfile.TemporaryDirectory() as tmp:
        capture = os.path.join(tmp, "in.pcap")
        subprocess.run([make_capture, capture], check=True)
        test_object_alone(images, tmp, path, capture)
        test_image_that_does_not_fit(images, tmp, path, capture)
        print_costs(images, tmp, path, vm)


main()
