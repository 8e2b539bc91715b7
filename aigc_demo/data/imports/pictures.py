"""Pictures of all kinds to small squares, and those to the arrays that the picture families learn from."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from aigc_demo.core.disk import write_json
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.data.imports import captions, duplicates
from aigc_demo.data.imports.classes import Repeats, class_names, in_order, kohya_folders, said_of
from aigc_demo.data.imports.limits import MAX_ASPECT, MAX_PIXELS, MIN_PICTURES, MIN_SIDE
from aigc_demo.data.imports.listing import Item
from aigc_demo.data.imports.manifest import ImportedFile, Remark
from aigc_demo.data.imports.request import ImportRequest
from aigc_demo.media.uploads import read_upload
from aigc_demo.provenance.carrying import carried

GREY_LEVELS = 4  # red, green and blue that differ by less are a grey picture stored in colour


class PictureImport:
    """Takes pictures one by one into `pixels`, rows of (side, side[, 3]) bytes, then writes the data set."""

    def __init__(self, work: Path, request: ImportRequest, taken: Sequence[dict[str, Any]]) -> None:
        self.work, self.request = work, request
        self.count = len(_only_pictures(taken))
        self.shape = (
            (request.side, request.side) if request.colour == "grey" else (request.side, request.side, 3)
        )
        self.row_bytes = int(np.prod(self.shape))
        self.pixels = (work / "pixels").open("ab", buffering=0)
        self.pixels.truncate(self.count * self.row_bytes)  # without what a killed process did not tell of

    def take(self, item: Item) -> dict[str, Any]:
        """Decode a picture and write it as the next row, or read captions; the facts that `finish` needs of it."""
        if captions.holds_captions(item):
            return {"name": item.name, "sha256": "", **asdict(captions.read_beside(item, self.work))}
        if (self.count + 1) * self.row_bytes > MAX_PIXELS:
            raise InputError(
                en=f"{item.name} does not fit any more: {self.count:,} pictures fill the set; choose a smaller side.",
                zh=f"{item.name} 已放不下：{self.count:,} 张图片已满；请选择更小的边长。",
            )
        path = item.on_disk(self.work)
        upload = read_upload(path, name=item.name)
        picture = upload.picture
        width, height = picture.size
        if min(width, height) < max(MIN_SIDE, max(width, height) / MAX_ASPECT):
            raise InputError(
                en=f"{item.name} is {width} × {height} pixels, too small or a strip; give one nearer to a square.",
                zh=f"{item.name} 为 {width} × {height} 像素，太小或过于狭长；请提供更接近正方形的图片。",
            )
        colour = "L" if self.request.colour == "grey" else "RGB"
        square = np.asarray(make_square(picture.convert(colour), self.request.side, self.request.crop))
        data = path.read_bytes()
        facts = {
            "name": item.name,
            "stem": captions.stem_of(item.inner or item.name),
            "folder": item.folder,
            "remarks": [Remark.of(item.name, upload.note).model_dump()] if upload.note else [],
            "sha256": hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "width": width,
            "height": height,
            "ai_generated": carried(path).ai_generated,
            "grey": bool(square.ndim == 2 or np.ptp(square.astype(np.int16), axis=2).max() < GREY_LEVELS),
        }
        self.pixels.write(square.tobytes())
        self.count += 1
        return facts

    def finish(self, taken: Sequence[dict[str, Any]], out: Path) -> dict[str, Any]:
        """Find duplicates, split, and write images.safetensors to `out`; the fields of the manifest, and what was left out."""
        beside = [entry for entry in taken if "captions" in entry]
        taken = _only_pictures(taken)
        if len(taken) < MIN_PICTURES:
            raise _too_few(len(taken))
        rows = np.memmap(self.pixels.name, np.uint8, "r", shape=(len(taken), *self.shape))
        pairs = duplicates.near_pairs(rows)
        dropped = {second for _, second in pairs} if self.request.drop_duplicates else set()
        kept = [index for index in range(len(taken)) if index not in dropped]
        if len(kept) < MIN_PICTURES:
            raise _too_few(len(kept), len(dropped))
        folders = kohya_folders([entry["folder"] for entry in taken])
        told = captions_of(taken, beside, folders)
        names = class_names(classes_of([taken[index] for index in kept], beside, folders))
        classes = in_order(names)
        labels = dict(zip(kept, (classes.index(name) for name in names), strict=True))
        group = duplicates.groups(len(taken), pairs)
        # the least index of a group is never dropped, so the kept ones can be numbered anew
        places = {index: place for place, index in enumerate(kept)}
        chosen = duplicates.held_out(
            [taken[index]["sha256"] for index in kept],
            list(labels.values()),
            [places[group[index]] for index in kept],
            self.request.validation_share,
        )
        split = {index: "test" if test else "train" for index, test in zip(kept, chosen, strict=True)}
        channels = 1 if all(taken[index]["grey"] for index in kept) else 3
        sets = {name: [index for index in kept if split[index] == name] for name in ("train", "test")}
        sha256 = write_arrays(out / "images.safetensors", rows, sets, labels, channels)
        written = {name: [told.get(taken[i]["stem"], "") for i in part] for name, part in sets.items()}
        if any(map(any, written.values())):
            write_json(out / captions.FILE, written)
        files = [
            ImportedFile(
                name=entry["name"],
                sha256=entry["sha256"],
                class_name=classes[labels[index]] if index in labels else "",
                split=split.get(index, "dropped"),
                bytes=entry["bytes"],
                width=entry["width"],
                height=entry["height"],
                ai_generated=entry.get("ai_generated", False),
            )
            for index, entry in enumerate(taken)
        ]
        return {
            "files": files,
            "duplicates": [(taken[a]["name"], taken[b]["name"]) for a, b in pairs],
            "counts": {**{name: len(rows) for name, rows in sets.items()}, **_counted(written)},
            "classes": classes,
            "class_counts": {name: names.count(name) for name in classes},
            "side": self.request.side,
            "channels": channels,
            "sha256": captions.digest(sha256, written),
            "left_out": captions.without_picture(
                [entry["stem"] for entry in taken], [(entry["name"], entry["captions"]) for entry in beside]
            ),
            "remarks": [Remark.of(*said) for said in said_of(folders)],
            "more_settings": {"pixels_sha256": sha256},
        }


def _only_pictures(taken: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in taken if "captions" not in entry]


def captions_of(
    taken: Sequence[dict[str, Any]], beside: Sequence[dict[str, Any]], folders: Mapping[str, Repeats]
) -> dict[str, str]:
    """The captions by the pictures' stems: of a .caption file before others, of the folder where there is no other."""
    told = {entry["stem"]: folders[entry["folder"]].name for entry in taken if entry["folder"] in folders}
    for entry in sorted(beside, key=lambda entry: entry["name"].lower().endswith(".caption")):
        told |= entry["captions"]
    return told


