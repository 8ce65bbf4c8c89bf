#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Sends so many bytes over TCP, no two blocks alike, or receives until the sender closes. Both print
# how many bytes went and their SHA-256.
#
#	transfer.py receive PORT
#	transfer.py send HOST PORT BYTES

import hashlib
import random
import socket
import sys

BLOCK = 1 << 20


def send(host, port, size):
    digest, sent = hashlib.sha256(), 0
    noise = random.Random(1).randbytes(BLOCK)
    with socket.create_connection((host, port), timeout=30) as peer:
        while sent < size:
            block = (sent.to_bytes(8, "big") + noise)[:min(BLOCK, size - sent)]
            peer.sendall(block)
            digest.update(block)
            sent += len(block)
    return sent, digest


def receive(port):
    digest, received = hashlib.sha256(), 0
    with socket.create_server(("", port)) as server:
        server.settimeout(60)
        peer, _ = server.accept()
        with peer:
            peer.settimeout(60)
            while block := peer.recv(BLOCK):
                digest.update(block)
                received += len(block)
    return received, digest


if sys.argv[1] == "send":
    size, digest = send(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
else:
    size, digest = receive(int(sys.argv[2]))
print(size, digest.hexdigest())
