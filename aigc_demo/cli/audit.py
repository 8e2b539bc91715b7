"""audit: does a model copy what it was trained on, and which classes does it draw."""

from aigc_demo.actions.audit import AuditRequest, AuditSettings, PictureAudit, TextAudit, look_closer
from aigc_demo.cli.flags import Answer, Asked, values_of
from aigc_demo.cli.look import table
from aigc_demo.schemas import check

LEVELS = {
    "green": ("copies are rare or absent", "几乎没有复制"),
    "amber": ("copies are more than one in a hundred", "复制超过百分之一"),
    "red": ("copies are more than one in twenty", "复制超过二十分之一"),
}


def audit(asked: Asked) -> Answer:
    """Look closer at a model: copies, and classes."""
    request = check(AuditRequest, {**values_of(AuditSettings, asked.flags), "model": asked.flags.model_id})
    found = look_closer(request, asked.cache)
    zh = asked.lang == "zh"
    words = _pictures(found, zh) if isinstance(found, PictureAudit) else _texts(found, zh)
    data = {name: value for name, value in vars(found).items() if name not in ("card", "pairs")}
    data |= {"model": found.card.id, "seed": request.seed, "level": found.level}
    if isinstance(found, PictureAudit):
        data["nearest_pair_ratios"] = [pair.ratio for pair in found.pairs]
    return Answer(data, words + "\n" + LEVELS[found.level][zh])


def _pictures(found: PictureAudit, zh: bool) -> str:
    rows = [
        ("样本数", "samples", str(found.count)),
        ("对照的训练图片", "training pictures compared with", str(found.compared)),
        ("复制的样本", "samples that are copies", _share(found.copies)),
        ("同样判断下的留出图片", "held-out pictures by the same rule", _share(found.copies_held_out)),
        ("最近距离比的中位数", "median nearest ratio", f"{found.nearest_ratio:.3f}"),
    ]
    if found.trained is not None and found.generated is not None:
        rows += [
            ("类别比例的总变差", "class shares, total variation", _share(found.total_variation)),
            ("同样多的留出图片", "of as many held-out pictures", _share(found.total_variation_held_out)),
            ("类别判断的准确率", "right about held-out classes", _share(found.vote_accuracy)),
            ("判为所要求类别", "taken for the class asked for", _share(found.as_asked)),
        ]
        names = found.card.classes["zh" if zh else "en"]
        for name, trained, generated in zip(names, found.trained, found.generated, strict=True):
            said = f"{trained:.1%} -> {generated:.1%}"
            rows.append((f"{name}（训练 -> 生成）", f"{name} (trained -> generated)", said))
    return _rows(rows, zh)


def _texts(found: TextAudit, zh: bool) -> str:
    rows = [
        ("篇数与字符数", "texts, characters", f"{found.count}, {found.characters}"),
        ("对照的训练文字", "characters of training text compared with", str(found.compared)),
        ("最长的复制段落（字符）", "longest copied passage, characters", str(len(found.longest))),
        ("留出文字中的最长段落", "of held-out text", str(found.longest_held_out)),
        ("复制的 50 字符窗口", "windows of 50 characters that are copies", _share(found.copies)),
        ("留出文字的窗口", "of held-out text", _share(found.copies_held_out)),
        ("段落", "passage", found.longest),
    ]
    return _rows(rows, zh)


def _rows(rows: list[tuple[str, str, str]], zh: bool) -> str:
    return table([(in_zh if zh else en, value) for in_zh, en, value in rows])


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
