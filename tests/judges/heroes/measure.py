"""What a model that draws heroes makes of sentences: parts right by slot, beside the real pictures of the same heroes.

Captions name every part of heroes, held-out ones, of which each has a pair of attributes that training never shows on
one hero, and as many seen ones with as many parts; English and Chinese by turns. Each is drawn once, by the model's own steps and guidance, and
nothing is selected.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from aigc_demo.core.settings import Settings
from aigc_demo.data.heroes import Hero, Heroes, open_material
from aigc_demo.metrics.features import frechet, inside
from aigc_demo.metrics.pictures import nearest
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.runtime.registry import find_card
from tests.judges.heroes.drawing import draw_each
from tests.judges.heroes.figures import Share, difference, halves, shares
from tests.judges.heroes.networks import Judge, load_judge
from tests.judges.heroes.sheet import write_pairs, write_sheet

LANGUAGES = ("en", "zh")
KINDS = ("held out", "seen")
NEAREST_AMONG, NEAREST_SHOWN = 5000, 8
SPARE = 6  # seen heroes to choose from for each held-out one
LIKENESS_AT_MOST = 4000  # distances between all pairs are held at once
PROMISED = {"real": 0.02, "zh": 0.02, "seen": 0.05}  # how far the drawn parts may be behind


@dataclass(frozen=True)
class Drawn:
    """Heroes that were asked for, the language of each caption, what came of it, and their real pictures."""

    heroes: list[Hero]
    captions: list[str]
    pictures: Tensor
    real: Tensor


def measure(
    model_id: str,
    settings: Settings,
    count: int,
    seed: int,
    sheet: Path | None = None,
    most_seen: int | None = None,
) -> dict[str, Any]:
    """All figures of a model; `sheet`: where 24 captions a language are drawn four times, and the nearest of eight."""
    judge, known = load_judge()
    material = open_material(settings.data_dir / "heroes")
    same_table(material, known)
    card, cache = find_card(model_id, settings, "draw"), ModelCache(settings)
    heroes = chosen(material, count, most_seen or count, seed)
    with cache.use(card) as model:
        drawn = {kind: draw(model, material, heroes[kind], seed + i) for i, kind in enumerate(KINDS)}
        if sheet:
            write_sheet(model, material, seed, sheet)
    found = {kind: judged(judge, material, part) for kind, part in drawn.items()}
    pairs, differing = nearest_seen(drawn["held out"], material, seed)
    if sheet:
        write_pairs(drawn["held out"].pictures[:NEAREST_SHOWN], pairs, sheet)
    return {
        "model": model_id,
        "seed": seed,
        "judge": known["own_accuracy"]["parts"],
        **{kind: {name: of.said() for name, of in part.items()} for kind, part in found.items()},
        "differences": {name: of.said() for name, of in differences(found).items()},
        "likeness": likeness(judge, drawn["held out"]),
        "nearest": differing,
    }


def same_table(material: Heroes, known: Mapping[str, Any]) -> None:
    """A SystemExit where the judge was trained on other attributes than the material has."""
    now = {slot.key: [a.words.en for a in slot.attributes] for slot in material.table.slots}
    if now != known["attributes"]:
        raise SystemExit("the table of heroes has changed since the judge was trained; train it anew")


def chosen(material: Heroes, count: int, most_seen: int, seed: int) -> dict[str, list[Hero]]:
    """Held-out heroes, and seen ones with as many parts each: what wears more hides more, and has more pairs."""
    generator = torch.Generator().manual_seed(1_000_003 * (seed + 1))
    held_out = material.sample(count, generator, held_out=True)
    spare: dict[int, list[Hero]] = {}
    for hero in material.sample(SPARE * min(count, most_seen), generator, held_out=False):
        spare.setdefault(parts(hero), []).append(hero)
    seen = []
    for hero in held_out[:most_seen]:
        nearest_number = min(spare, key=lambda number: abs(number - parts(hero)))
        seen.append(spare[nearest_number].pop())
        if not spare[nearest_number]:
            del spare[nearest_number]
    return dict(zip(KINDS, (held_out, seen), strict=True))


def parts(hero: Hero) -> int:
    """How many slots are filled."""
    return sum(attribute is not None for attribute in hero.attributes)


def draw(model: Any, material: Heroes, heroes: list[Hero], seed: int) -> Drawn:
    """Captions of all parts in both languages by turns, and a picture of each."""
    generator = torch.Generator().manual_seed(1_000_003 * (seed + 2))
    captions = [
        material.caption(hero, LANGUAGES[i % 2], generator, full=True) for i, hero in enumerate(heroes)
    ]
    return Drawn(heroes, captions, draw_each(model, captions, seed), material.compose(heroes))


def judged(judge: Judge, material: Heroes, drawn: Drawn) -> dict[str, Share]:
    """Parts right by slot and over all, by language, and of the same heroes' real pictures."""
    asked = material.labels(drawn.heroes)
    found, on_real = judge.judge(drawn.pictures)[0], judge.judge(drawn.real)[0]
    result = shares(found, asked, material.slots)
    for place, lang in enumerate(LANGUAGES):
        result[lang] = shares(found[place::2], asked[place::2], material.slots)["parts"]
    real = shares(on_real, asked, material.slots)
    return result | {f"real {name}": share for name, share in real.items()}


