r"""A rule is expanded from the start symbol down; which of its alternatives is taken is drawn by their weights.

$p(a \mid \text{rule}) = w_a \big/ \sum_b w_b$, the sum over the alternatives $b$ whose condition holds. The odds of a
derivation are the product of those of its choices: $p(d) = \prod_i p(a_i)$. That is a probabilistic context-free grammar
whose alternatives may look at the facts. (Booth and Thompson 1973; the notation is near Tracery, Compton et al. 2015.)
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aigc_demo.core.errors import InputError
from aigc_demo.families.templates.agreement import agree
from aigc_demo.families.templates.conditions import Value
from aigc_demo.families.templates.facts import given, shown
from aigc_demo.families.templates.rules import SLOT, Alternative, RuleFile, read_slot

DEEP = 24  # expansions within each other; below, the way that ends soonest is taken
MOST_PIECES = 4000


@dataclass
class Node:
    """A rule (or a fact, which chooses nothing) and what it was expanded to: pieces of text, and nodes.

    share: the odds of the alternative taken. others: what else could have been taken, with its odds. first: rules that
    had to be expanded before it could be told which of its conditions hold; their text stands elsewhere.
    """

    name: str
    share: float = 1.0
    others: list[tuple[Alternative, float]] = field(default_factory=list)
    parts: list["Node | str"] = field(default_factory=list)
    given: bool = False
    first: list["Node"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What it came to."""
        return "".join(part if isinstance(part, str) else part.text for part in self.parts)


class Expansion:
    """One text: facts, chance, and what was already expanded once."""

    def __init__(
        self, rules: RuleFile, facts: Mapping[str, Value], seed: int, temperature: float = 1.0
    ) -> None:
        self.rules, self.facts, self.temperature = rules, dict(facts), temperature
        self.random, self.pieces = random.Random(seed), 0
        self.done: dict[str, Node] = {}

    def expand(self, name: str, depth: int = 0) -> Node:
        """A rule as a tree; an InputError where none of its conditions holds, or the text has no end."""
        if name in self.facts and name not in self.rules.rules:
            return Node(name, parts=[shown(self.facts[name])], given=True)
        if name in self.done:
            return Node(name, parts=[self.done[name].text], given=True)
        first = self.settle(name)
        choices = self.choices(name)
        taken = self.draw(choices, depth)
        node = Node(
            name, choices[taken][1], [choice for place, choice in enumerate(choices) if place != taken]
        )
        node.first = first
        node.parts = list(self.fill(choices[taken][0].text, depth))
        if name in self.rules.once:
            self.done[name], self.facts[name] = node, node.text
        return node

    def settle(self, name: str) -> list[Node]:
        """Expand what is expanded once and a condition of this rule asks for, where that has not been done."""
        texts = {choice.when for choice in self.rules.rules.get(name, ()) if choice.when}
        asked = set().union(*(self.rules.conditions[text].names() for text in texts)) & set(self.rules.once)
        return [self.expand(other) for other in sorted(asked) if other not in self.done and other != name]

    def choices(self, name: str) -> list[tuple[Alternative, float]]:
        """The alternatives of a rule whose conditions hold, with their odds."""
        conditions = self.rules.conditions
        open_ones = [
            choice
            for choice in self.rules.rules.get(name, ())
            if not choice.when or conditions[choice.when].holds(self.facts)
        ]
        if not open_ones:
            raise InputError(
                en=f"The rule {name} has nothing to say where {given(self.facts) or 'nothing is given'}; add an alternative for it.",
                zh=f"在 {given(self.facts) or '没有事实'} 时，规则 {name} 无话可说；请为它增加一个选项。",
            )
        total = sum(choice.weight for choice in open_ones)
        return [(choice, choice.weight / total) for choice in open_ones]

    def draw(self, choices: list[tuple[Alternative, float]], depth: int) -> int:
        """Which alternative is taken: by its odds $p^{1 / \\tau}$; the likeliest at 0; far down, the one that ends soonest."""
        chance = self.random.random()
        if depth > DEEP:
            return min(
                range(len(choices)),
                key=lambda place: self.rules.height(choices[place][0], self.rules.heights) or 0,
            )
        if self.temperature == 0:
            return max(range(len(choices)), key=lambda place: choices[place][1])
        weights = [share ** (1 / self.temperature) for _, share in choices]
        rest = chance * sum(weights)
        for place, weight in enumerate(weights):
            rest -= weight
            if rest < 0:
                return place
        return len(choices) - 1

    def fill(self, template: str, depth: int) -> Iterator["Node | str"]:
        """The pieces of a template, its slots filled."""
        end = 0
        for slot in SLOT.finditer(template):
            if slot.start() > end:
                yield template[end : slot.start()]
            yield self.slot(slot[1], depth)
            end = slot.end()
            self.pieces += 1
            if self.pieces > MOST_PIECES:
                raise InputError(
                    en=f"These rules write more than {MOST_PIECES} pieces; give the longer alternatives less weight.",
                    zh=f"这些规则写出了超过 {MOST_PIECES} 个片段；请减小较长选项的权重。",
                )
        if end < len(template):
            yield template[end:]

    def slot(self, inside: str, depth: int) -> Node:
        """What fills a slot, agreeing with its neighbours."""
        slot = read_slot(inside)
        if slot.name not in self.facts and slot.name not in self.rules.rules:
            raise InputError(
                en=f"{slot.name} is missing; a rule asks for it, so give it, or put a condition before it.",
                zh=f"缺少 {slot.name}；有规则需要它，请给出，或为该规则加上条件。",
            )
        node = self.expand(slot.name, depth + 1)
        if slot.modifier:
            words = tuple(shown(self.facts[word]) if word in self.facts else word for word in slot.words)
            return Node(
                node.name,
                node.share,
                node.others,
                [agree(node.text, slot.modifier, words, self.rules.measures)],
                node.given,
            )
        return node