def classes_of(
    taken: Sequence[dict[str, Any]], beside: Sequence[dict[str, Any]], folders: Mapping[str, Repeats]
) -> list[str]:
    """The class of each picture, "" for none: by a table of labels where there is one, else by folder."""
    tables = [entry["labels"] for entry in beside if entry["labels"] is not None]
    if tables:
        labels = {stem: label for table in tables for stem, label in table.items()}
        return [labels.get(entry["stem"], "") for entry in taken]
    return [
        folders[entry["folder"]].name if entry["folder"] in folders else entry["folder"] for entry in taken
    ]


def _counted(written: dict[str, list[str]]) -> dict[str, int]:
    count = sum(bool(text) for part in written.values() for text in part)
    return {"captions": count} if count else {}


def make_square(picture: Image.Image, side: int, crop: str) -> Image.Image:
    """The picture as (side, side), by Lanczos's filter, which averages where it makes smaller."""
    width, height = picture.size
    if crop == "pad":
        scale = side / max(width, height)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        paper = Image.new(picture.mode, (side, side), _border_tone(picture))
        small = picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        paper.paste(small, ((side - size[0]) // 2, (side - size[1]) // 2))
        return paper
    box = (0, 0, width, height)
    if crop == "centre":
        short = min(width, height)
        left, top = (width - short) / 2, (height - short) / 2
        box = (left, top, left + short, top + short)
    return picture.resize((side, side), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)


def _border_tone(picture: Image.Image) -> Any:
    """The median tone of the four edges, as Pillow takes a colour."""
    tones = np.asarray(picture)
    edges = np.concatenate([tones[0], tones[-1], tones[:, 0], tones[:, -1]])
    median = np.median(edges, axis=0)
    return tuple(int(value) for value in median) if median.ndim else int(median)


def write_arrays(
    path: Path, rows: np.ndarray, sets: dict[str, list[int]], labels: dict[int, int], channels: int
) -> str:
    """Write {train,test}_{images,labels} as safetensors, picture by picture; sha256 of the arrays' bytes.

    The format (huggingface.co/docs/safetensors) is the length of the header in 8 bytes, little-endian; the header, JSON
    with dtype, shape and place of each tensor; the bytes. Written here, since the library wants all pictures in memory.
    """
    side, header, place = rows.shape[1], {}, 0
    for name, chosen in sets.items():
        shape = [len(chosen), side, side] + ([3] if channels == 3 else [])
        for kind, dims in (("images", shape), ("labels", [len(chosen)])):
            size = int(np.prod(dims))
            header[f"{name}_{kind}"] = {"dtype": "U8", "shape": dims, "data_offsets": [place, place + size]}
            place += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for chosen in sets.values():
            for index in chosen:
                pixels = rows[index][..., 0] if channels == 1 and rows.ndim == 4 else rows[index]
                data = np.ascontiguousarray(pixels).tobytes()
                digest.update(data)
                file.write(data)
            data = bytes(labels[index] for index in chosen)
            digest.update(data)
            file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


def _too_few(count: int, dropped: int = 0) -> InputError:
    also = (
        Text(f" after {dropped} near-duplicates", f"（去除 {dropped} 张近似重复后）")
        if dropped
        else Text("", "")
    )
    return InputError(
        en=f"Only {count} pictures can be used{also.en}; give at least {MIN_PICTURES}, better 20 or more.",
        zh=f"可用的图片只有 {count} 张{also.zh}；至少需要 {MIN_PICTURES} 张，最好 20 张以上。",
    )
