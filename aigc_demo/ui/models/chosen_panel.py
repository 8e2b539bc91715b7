"""The right of the Models tab: one model's card, what fetching it would take, how that goes on, and what to do with it."""

from collections.abc import Iterator
from typing import Any

import gradio as gr

from aigc_demo import hub
from aigc_demo.core.errors import InputError
from aigc_demo.models.cards import ModelCard
from aigc_demo.models.family import runs_here
from aigc_demo.publish import can_publish, publish_zip
from aigc_demo.runtime import registry
from aigc_demo.schemas.tasks import serving_tasks, tab_of
from aigc_demo.ui.models import card_view as view
from aigc_demo.ui.models import sources as source
from aigc_demo.ui.page import pictures
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, QUICK, index_of
from aigc_demo.ui.page.no_model import bytes_said
from aigc_demo.ui.page.panels import pick_list
from aigc_demo.ui.page.toasts import inform
from aigc_demo.ui.page.widgets import download

SECONDS = 1.0


class ChosenPanel:
    """Components and handlers; `model` is the id of the model that is shown, `uses` the buttons that open other tabs."""

    def __init__(self, context: Context, downloads: hub.Downloads) -> None:
        self.context, self.downloads = context, downloads

    def build(self) -> None:
        """Downloads under way, the card, and what may be done with it."""
        words = self.context.words
        self.model = gr.State("")
        self.seen, self.came = gr.State({}), gr.State([])
        self.timer = gr.Timer(SECONDS, active=False)
        self.progress = pick_list("", "models-progress")
        self.card = gr.HTML(pictures.empty(words("models.empty")), elem_id="models-card")
        with gr.Row(elem_classes="small-buttons chips"):
            self.uses = {
                tab: gr.Button(words(f"models.use.{tab}"), size="sm", variant="primary", visible=False, elem_id=f"models-use-{tab}")
                for tab in (task.name for task in serving_tasks())
            }  # fmt: skip
            self.fetch = gr.Button(
                words("models.fetch_first"),
                size="sm",
                variant="primary",
                visible=False,
                elem_id="models-fetch",
            )
            self.convert = gr.Button(
                words("models.convert"),
                size="sm",
                variant="primary",
                visible=False,
                elem_id="models-convert",
            )
            self.cancel = gr.Button(words("models.cancel"), size="sm", visible=False, elem_id="models-cancel")
            self.drop = gr.Button(words("models.delete"), size="sm", visible=False, elem_id="models-delete")
            self.confirm_delete = gr.Button(
                words("models.really"), size="sm", variant="stop", visible=False, elem_id="models-really"
            )
            self.publish = download(
                self.context,
                words("publish.button"),
                "models-publish",
                self.model,
                lambda model, folder, marking: publish_zip(model, folder, self.context.settings),
                visible=False,
            )

    def shown(self) -> list[Any]:
        """The components that `show` and `poll_downloads` may update."""
        buttons = [self.fetch, self.convert, self.cancel, self.drop, self.confirm_delete, self.publish]
        return [
            self.model,
            self.seen,
            self.came,
            self.timer,
            self.progress,
            self.card,
            *self.uses.values(),
            *buttons,
        ]

    def connect(self) -> None:
        """What happens inside the panel."""
        asking = {**PRIVATE, "concurrency_id": "hub"}
        # through the queue, since Gradio tells of a changed state there alone
        self.timer.tick(
            self.poll_downloads, [self.model, self.seen], self.shown(), trigger_mode="once", **PRIVATE
        )
        self.progress.select(self.pick_download, None, self.shown(), **asking)
        self.fetch.click(self.start, self.model, self.shown(), **asking)
        self.convert.click(self.begin_convert, self.model, self.shown(), **asking)
        self.cancel.click(self.stop, self.model, self.shown(), **QUICK)
        self.drop.click(self.ask_again, self.model, self.confirm_delete, **QUICK)
        self.deleted = self.confirm_delete.click(self.delete, self.model, self.shown(), **PRIVATE)

    @polite
    def poll_downloads(self, model: str, seen: dict[str, Any], visitor: gr.Request) -> dict[Any, Any]:
        """What has changed since the last look."""
        lang = self.context.lang(visitor)
        now = self.now(model, lang)
        running = any(download.state == "running" for download in self.downloads.all())
        updates: dict[Any, Any] = {self.seen: now, self.timer: gr.Timer(active=running)}
        if seen.get("progress") != now["progress"]:
            updates |= self.progress_now(lang)
            updates[self.came] = [done.id for done in self.downloads.all() if done.state == "done"]
        if seen.get("model") != now["model"]:
            updates |= self.actions(model, lang)
            if now["model"][-1]:  # it has just come
                updates[self.card] = self.here_html(model, lang)
        return updates

    def now(self, model: str, lang: str) -> dict[str, Any]:
        """How things stand, to be compared with later."""
        return {
            "progress": (str(self.unfinished()), lang),
            "model": (model, self.state(model), self.card_here(model) is not None),
        }

    def show(self, model: str, lang: str) -> Iterator[dict[Any, Any]]:
        """Updates that show a model: at once what is known here, then what the hub says of one that could be fetched."""
        say, settings = self.context.words.say, self.context.settings
        first = {self.fetch: gr.update(visible=False), **self.actions(model, lang), self.model: model}
        first |= {self.seen: self.now(model, lang), self.timer: gr.Timer(active=True)}
        if self.card_here(model):
            yield {**first, self.card: self.here_html(model, lang)}
            return
        if not settings.may_download:
            yield {**first, self.card: self.absent_html(model, say("models.not_here", lang), lang)}
            return
        yield {**first, self.card: self.absent_html(model, say("models.asking", lang), lang)}
        try:
            offer = hub.look_up(model, settings)
        except InputError as error:
            yield {self.card: self.absent_html(model, error.say(lang), lang)}
            return
        yield {self.card: self.offer_html(offer, lang), **self.fetch_now(offer, lang)}

    @polite
    def pick_download(self, event: gr.EventData, visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """A download under way was chosen."""
        downloads = self.unfinished()
        if 0 <= index_of(event) < len(downloads):
            yield from self.show(downloads[index_of(event)].id, self.context.lang(visitor))

    @polite
    def start(self, model: str, visitor: gr.Request) -> dict[Any, Any]:
        """Fetch the chosen model, or go on where a fetch ended."""
        self.downloads.start(model)  # checks the right to, as `cancel` and `delete` do
        return self.render_all(model, self.context.lang(visitor))

    @polite
    def begin_convert(self, model: str, visitor: gr.Request) -> dict[Any, Any]:
        """Make what a Python package carries into a model that can be chosen."""
        self.downloads.convert(model)
        return self.render_all(model, self.context.lang(visitor))

    @polite
    def stop(self, model: str, visitor: gr.Request) -> dict[Any, Any]:
        """End a fetch; what has come is kept."""
        self.downloads.cancel(model)
        return self.render_all(model, self.context.lang(visitor))

    def ask_again(self, model: str, visitor: gr.Request) -> Any:
        """Delete was pressed once: say what it means, and wait for the second press."""
        own = "delete_own" if model.startswith("local/") else "delete_help"
        key = "delete_run" if self.adapter_here(model) else own
        inform(self.context.words.say(f"models.{key}", self.context.lang(visitor)))
        return gr.update(visible=True)

    @polite
    def delete(self, model: str, visitor: gr.Request) -> Iterator[dict[Any, Any]]:
        """Delete a fetched model, or an adapter with its run, after the second press."""
        if self.adapter_here(model):
            self.context.jobs.delete(model.removeprefix("runs/"))
        else:
            hub.delete(model, self.context.settings)
        lang = self.context.lang(visitor)
        inform(self.context.words.say("models.deleted", lang, name=model))
        yield from self.show(model, lang)

    def unfinished(self) -> list[hub.Download]:
        """Downloads that run, or that ended without a model; who may not fetch does not see what others fetch."""
        if not self.context.settings.may_download:
            return []
        return [download for download in self.downloads.all() if download.state != "done"]

    def render_all(self, model: str, lang: str) -> dict[Any, Any]:
        """Updates after an order: how things stand now, and the timer looks on."""
        return {
            **self.progress_now(lang),
            **self.actions(model, lang),
            self.seen: self.now(model, lang),
            self.timer: gr.Timer(active=True),
        }

    def progress_now(self, lang: str) -> dict[Any, Any]:
        """Updates of the downloads."""
        return {self.progress: view.downloads_html(self.unfinished(), self.context.words, lang)}

    def card_here(self, model: str) -> ModelCard | None:
        """The card of a model that can be used now."""
        return next((card for card in registry.all_cards(self.context.settings) if card.id == model), None)

    def adapter_here(self, model: str) -> bool:
        """Whether this is an adapter, which is a training run."""
        card = self.card_here(model)
        return card is not None and bool(card.base)

    def actions(self, model: str, lang: str) -> dict[Any, Any]:
        """Updates of the buttons: what makes sense with the chosen model. `fetch_now` alone offers a first fetch."""
        card, download = self.card_here(model), self.downloads.status(model)
        allowed = self.context.settings.may_download
        running = download is not None and download.state == "running"
        tabs = set(map(tab_of, card.tasks)) if card else set()
        fetched = any(found.id == model for found in hub.fetched(self.context.settings))
        deletable = fetched and allowed and not running
        if self.adapter_here(model):
            deletable = self.context.settings.may_train
        updates = {
            **{button: gr.update(visible=tab in tabs) for tab, button in self.uses.items()},
            self.cancel: gr.update(visible=running and allowed),
            self.drop: gr.update(visible=deletable),
            self.confirm_delete: gr.update(visible=False),
            self.convert: gr.update(
                visible=allowed and not card and not running and hub.find_carried(model) is not None
            ),
            self.publish: gr.update(visible=can_publish(card, self.context.settings)),
        }
        if card or running:
            updates[self.fetch] = gr.update(visible=False)
        elif download and download.state in ("cancelled", "failed") and not download.converting:
            missing = bytes_said(download.total_bytes - download.done_bytes)
            label = self.context.words.say(
                "models.resume", lang, size=missing, total=bytes_said(download.total_bytes)
            )
            updates[self.fetch] = gr.update(visible=allowed, value=label)
        return updates

    def fetch_now(self, offer: hub.Offer, lang: str) -> dict[Any, Any]:
        """An update of the button that fetches: how much, or not at all."""
        say, missing = self.context.words.say, offer.bytes - offer.here_bytes
        key = "models.resume" if 0 < offer.here_bytes < offer.bytes else "models.fetch"
        possible = offer.refusal is None and offer.fits_disk and (not offer.gated or source.has_token())
        running = self.state(offer.id) == "running"
        label = say(key, lang, size=bytes_said(missing), total=bytes_said(offer.bytes))
        return {self.fetch: gr.update(visible=possible and not running, value=label)}

    def state(self, model: str) -> str | None:
        """How the download of a model stands, if it has one."""
        download = self.downloads.status(model)
        return download.state if download else None

    def here_html(self, model: str, lang: str) -> str:
        """The card of a model that can be used now."""
        card, words = self.card_here(model), self.context.words
        size = source.folder_bytes(card)
        facts = view.card_facts(card, words, lang)
        facts["disk"] = bytes_said(size) if size else ""
        facts["memory"] = source.fit_said(card, self.context, lang)
        facts["revision"] = card.revision[:12] if runs_here(card.family) else ""
        return view.card_html(card, facts, "", words, lang)

    def absent_html(self, model: str, remark: str, lang: str) -> str:
        """What the catalogue says of a model that is not here, or its id alone."""
        words, entry = self.context.words, hub.find_entry(model)
        if entry is None:
            return view.bare_html(model, remark)
        package = self.package_html(model, lang)
        card = entry.card()
        facts = view.card_facts(card, words, lang)
        facts["access"] = words.say(f"models.access.{'gated' if entry.gated else 'open'}", lang)
        facts["download"] = words.say("models.about_size", lang, size=bytes_said(entry.download_bytes))
        facts["memory"] = source.fit_said(card, self.context, lang)
        facts["runs_on"] = hub.RUNS_ON[entry.runs_on].say(lang)
        return view.card_html(card, facts, remark, words, lang, package)

    def package_html(self, model: str, lang: str) -> str:
        """How a Python package brings the model, where one does."""
        found = hub.find_carried(model)
        return view.package_html(found, self.context.words, lang) if found else ""

    def offer_html(self, offer: hub.Offer, lang: str) -> str:
        """What the hub says of a model: what fetching it would take, and what speaks against it."""
        words = self.context.words
        facts = view.card_facts(offer.card, words, lang)
        facts["access"] = words.say(f"models.access.{'gated' if offer.gated else 'open'}", lang)
        facts["download"] = words.say(
            "models.files", lang, size=bytes_said(offer.bytes), count=len(offer.files)
        )
        facts["came"] = bytes_said(offer.here_bytes) if offer.here_bytes else ""
        facts["free"] = bytes_said(offer.disk_free)
        facts["memory"] = source.fit_said(offer.card, self.context, lang)
        facts["runs_on"] = hub.RUNS_ON[offer.entry.runs_on].say(lang) if offer.entry else ""
        facts["revision"] = offer.revision[:12]
        package = self.package_html(offer.id, lang)
        return view.card_html(offer.card, facts, self.against(offer, lang), words, lang, package)

    def against(self, offer: hub.Offer, lang: str) -> str:
        """What stands between the reader and the model, in a sentence; nothing where nothing does."""
        say = self.context.words.say
        if offer.refusal:
            return offer.refusal.say(lang)
        if not offer.fits_disk:
            return say("models.no_room", lang, size=bytes_said(offer.bytes - offer.here_bytes))
        if offer.gated and not source.has_token():
            return say("models.gated_here", lang, url=f"{source.endpoint()}/{offer.id}")
        return ""
