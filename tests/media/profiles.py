"""Colour profiles made by hand, for pictures whose numbers do not mean sRGB (ICC.1:2022, sections 7, 9 and 10)."""

import struct

import numpy as np

P3 = (
    (0.5151, 0.2412, -0.0011),
    (0.2920, 0.6922, 0.0419),
    (0.1571, 0.0666, 0.7841),
)  # XYZ of red, green, blue
ADOBE = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
SRGB = ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7142))
WHITE = (0.9642, 1.0, 0.8249)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _gamma(power: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(power * 256)) + b"\0\0"


def _profile(kind: bytes, space: bytes, between: bytes, tags: dict[bytes, bytes]) -> bytes:
    words = b"made by hand\0"
    tags = {
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", len(words)) + words + bytes(78),
        b"cprt": b"text\0\0\0\0none\0",
        b"wtpt": _xyz(WHITE),
        **tags,
    }
    table, body, place = b"", b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        table += name + struct.pack(">II", place + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    size = place + len(body)
    header = struct.pack(">I4sI", size, b"\0\0\0\0", 0x02400000) + kind + space + between
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28) + b"".join(map(_fixed, WHITE))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def of_rgb(primaries=P3, power: float = 2.2) -> bytes:
    """The profile of a screen with these primaries."""
    tags = {name: _xyz(xyz) for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    curves = {name: _gamma(power) for name in (b"rTRC", b"gTRC", b"bTRC")}
    return _profile(b"mntr", b"RGB ", b"XYZ ", {**tags, **curves})


def of_grey(power: float) -> bytes:
    """The profile of grey tones of this gamma."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": _gamma(power)})


def of_inks(red: tuple[int, int, int] = (60, 190, 170)) -> bytes:
    """The profile of a printer whose magenta and yellow together look so (Lab in bytes), and other inks dark."""
    corners = []
    for corner in range(16):  # cyan is the slowest index, black the fastest
        inks = [corner >> place & 1 for place in (3, 2, 1, 0)]
        corners.append((255, 128, 128) if not any(inks) else red if inks == [0, 1, 1, 0] else (30, 128, 128))
    straight = bytes(range(256))
    lut = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + b"".join(map(_fixed, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    lut += straight * 4 + b"".join(map(bytes, corners)) + straight * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": lut, b"A2B1": lut})


def in_srgb(numbers: tuple[int, int, int], primaries, power: float = 2.2) -> np.ndarray:
    """The colour of a screen with these primaries, as sRGB has it."""
    light = (np.array(numbers) / 255) ** power @ np.array(primaries) @ np.linalg.inv(SRGB)
    light = light.clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
