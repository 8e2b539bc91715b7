"""A file of rules as the app uses it: facts in, a text out, piece by piece, each with the exact odds of its choice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aigc_demo.core.errors import InputError
from aigc_demo.core.stopping import Stop, never
from aigc_demo.core.words import Text
from aigc_demo.families.templates.conditions import Value
from aigc_demo.families.templates.expand import Expansion, Node
from aigc_demo.families.templates.facts import read_facts
from aigc_demo.families.templates.rules import FILE, SLOT, RuleFile, read_rules
from aigc_demo.models.derivation import Branch
from aigc_demo.models.protocols import Step, TokenChoice

if TYPE_CHECKING:
    from torch import Tensor

SHOWN = 8  # other choices at a place
TRIES = 2000  # texts that are drawn to find one with a given beginning


@dataclass(frozen=True)
class Piece:
    """A piece of text, and the choices that were made just before it: nodes, the outermost first."""

    text: str
    made: tuple[Node, ...]


class RuleWriter:
    """A TextModel that draws nothing from a network. It has no tokens but its pieces, and no attention."""

    forms: tuple[str, ...] = ()
    context_length, layers, heads = 400, 0, 0

    def __init__(self, rules: RuleFile) -> None:
        self.rules = rules
        self.language = next(iter(rules.start))

    @classmethod
    def load(cls, folder: Path) -> "RuleWriter":
        """The rules in a folder; an InputError where they are missing or not sound."""
        return cls(read_rules(folder / FILE))

    def check_prompt(self, prompt: str, prompt_is: str = "title") -> Text | None:
        """What is said of the prompt: whether the example's facts stand in for it; InputError where its facts do not fit."""
        self.facts_of(prompt)
        if prompt.strip() or not self.rules.facts:
            return None
        example = self.rules.example
        return Text(
            f"No facts were given; these are used: {example.get('en', '-')}",
            f"没有给出事实，采用：{example.get('zh', '-')}",
        )

    def facts_of(self, prompt: str) -> tuple[dict[str, Value], str]:
        """The facts of a prompt, or of the example where it is empty, and the language."""
        example = self.rules.example
        stand_in = example.get(self.language) or next(iter(example.values()), "")
        return read_facts(prompt if prompt.strip() else stand_in, self.rules)

    def generate(
        self,
        prompt: str,
        *,
        count: int = 1,
        seed: int = 0,
        temperature: float = 1.0,
        continue_from: str = "",
        stop: Stop = never,
        **others: Any,
    ) -> Iterator[Step]:
        """`count` texts of the facts in the prompt, a Step each piece; text i by the seed `seed + i`.

        With `continue_from` texts are drawn until one begins so. The settings `others` are those of networks.
        """
        trees = [self.tree(prompt, seed + index, temperature, continue_from) for index in range(count)]
        rows = [[choice_of(piece, place) for place, piece in enumerate(pieces(tree))] for tree in trees]
        for index in range(max(map(len, rows))):
            if stop():
                return
            yield Step(index, [row[index] if index < len(row) else None for row in rows])
        yield Step(max(map(len, rows)), [None] * count)

    def tree(self, prompt: str, seed: int, temperature: float, beginning: str = "") -> Node:
        """The derivation of a text; with a `beginning` the first of those drawn that begins so."""
        facts, lang = self.facts_of(prompt)
        for attempt in range(TRIES if beginning else 1):
            own = seed if not attempt else f"{seed}-{attempt}"
            tree = Expansion(self.rules, facts, own, temperature).expand(self.rules.start[lang])
            if tree.text.startswith(beginning):
                return tree
        raise InputError(
            en=f"None of {TRIES} texts by these rules begins so; choose another way to go on.",
            zh=f"按这些规则写出的 {TRIES} 篇都不这样开头；请换一种续写方式。",
        )

    def derivation(self, prompt: str, seed: int, temperature: float, continue_from: str = "") -> Branch:
        """Which rule filled which slot of the text that `generate` writes by this seed."""
        return branch_of(self.tree(prompt, seed, temperature, continue_from))

    def attentions(self, ids: Sequence[int]) -> tuple[list[str], "Tensor"]:
        """There is none to show."""
        raise InputError(
            en="Rules have no attention; the tree of rules shows how this text came about.",
            zh="规则没有注意力；规则树展示了这段文字是怎样得来的。",
        )


def pieces(tree: Node) -> Iterator[Piece]:
    """The text of a tree, piece by piece, each with the choices that no piece before it has shown."""
    waiting: list[Node] = []

    def walk(node: Node) -> Iterator[Piece]:
        waiting.extend(made for made in (*node.first, node) if made.others)
        for part in node.parts:
            if isinstance(part, Node):
                yield from walk(part)
            elif part:
                made = tuple(waiting)
                waiting.clear()
                yield Piece(part, made)

    yield from walk(tree)


def choice_of(piece: Piece, place: int) -> TokenChoice:
    """A piece with its odds: the product of the choices before it; and what else could have stood there.

    The others are those of each choice, given the ones outside it as they were made: exact, and with the piece they sum to 1.
    """
    outside, others = 1.0, []
    for node in piece.made:
        others += [(beginning_of(choice.text), outside * share) for choice, share in node.others]
        outside *= node.share
    others.sort(key=lambda other: -other[1])
    shown = sorted([(piece.text, outside), *others[: SHOWN - 1]], key=lambda other: -other[1])
    return TokenChoice(piece.text, place, outside, shown, sum(share > outside for _, share in others))


def beginning_of(template: str) -> str:
    """The words of a template up to its first slot, and the slot's name where it begins with one."""
    first = SLOT.search(template)
    if first is None:
        return template
    return template[: first.start()] or f"<{first[1].partition('|')[0]}>"


def branch_of(node: Node) -> Branch:
    """A node as the page shows it."""
    before = (
        Branch(f"{made.name} → {made.text}", made.share, len(made.others) + 1, ()) for made in node.first
    )
    parts = tuple(part if isinstance(part, str) else branch_of(part) for part in node.parts)
    return Branch(node.name, node.share, len(node.others) + 1, (*before, *parts), node.given)
