# SPDX-License-Identifier: BSD-3-Clause
"""Reads and writes pcap files byte by byte, independently of the tool under test."""
import struct

FILE_HEADER, RECORD_HEADER = 24, 16


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
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link_type))
        for i, p in enumerate(packets):
            f.write(struct.pack("<IIII", 0, i, len(p), len(p)) + p)
