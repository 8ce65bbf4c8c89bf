# SPDX-License-Identifier: BSD-3-Clause
"""How the tests of this folder run xdpk-replay and read its report."""
import json
import subprocess
import sys

SKIP = 77


def run(replay, *args):
    """The finished process: .returncode, .stdout, .stderr."""
    return subprocess.run([replay, *args], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300)


def report(replay, *args):
    """Exit status and the report."""
    done = run(replay, "--json", *args)
    if done.returncode not in (0, 1):
        sys.exit(f"xdpk-replay {' '.join(args)}\nexit {done.returncode}: {done.stderr}")
    sys.stderr.write(done.stderr)  # a sanitizer's findings, with status 1
    return done.returncode, json.loads(done.stdout)


def describe(difference):
    where = (f"packet {difference['packet']}" if "packet" in difference
             else f"map {difference['map']} event {difference['event']}" if "event" in difference
             else f"map {difference['map']} key {difference['key']}")
    return (f"{where}: {difference['what']}: {difference['engine']} {difference['got']}, "
            f"{difference['against']} {difference['want']}")


def assert_engines_agree(replay, args, must_run, coverage):
    """Verdicts, bytes and maps are equal on every engine that can run here; those of must_run
    do; the packets reach that percentage of the program's reachable instructions."""
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
