#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Control lines for scan.bpf.c, of a list of signatures: scan.py LIST > scan.init

The automaton is Aho and Corasick's with all steps made: a state is a beginning of signatures that
is no end of one, and its steps are those of the longest end of it that begins a signature, where it
has none of its own. Breadth first, that state has been seen to before.
"""
import re
import sys
from collections import deque

FOUND = 0x8000
VERDICTS = {"aborted": 0, "drop": 1, "pass": 2, "tx": 3}


def read_signatures(lines):
    """Pairs of verdict and bytes."""
    signatures = []
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\n")
        if not line or line.startswith("#"):
            continue
        verdict, _, text = line.partition(" ")
        pattern = re.sub(rb"\\x([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]),
                         text.strip().encode())
        if verdict not in VERDICTS or not pattern:
            sys.exit(f"line {number}: a verdict ({', '.join(VERDICTS)}) and a signature expected")
        signatures.append((VERDICTS[verdict], pattern))
    return signatures


def make_automaton(patterns):
    """For each state its 256 steps."""
    steps, ends = [{}], [None]  # of the trie: by byte; the signature that ends there
    for number, pattern in enumerate(patterns):
        at = 0
        for byte in pattern:
            if byte not in steps[at]:
                steps[at][byte] = len(steps)
                steps.append({})
                ends.append(None)
            at = steps[at][byte]
        if ends[at] is None:  # else the same twice: the first counts
            ends[at] = number

    rows, order = {}, []
    queue = deque([(0, None)])
    while queue:
        state, fallback = queue.popleft()
        order.append(state)
        row = rows[state] = [0] * 256 if fallback is None else list(rows[fallback])
        for byte, child in steps[state].items():
            shorter = row[byte] if state else 0
            # What is found is found: nothing goes on from there.
            if ends[child] is not None:
                row[byte] = FOUND | ends[child]
            elif not shorter & FOUND:
                row[byte] = child
                queue.append((child, shorter))

    number = {state: i for i, state in enumerate(order)}
    return [[s if s & FOUND else number[s] for s in rows[state]] for state in order]


def le(value, size):
    return value.to_bytes(size, "little").hex(" ")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        signatures = read_signatures(file)
    automaton = make_automaton([pattern for _, pattern in signatures])
    if len(automaton) >= FOUND or len(signatures) >= FOUND - 1:
        sys.exit(f"{len(automaton)} states of {len(signatures)} signatures are too many")
    print(f"# {len(signatures)} signatures")
    print(f"map resize automaton max_entries {len(automaton)}")
    print(f"map resize verdicts max_entries {len(signatures)}")
    print(f"map resize found max_entries {len(signatures)}")
    for number, (verdict, _) in enumerate(signatures):
        print(f"map update verdicts key hex {le(number, 4)} value hex {le(verdict, 4)}")
    for state, steps in enumerate(automaton):
        row = " ".join(le(step, 2) for step in steps)
        print(f"map update automaton key hex {le(state, 4)} value hex {row}")


main()
