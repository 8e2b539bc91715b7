"""Where the Models tab's entries come from: the disk, the catalogue, Python packages, the hub; and whether a model fits this machine."""

from collections.abc import Iterator

from aigc_demo import hub
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import runs_here
from aigc_demo.runtime import memory_plan, registry
from aigc_demo.schemas.tasks import abilities
from aigc_demo.ui.models.listing import Entry
from aigc_demo.ui.page.context import Context

BYTES_A_PARAMETER = 2  # as the hub's newer models are stored; where nobody says how large one is


def here(context: Context) -> list[Entry]:
    """Every model that can be used now: shipped, trained here, fetched, or on a server; and the adapters of such."""
    return [
        Entry(
            card.id,
            card.title,
            card.tasks,
            card.licence,
            folder_bytes(card),
            here=True,
            base=card.base,
            summary=card.summary,
        )
        for card in registry.all_cards(context.settings)
        if card.tasks or card.base
    ]


def catalogue(context: Context) -> list[Entry]:
    """The models that the app knows by name: what does not fit last, recommended ones first, by the tabs that use them."""
    own = {card.id for card in registry.all_cards(context.settings)}
    known = {entry.id: entry for entry in hub.catalogue()}
    listed = [from_catalogue(entry, entry.id in own, context) for entry in known.values()]
    order = abilities()
    return sorted(
        listed,
        key=lambda one: (
            one.fit == "no",
            not known[one.id].recommended,
            order.index(one.tasks[0]) if one.tasks else len(order),
            one.size,
        ),
    )


def packages(context: Context) -> list[Entry]:
    """The models that Python packages carry."""
    own = {card.id for card in registry.all_cards(context.settings)}
    return [
        Entry(
            model.id,
            model.title,
            model.tasks,
            model.licence,
            model.file_bytes,
            here=model.id in own,
            fit=plan(hub.find_entry(model.id).card(), context).fit,
            summary=model.summary,
        )
        for model in hub.all_carried()
    ]


def from_catalogue(entry: hub.Entry, here: bool, context: Context) -> Entry:
    """An entry of the catalogue, with its fit."""
    return Entry(
        entry.id,
        entry.title,
        entry.tasks,
        entry.licence,
        entry.download_bytes,
        gated=entry.gated,
        here=here,
        fit=plan(entry.card(), context).fit,
        summary=entry.summary,
    )


def searched(words: str, task: str, context: Context) -> list[Entry]:
    """What the catalogue and the hub have under these words."""
    return [
        from_catalogue(line.entry, line.here, context)
        if line.entry
        else Entry(
            line.id,
            None,
            line.tasks,
            line.licence,
            BYTES_A_PARAMETER * line.parameters,
            gated=line.gated,
            here=line.here,
        )
        for line in hub.search(words, "" if task == "any" else task, context.settings)
    ]


def plan(card: ModelCard, context: Context) -> memory_plan.MemoryPlan:
    """How a model would lie in this machine's memory. The device is not waited for: until torch is there, the CPU."""
    device, held = context.cache.known_device(), sum(context.cache.loaded().values())
    return memory_plan.plan(card, device.name if device else "cpu", context.cache.budget, held)


def fit_said(card: ModelCard, context: Context, lang: str) -> str:
    """The same in words, with figures; nothing for a model on a server, or of a size that nobody says."""
    return plan(card, context).words.say(lang) if card.parameters else ""


def folder_bytes(card: ModelCard) -> int:
    """Bytes of a model's files on this disk; 0 for a model on a server."""
    if not runs_here(card.family):
        return 0
    return hub.size_on_disk(card)


def servers_said(context: Context, lang: str) -> Iterator[str]:
    """How the text server that the settings name stands, if they name one."""
    if not context.settings.text_server or context.settings.offline:
        return
    for standing in registry.standings(context.settings):
        if standing.answers and standing.does == "chat":
            yield context.words.say("models.server_answers", lang, count=len(standing.cards))
        elif standing.trouble:
            yield context.words.say("models.server_down", lang, cause=standing.trouble.say(lang))


def hub_said(context: Context, lang: str) -> str:
    """Which hub would be asked, and whether a token is set; or that the app is offline."""
    say = context.words.say
    if hub.is_offline(context.settings):
        return say("models.offline", lang)
    token = say(f"models.token_{'set' if has_token() else 'none'}", lang)
    return say("models.hub_is", lang, hub=endpoint(), token=token)


def has_token() -> bool:
    """Whether the hub's client has a token to send; which one is nobody's business."""
    from huggingface_hub import get_token

    return bool(get_token())


def endpoint() -> str:
    """The address of the hub, or of the mirror that HF_ENDPOINT names."""
    from huggingface_hub import constants

    return constants.ENDPOINT
