"""audit: does a model copy what it was trained on, and which classes does it draw."""

from aigc_demo.actions.audit import AuditRequest, AuditSettings, PictureAudit, TextAudit, look_closer
from aigc_demo.cli.flags import Answer, Asked, values_of
from aigc_demo.cli.look import table
from aigc_demo.core.words import Text
from aigc_demo.schemas import check

LEVELS = {
    "green": Text("copies are rare or absent", "几乎没有复制"),
    "amber": Text("copies are more than one in a hundred", "复制超过百分之一"),
    "red": Text("copies are more than one in twenty", "复制超过二十分之一"),
}


def audit(asked: Asked) -> Answer:
    """Look closer at a model: copies, and classes."""
    request = check(AuditRequest, {**values_of(AuditSettings, asked.flags), "model": asked.flags.model_id})
    found = look_closer(request, asked.cache)
    words = _pictures(found, asked.lang) if isinstance(found, PictureAudit) else _texts(found, asked.lang)
    data = {name: value for name, value in vars(found).items() if name not in ("card", "pairs")}
    data |= {"model": found.card.id, "seed": request.seed, "level": found.level}
    if isinstance(found, PictureAudit):
        data["nearest_pair_ratios"] = [pair.ratio for pair in found.pairs]
    return Answer(data, words + "\n" + LEVELS[found.level].say(asked.lang))


def _pictures(found: PictureAudit, lang: str) -> str:
    rows = [
        (Text("samples", "样本数"), str(found.count)),
        (Text("training pictures compared with", "对照的训练图片"), str(found.compared)),
        (Text("samples that are copies", "复制的样本"), _share(found.copies)),
        (Text("held-out pictures by the same rule", "同样判断下的留出图片"), _share(found.copies_held_out)),
        (Text("median nearest ratio", "最近距离比的中位数"), f"{found.nearest_ratio:.3f}"),
    ]
    if found.trained is not None and found.generated is not None:
        rows += [
            (Text("class shares, total variation", "类别比例的总变差"), _share(found.total_variation)),
            (
                Text("of as many held-out pictures", "同样多的留出图片"),
                _share(found.total_variation_held_out),
            ),
            (Text("right about held-out classes", "类别判断的准确率"), _share(found.vote_accuracy)),
            (Text("taken for the class asked for", "判为所要求类别"), _share(found.as_asked)),
        ]
        names = found.card.classes[lang]
        for name, trained, generated in zip(names, found.trained, found.generated, strict=True):
            said = f"{trained:.1%} -> {generated:.1%}"
            rows.append((Text(f"{name} (trained -> generated)", f"{name}（训练 -> 生成）"), said))
    return _rows(rows, lang)


def _texts(found: TextAudit, lang: str) -> str:
    rows = [
        (Text("texts, characters", "篇数与字符数"), f"{found.count}, {found.characters}"),
        (Text("characters of training text compared with", "对照的训练文字"), str(found.compared)),
        (Text("longest copied passage, characters", "最长的复制段落（字符）"), str(len(found.longest))),
        (Text("of held-out text", "留出文字中的最长段落"), str(found.longest_held_out)),
        (Text("windows of 50 characters that are copies", "复制的 50 字符窗口"), _share(found.copies)),
        (Text("of held-out text", "留出文字的窗口"), _share(found.copies_held_out)),
        (Text("passage", "段落"), found.longest),
    ]
    return _rows(rows, lang)


def _rows(rows: list[tuple[Text, str]], lang: str) -> str:
    return table([(name.say(lang), value) for name, value in rows])


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"
