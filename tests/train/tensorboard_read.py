"""Reads a TensorBoard event file by the format's description, not by our writer's: records and their
checksums, then protobuf's wire format. Prints "TAG STEP VALUE"; of a histogram the number of
elements, after checking that its buckets hold as many."""

import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283  # the check value in catalogues of CRCs


def fields(data):
    """(number, value) of each field: int, 4 or 8 bytes, or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}[kind] if kind != 2 else varint()
        yield key >> 3, data[at : at + size]
        at += size


def doubles(data):
    return struct.unpack(f"<{len(data) // 8}d", data)


data = open(sys.argv[1], "rb").read()
at, records = 0, []
while at < len(data):
    header = data[at : at + 8]
    (length,) = struct.unpack("<Q", header)
    assert struct.unpack("<I", data[at + 8 : at + 12])[0] == masked(header), "length's CRC"
    record = data[at + 12 : at + 12 + length]
    assert struct.unpack("<I", data[at + 12 + length : at + 16 + length])[0] == masked(record), "CRC"
    records.append(record)
    at += 16 + length

first = dict(fields(records[0]))
assert first[3] == b"brain.Event:2", first
last_time = 0
for record in records[1:]:
    event = dict(fields(record))
    (time,) = struct.unpack("<d", event[1])
    assert time >= last_time > -1, "time runs back"
    last_time = time
    for number, value in fields(event[5]):
        assert number == 1
        v = dict(fields(value))
        if 2 in v:
            shown = struct.unpack("<f", v[2])[0]
        else:
            h = dict(fields(v[5]))
            low, high, count = (struct.unpack("<d", h[i])[0] for i in (1, 2, 3))
            limits, buckets = doubles(h[6]), doubles(h[7])
            assert sum(buckets) == count and len(limits) == len(buckets)
            assert low <= high <= limits[-1] * (1 + 1e-9) + 1e-9 and list(limits) == sorted(limits)
            shown = count
        print(v[1].decode(), event.get(2, 0), repr(shown))