def differences(found: Mapping[str, Mapping[str, Share]]) -> dict[str, Share]:
    """How far the drawn parts are behind: the real pictures, Chinese behind English, held-out pairs behind seen ones."""
    held, seen = found["held out"], found["seen"]
    return {
        "real": difference(held["real parts"], held["parts"]),
        "zh": difference(held["en"], held["zh"]),
        "seen": difference(seen["parts"], held["parts"]),
    }


def likeness(judge: Judge, drawn: Drawn) -> dict[str, float]:
    """FD-local on the judge's features, its ratio to the floor, precision and recall, to the same heroes' real pictures.

    The floor is the distance of one half of the real pictures from the other; what is held against it are the drawn
    pictures of the first half's captions and the real ones of the second, as many.
    """
    a = judge.judge(drawn.pictures[:LIKENESS_AT_MOST])[1]
    b = judge.judge(drawn.real[:LIKENESS_AT_MOST])[1]
    first, second = halves(len(a))
    floor, distance = frechet(b[first], b[second]), frechet(a[first], b[second])
    figures = {
        "fd_local": frechet(a, b),
        "fd_floor": floor,
        "fd_ratio": distance / max(floor, 1e-9),
        "precision": inside(a[first], b[second]),
        "recall": inside(b[second], a[first]),
        "real precision": inside(b[first], b[second]),
    }
    return {name: round(value, 4) for name, value in figures.items()} | {"pictures": len(a)}


def nearest_seen(drawn: Drawn, material: Heroes, seed: int) -> tuple[Tensor, list[dict[str, Any]]]:
    """Of eight drawn pictures the nearest of many heroes of the kind that training shows: pictures, and how they differ."""
    generator = torch.Generator().manual_seed(1_000_003 * (seed + 7))
    count = min(NEAREST_SHOWN, len(drawn.heroes))
    seen = material.sample(NEAREST_AMONG, generator, held_out=False)
    pictures = material.compose(seen)
    distances, places = nearest(drawn.pictures[:count].float(), pictures.float(), 1)
    found = [seen[place] for place in places[:, 0].tolist()]
    said = [
        {
            "asked": drawn.captions[i],
            "nearest": material.caption(found[i], "en", generator, full=True),
            "slots that differ": differing(drawn.heroes[i].attributes, found[i].attributes),
            "distance a value": round(float(distances[i, 0]) / pictures[0].numel() ** 0.5, 2),
        }
        for i in range(count)
    ]
    return pictures[places[:, 0]], said


def differing(a: Sequence[int | None], b: Sequence[int | None]) -> int:
    """In how many slots two heroes are not dressed alike."""
    return sum(one != other for one, other in zip(a, b, strict=True))


def told(figures: Mapping[str, Any], slots: Sequence[str]) -> str:
    """The figures as a table."""
    lines = [f"{figures['model']}, seed {figures['seed']}; the judge itself: {share(figures['judge'])}", ""]
    for kind in KINDS:
        part = figures[kind]
        lines.append(f"{kind:12} {'drawn':34} real pictures of the same heroes")
        lines += [
            f"  {name:10} {share(part[name]):34} {share(part[f'real {name}'])}"
            for name in (*slots, "parts", "empty")
        ]
        lines += [*(f"  {lang:10} {share(part[lang])}" for lang in LANGUAGES), ""]
    lines.append("behind, in points: " + "; ".join(behind(name, figures) for name in PROMISED))
    lines.append(" ".join(f"{name} {value}" for name, value in figures["likeness"].items()))
    lines += [json.dumps(entry, ensure_ascii=False) for entry in figures["nearest"]]
    return "\n".join(lines)


def share(said: Mapping[str, float]) -> str:
    """A share as a reader has it."""
    return str(Share(**said))


def behind(name: str, figures: Mapping[str, Any]) -> str:
    """One of the differences, beside what was promised."""
    of, most = figures["differences"][name], PROMISED[name]
    verdict = "met" if of["value"] <= most else "MISSED"
    return f"{name} {100 * of['value']:.1f} [{100 * of['low']:.1f}, {100 * of['high']:.1f}], at most {100 * most:.0f}: {verdict}"
