# SPDX-License-Identifier: BSD-3-Clause
"""Reads pcap files and writes pcap and pcapng files byte by byte, independently of the tool under test."""
import struct

FILE_HEADER, RECORD_HEADER = 24, 16
SNAP_LENGTH = 262144  # the greatest


def records(path):
    """The packets' bytes, in order."""
    with open(path, "rb") as f:
        data = f.read()
    assert struct.unpack_from("<I", data)[0] in (0xa1b2c3d4, 0xa1b23c4d), "not a pcap file"
    packets, at = [], FILE_HEADER
    while at < len(data):
        captured, = struct.unpack_from("<I", data, at + 8)
        at += RECORD_HEADER
        packets.append(data[at:at + captured])
        at += captured
    assert at == len(data), "the file ends within a packet"
    return packets


def write(path, packets, link_type=1):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, SNAP_LENGTH, link_type))
        for i, p in enumerate(packets):
            f.write(struct.pack("<IIII", 0, i, len(p), len(p)) + p)


def write_pcapng(path, packets):
    """One section, one Ethernet interface, an enhanced packet block each."""
    def block(kind, body):
        size = struct.pack("<I", len(body) + 12)
        return struct.pack("<I", kind) + size + body + size
    with open(path, "wb") as f:
        f.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        f.write(block(1, struct.pack("<HHI", 1, 0, 65535)))
        for i, p in enumerate(packets):
            f.write(block(6, struct.pack("<IIIII", 0, 0, i, len(p), len(p)) + p +
                          bytes(-len(p) % 4)))
