# SPDX-License-Identifier: BSD-3-Clause
"""Packets that the programs of kernel-programs.sh wait for and that make-capture does not make."""
import struct

TCP, UDP, ICMP, IPIP, IPV6, ICMP6 = 6, 17, 1, 4, 41, 58
ANY4, ANY6 = bytes(4), bytes(16)
TESTER4, DUT4 = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
TESTER6, DUT6 = (bytes([0x20, 1] + [0] * 10) + address for address in (TESTER4, DUT4))


def eth(protocol, payload):
    return bytes([2, 0, 0, 0, 0xff, 1, 2, 0, 0, 0, 0, 1]) + struct.pack(">H", protocol) + payload


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def ipv4(protocol, payload, source=TESTER4, target=DUT4):
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0)
    head += source + target
    return head[:10] + struct.pack(">H", checksum(head)) + head[12:] + payload


def ipv6(protocol, payload, source=TESTER6, target=DUT6):
    return struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64) + source + target + payload


def udp(source, target, payload=b""):
    return struct.pack(">HHHH", source, target, 8 + len(payload), 0) + payload


def tcp(source, target, flags=0x10, options=b"", payload=b""):
    words = 5 + len(options) // 4
    return struct.pack(">HHIIBBHHH", source, target, 1, 2, words << 4, flags, 512, 0, 0) + \
        options + payload


def icmp(kind, code, rest, payload):
    body = struct.pack(">BBH", kind, code, 0) + rest + payload
    return body[:2] + struct.pack(">H", checksum(body)) + body[4:]


def v4(*args, **addresses):
    return eth(0x0800, ipv4(*args, **addresses))


def v6(*args, **addresses):
    return eth(0x86dd, ipv6(*args, **addresses))


def of_length(n):
    return v4(TCP, tcp(1, 80)).ljust(n, b"\0")[:n]


def load_balancer():
    """Flows of all zeros are the only ones whose hash the program takes."""
    for ports in (0, 0), (0, 80):
        for l4 in (TCP, tcp(*ports, flags=2)), (TCP, tcp(*ports)), (UDP, udp(*ports)):
            yield v4(*l4, source=ANY4, target=ANY4)
            yield v6(*l4, source=ANY6, target=ANY6)
    quoted = ipv4(TCP, tcp(0, 0), source=ANY4, target=ANY4)
    for kind, code in (8, 0), (3, 4), (3, 1):
        yield v4(ICMP, icmp(kind, code, bytes(4), quoted), source=ANY4, target=ANY4)
    for kind in 128, 3, 1:
        yield v6(59, icmp(kind, 0, bytes(4), ipv6(TCP, tcp(0, 0), source=ANY6, target=ANY6)))
    yield v6(45, bytes(8))


def echo_test():
    """Between tester and device under test, with a command in front of the payload."""
    for ports in (12346, 7), (7, 12346), (7, 7):
        for command in 1, 2:
            message = udp(*ports, payload=struct.pack(">HH", command, 0) + bytes(8))
            for end in 1, 2:
                a, b = (TESTER4, DUT4) if end == 1 else (DUT4, TESTER4)
                yield v4(UDP, message, source=a, target=b)
                a, b = (TESTER6, DUT6) if end == 1 else (DUT6, TESTER6)
                yield v6(UDP, message, source=a, target=b)


def ping_replies():
    for sequence in 1, 2, 2, 3, 9:
        echo = icmp(0, 0, struct.pack(">HH", 1, sequence), bytes(56))
        yield v4(ICMP, echo)


def tunnelled():
    """Generic UDP encapsulation in IPv6."""
    for flags in 2, 0x10, 4, 0x12:
        for inner in ipv4(TCP, tcp(1, 3, flags)), ipv6(TCP, tcp(1, 3, flags)):
            yield v6(UDP, udp(6666, 6666, inner))
    for inner in ipv4(UDP, udp(5, 7)), ipv6(UDP, udp(5, 7)), ipv6(ICMP6, bytes(8)), b"", b"\x60":
        yield v6(UDP, udp(6666, 6666, inner))
    yield v6(UDP, udp(5, 7))


def tcp_options():
    server = b"\xfd\6\x11\x22\x33\x44"
    for options in (server + b"\1\1", b"\1\1" + server, b"\2\4\5\xb4\1\1" + server,
                    b"\xfd\5\1\2\3\1\1\1", b"\1" * 40, b"\1" * 12 + server + b"\1\1",
                    b"\3\x20" + server, server[:2] + bytes(2), b"\0" * 8):
        packet = v6(TCP, tcp(1, 80, options=options))
        yield packet
        yield packet[:-3]


def marked():
    """The first word says where the marks are: in one buffer, across two, or behind the end."""
    for offset, size in ((4, 164), (60, 164), (100, 164), (3000, 164), (70000, 164), (31, 9000),
                         (3510, 9000), (3520, 9000), (5000, 9000), (7610, 9000), (8990, 9000)):
        packet = bytearray(struct.pack("<I", offset).ljust(size, b"\0"))
        if offset + 16 <= len(packet):
            packet[offset] = packet[offset + 15] = 0xaa
        yield bytes(packet)


# By object: what to append to the mixed capture.
EXTRA = {
    "test_xdp_noinline": load_balancer,
    "xdp_features": echo_test,
    "xdping_kern": ping_replies,
    "xdpwall": tunnelled,
    "test_parse_tcp_hdr_opt": tcp_options,
    "test_parse_tcp_hdr_opt_dynptr": tcp_options,
    "test_xdp_update_frags": marked,
    "test_xdp_adjust_tail_grow": lambda: map(of_length, (53, 54, 64, 74, 128)),
    "test_xdp_adjust_tail_shrink": lambda: map(of_length, (14, 53, 54, 64)),
}
