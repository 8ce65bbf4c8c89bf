#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# What control costs workers.
#
#	control-load.py PID SOCKET load|hostile|bounds
#
# Times how many nanoseconds of a worker's CPU a packet takes, in windows by turns: while nobody
# asks for anything, and while somebody does. load: 10,000 updates of a map a second, and dumps of
# it one after the other. hostile: clients that send garbage, halves, 100 MB, or never read. The
# median of the windows' ratios must stay below 1.05. The worker is the process's first thread; time
# that others take from its CPU does not count, so a machine that is busy elsewhere does not matter.
# bounds: nobody can take all of the server's places, or keep one without reading or asking.

import gc
import json
import os
import random
import select
import signal
import socket
import statistics
import subprocess
import sys
import time

PID, SOCKET, MODE = int(sys.argv[1]), sys.argv[2], sys.argv[3]
PAIRS, WINDOW = int(os.environ.get("XDPK_LOAD_PAIRS", 25)), 0.4
ENTRIES, RATE, BATCH = 1000, 10000, 100


class Client:
    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(SOCKET)
        self.socket.settimeout(30)
        self.file = self.socket.makefile("rb")

    def answers(self, n=1):
        for _ in range(n):
            rows = []
            while True:
                line = self.file.readline()
                if not line:
                    raise EOFError("xdpk has closed the connection")
                row = json.loads(line)
                if "error" in row:
                    raise ValueError(row["error"])
                if "ok" in row:
                    break
                rows.append(row)
            yield rows

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\n")
        return next(self.answers())


def rule(i):
    return f"map update rules key 10 {i >> 8} {i & 255} 1 192 0 2 2 0 80 1 187 6 0 0 0 value {i % 2 + 1}\n"


def update():
    """RATE updates a second, for ever."""
    client = Client()
    numbers = list(range(ENTRIES))
    due = time.monotonic()
    while True:
        batch = "".join(rule(random.choice(numbers)) for _ in range(BATCH))
        client.socket.sendall(batch.encode())
        for _ in client.answers(BATCH):
            pass
        sys.stdout.buffer.write(b".")
        sys.stdout.buffer.flush()
        due = max(due + BATCH / RATE, time.monotonic() - 0.1)
        time.sleep(max(0, due - time.monotonic()))


def dump():
    client = Client()
    while True:
        assert len(client.ask("map dump rules")) >= ENTRIES


def garbage():
    """Random bytes; lines of random words of the language, in any order."""
    words = "map prog net port update dump key value rules id load hex { [ \" ' # 0 -1".split()
    while True:
        peer = socket.socket(socket.AF_UNIX)
        peer.settimeout(30)
        try:
            peer.connect(SOCKET)
            for _ in range(50):
                peer.sendall(random.randbytes(random.randrange(200)))
                peer.sendall((" ".join(random.choices(words, k=6)) + "\n").encode())
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65536):
                pass
        except OSError:
            pass
        peer.close()


def half():
    """Requests without an end, on several connections at once."""
    while True:
        peers = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for peer in peers:
            peer.connect(SOCKET)
            peer.sendall(b"map update rules key 1")
        time.sleep(1)
        for peer in peers:
            peer.close()


def huge():
    """100 MB in one line, over and over."""
    block = b"x" * (1 << 20)
    while True:
        peer = socket.socket(socket.AF_UNIX)
        peer.connect(SOCKET)
        try:
            for _ in range(100):
                peer.sendall(block)
            raise SystemExit("100 MB are taken in one line")
        except OSError:
            pass
        peer.close()


def silent():
    """Asks for a lot and never reads."""
    while True:
        peer = socket.socket(socket.AF_UNIX)
        peer.setblocking(False)
        peer.connect(SOCKET)
        try:
            while True:
                peer.send(b"map dump rules\n" * 100)
        except OSError:
            pass
        time.sleep(1)
        peer.close()


LOADS = {"load": [update, dump], "hostile": [garbage, half, huge, silent, silent]}


