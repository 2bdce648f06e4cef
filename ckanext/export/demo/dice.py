"""Repeatable chance: every number is drawn from a key, never from a generator with a memory.

Whatever is drawn for one entity and one moment is therefore the same whether the lake has three
days or three hundred, five homes or five hundred, and whichever is made first.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

import pyarrow as pa

from ..compute import pc

T = TypeVar("T")

# The constants of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
# generators, OOPSLA 2014).
_STEP = 0x9E3779B97F4A7C15
_MIX_ONE = 0xBF58476D1CE4E5B9
_MIX_TWO = 0x94D049BB133111EB


def seed_of(*parts: object) -> int:
    """A 64-bit seed that depends on nothing but the text of `parts`."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "little")


def choose(options: Sequence[T], *parts: object) -> T:
    """One of `options`, always the same for the same `parts`."""
    return options[seed_of(*parts) % len(options)]


def between(low: float, high: float, *parts: object) -> float:
    """A number from `low` to `high`, always the same for the same `parts`."""
    return low + (high - low) * (seed_of(*parts) / 2**64)


def draw(seeds: pa.Array, moments: pa.Array, purpose: str) -> pa.Array:
    """A double in [0, 1) per pair of an entity's seed and a moment; other purpose, other number."""
    moments = pc.add(moments.cast(pa.uint64()), _unsigned(seed_of(purpose)))
    mixed = pc.add(seeds, pc.multiply(moments, _unsigned(_STEP)))
    mixed = pc.multiply(_fold(mixed, 30), _unsigned(_MIX_ONE))
    mixed = pc.multiply(_fold(mixed, 27), _unsigned(_MIX_TWO))
    mantissa = pc.shift_right(_fold(mixed, 31), _unsigned(11))
    return pc.multiply(mantissa.cast(pa.float64()), 2.0**-53)


def _fold(numbers: pa.Array, bits: int) -> pa.Array:
    return pc.bit_wise_xor(numbers, pc.shift_right(numbers, _unsigned(bits)))


def _unsigned(number: int) -> pa.Scalar:
    return pa.scalar(number, pa.uint64())
