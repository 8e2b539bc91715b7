"""The label that one hears: "AI" in Morse rhythm, short long, short short, before the sound itself."""

import numpy as np

MORSE = ".- .."  # A, I: the rhythm that GB 45438-2025 names for sound
UNIT = (
    0.08  # seconds of a dot; a dash is three, a gap in a letter one, between letters three, at the end seven
)
PITCH, LEVEL = 880.0, 0.25  # Hz; amplitude
FADE = 0.008  # seconds: a tone that begins at full strength clicks


def morse_notice(rate: int) -> np.ndarray:
    """The notice alone: int16 (T,) at `rate` Hz, about 2 s with the pause after it."""
    parts: list[np.ndarray] = []
    for sign in MORSE:
        parts.append(_silence(rate, 2) if sign == " " else _tone(rate, 1 if sign == "." else 3))
        if sign != " ":
            parts.append(_silence(rate, 1))
    return np.concatenate([*parts, _silence(rate, 6)]).astype(np.int16)


def with_notice(sound: np.ndarray, rate: int) -> np.ndarray:
    """Sound of 16 bits, (T,) or (T, channels), behind the notice."""
    notice = morse_notice(rate)
    if sound.ndim == 2:
        notice = np.repeat(notice[:, None], sound.shape[1], axis=1)
    return np.concatenate([notice, sound])


def _silence(rate: int, units: int) -> np.ndarray:
    return np.zeros(round(units * UNIT * rate))


def _tone(rate: int, units: int) -> np.ndarray:
    time = np.arange(round(units * UNIT * rate)) / rate
    edge = np.minimum(time, time[-1] - time) / FADE
    return LEVEL * 32767 * np.sin(2 * np.pi * PITCH * time) * np.clip(edge, 0, 1)