def ran():
    """Nanoseconds of the worker's CPU."""
    with open(f"/proc/{PID}/task/{PID}/schedstat") as stat:
        return int(stat.read().split()[0])


def measure(client):
    def packets():
        return sum(row["packets"] for row in client.ask("stats show prog"))
    before, cpu = packets(), ran()
    time.sleep(WINDOW)
    return (ran() - cpu) / (packets() - before)


class Clients:
    """Processes that are stopped but for the windows in which they shall go on."""

    def __init__(self):
        self.all = [subprocess.Popen([sys.executable, __file__, str(PID), SOCKET, f.__name__],
                                     stdout=subprocess.PIPE) for f in LOADS[MODE]]
        os.set_blocking(self.all[0].stdout.fileno(), False)

    def signal(self, number):
        for process in self.all:
            if process.poll() is not None:
                sys.exit(f"a client has ended with {process.returncode}")
            process.send_signal(number)

    def written(self):
        return len(self.all[0].stdout.read() or b"")

    def __enter__(self):
        time.sleep(1)
        return self

    def __exit__(self, *_):
        for process in self.all:
            process.kill()
            process.wait()


def main():
    client = Client()
    for i in range(ENTRIES):
        client.ask(rule(i).rstrip())
    others = os.sched_getaffinity(0) - os.sched_getaffinity(PID)
    if others:
        os.sched_setaffinity(0, others)
    ratios, batches, seconds = [], 0, 0.0
    with Clients() as clients:
        for _ in range(PAIRS):
            clients.signal(signal.SIGSTOP)
            quiet = measure(client)
            clients.signal(signal.SIGCONT)
            clients.written()
            begun = time.monotonic()
            ratios.append(measure(client) / quiet)
            batches += clients.written()
            seconds += time.monotonic() - begun
    ratio = statistics.median(ratios)
    print(f"{MODE}: a packet takes {ratio:.3f} of what it takes otherwise "
          f"({min(ratios):.3f} to {max(ratios):.3f})")
    if MODE == "load":
        rate = BATCH * batches / seconds
        print(f"{rate:.0f} updates a second")
        if rate < 0.9 * RATE:
            print("skipped: this machine has no time for as many as that")
            sys.exit(77)
    if not client.ask("port list"):
        sys.exit("xdpk does not answer any more")
    sys.exit(ratio >= 1.05)


def closed_within(peer, seconds):
    """The server has hung up, whatever of its answer is still unread."""
    poll = select.poll()
    poll.register(peer, 0)
    return bool(poll.poll(seconds * 1000))


def ask_too_much(peer):
    """Sends requests until the server takes no more, as its answers are not read."""
    peer.setblocking(False)
    while select.select([], [peer], [], 1)[1]:
        peer.send(b"port list\n" * 100)


def bounds():
    client = Client()
    crowd = [Client() for _ in range(40)]
    time.sleep(0.3)
    refused = 0
    for peer in crowd:
        try:
            peer.ask("port list")
        except ValueError as error:
            refused += "too many connections" in str(error)
        except OSError:
            refused += 1
    if not 0 < refused < 40 or not client.ask("port list"):
        sys.exit(f"of 40 connections {refused} are refused")
    del crowd, peer
    gc.collect()
    time.sleep(0.3)
    Client().ask("port list")

    unread, half_sent = Client().socket, Client().socket
    ask_too_much(unread)
    half_sent.sendall(b"map li")
    if not closed_within(unread, 15):
        sys.exit("who never reads keeps his place")
    if not closed_within(half_sent, 15):
        sys.exit("who never asks keeps his place")
    # One who does not read when xdpk ends, which must not wait for him.
    unread = Client().socket
    ask_too_much(unread)
    os.kill(PID, signal.SIGTERM)
    if not closed_within(client.socket, 3):
        sys.exit("xdpk waits for somebody who does not read")


if MODE in LOADS:
    main()
globals()[MODE]()
