"""Inputs that are nearly right: a sound one with a few bytes, numbers, words or passages changed."""

import random
from collections.abc import Callable, Sequence

NUMBERS = [
    b"\0" * 4,
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\0\0\0\x01",
    b"\xff\xff",
    b"\0\0",
    b"\xfe",
]
WORDS = [
    b"{", b"}", b"[", b"]", b'"', b"'", b",", b":", b"\\", b"\n", b"\r", b"\0", b"\x1b[31m", b"\xef\xbb\xbf",
    b"\xff\xfe", b"null", b"true", b"NaN", b"-Infinity", b"1e999", b"-1", b"0", b"9" * 5000, b"0.1", b"1e308",
    b'"\\ud800"', b"\\u0000", b"\xed\xa0\x80", "\u202e".encode(), "字".encode(), "😀".encode(), b"../", b"/etc/passwd",
    b"&a;", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"<![CDATA[", b"]]>", b"&#x0;", b"!!python/object/apply:os.system ['x']",
    b"&a [*a]", b"*a", b"<<: *a", b"---\n", b"- " * 50, b"[" * 3000, b'{"a":' * 3000, b"(" * 100, b"%s%n", b"{0.__class__}",
    b"{" * 50, b"[]", b"{}", b'""', b'"a"', b"[1]", b'{"a":1}', b"1" * 400, b"2024-99-99", b"0x10", b"~", b"? x", b"|-",
]  # fmt: skip

Mutation = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def place(chance: random.Random, data: bytearray) -> int:
    """Anywhere in the data; half of the time near its start, where headers are."""
    return chance.randrange(min(len(data), 200) if chance.random() < 0.5 else len(data))


def flip(chance: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """One bit."""
    data[place(chance, data)] ^= 1 << chance.randrange(8)


def put(chance: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """One byte."""
    data[place(chance, data)] = chance.randrange(256)


def number(chance: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """A number that lengths do not expect, over what is there."""
    at, value = place(chance, data), chance.choice(NUMBERS)
    data[at : at + len(value)] = value


def word(chance: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """A piece of syntax, in between or instead."""
    at = place(chance, data)
    data[at : at + chance.choice([0, 0, 1, 4, 20])] = chance.choice(WORDS)


def drop(chance: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """A passage is missing."""
    at = place(chance, data)
    del data[at : at + chance.choice([1, 2, 4, 16, 100])]


def repeat(chance: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """A passage comes again."""
    at = place(chance, data)
    data[at:at] = data[at : at + chance.choice([1, 4, 16, 100])] * chance.choice([1, 2, 50])


def cut(chance: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """The end is missing."""
    del data[place(chance, data) :]


def cross(chance: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    """The end of another sound input."""
    other = chance.choice(seeds)
    data[place(chance, data) :] = other[chance.randrange(len(other)) :]


MUTATIONS: Sequence[Mutation] = (flip, flip, put, number, number, word, word, drop, repeat, cut, cross)


def mutated(seeds: Sequence[bytes], which: str) -> bytes:
    """One of the sound inputs, changed once or up to six times; the same for the same name."""
    chance = random.Random(which)
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        if not data:
            break
        chance.choice(MUTATIONS)(chance, data, seeds)
    return bytes(data)
