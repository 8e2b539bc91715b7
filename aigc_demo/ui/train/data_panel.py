"""Choosing what to train on: a data set of the catalogue, one's own, or new files that become a set of one's own."""

import re
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from aigc_demo.core.errors import InputError
from aigc_demo.data import DataCard, catalogue, find_card
from aigc_demo.data.imports import ImportRequest, Manifest, import_files, own, paste, preview, remove
from aigc_demo.jobs.recipes import facts_of
from aigc_demo.schemas import check
from aigc_demo.ui.page.context import Context, polite
from aigc_demo.ui.page.events import PRIVATE, QUICK
from aigc_demo.ui.page.gradio_gaps import when_chosen
from aigc_demo.ui.page.toasts import inform
from aigc_demo.ui.page.widgets import field
from aigc_demo.ui.train import data_view as view
from aigc_demo.ui.train.captions_panel import CaptionPanel

MORE = ("side", "colour", "crop", "validation_share", "drop_duplicates")
VISITORS_SETS = 10  # data sets that a visitor of a public page may have


class DataPanel:
    """Components and handlers; `choice` is the name of the chosen set, `preview` shows it."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.captions = CaptionPanel(context)

    @property
    def own_dir(self) -> Path:
        """Where the sets are that whoever asks has brought."""
        return self.context.settings.own_data_dir

    def build_ask(self) -> None:
        """Left: choose."""
        self.choice = gr.Dropdown(
            self.choices(),
            value=self.first(),
            label=self.context.words("train.data"),
            elem_id="train-data",
            filterable=False,
        )
        self.chosen = when_chosen(self.choice)
        self.note = gr.HTML("", elem_id="train-data-note")

    def build_bring(self) -> None:
        """Left: bring one's own."""
        words = self.context.words
        with gr.Accordion(words("train.bring"), open=False, elem_id="train-bring") as self.fold:
            self.files = gr.File(
                label=words("train.upload"), file_count="multiple", elem_id="train-files", height=132
            )
            gr.Markdown(words("train.upload_help"), elem_classes="note")
            self.text = gr.Textbox(
                "",
                label=words("train.paste"),
                lines=3,
                max_lines=8,
                elem_id="train-paste",
                max_length=2_000_000,
            )
            self.fields = {"name": self._field("name", value="")}
            if self.context.settings.rules.folder_paths:
                self.fields["folder"] = self._field("folder")
            self.fields |= {name: self._field(name) for name in ("licence", "consent")}
            with gr.Accordion(words("shell.more"), open=False, elem_id="train-import-more"):
                self.fields |= {name: self._field(name) for name in MORE}
            self.go = gr.Button(words("train.import"), elem_id="train-import")
        self.status = gr.HTML("", elem_id="train-import-status")

    def build_see(self) -> None:
        """Right: the chosen set."""
        words = self.context.words
        with gr.Accordion(words("train.look"), open=True, elem_id="train-look") as self.preview_fold:
            self.preview = gr.HTML("", elem_id="train-preview")
            with gr.Row(elem_classes="small-buttons chips"):
                self.drop = gr.Button(
                    words("train.delete_set"), size="sm", visible=False, elem_id="train-data-delete"
                )
                self.confirm_delete = gr.Button(
                    words("train.really"),
                    size="sm",
                    variant="stop",
                    visible=False,
                    elem_id="train-data-really",
                )
        self.captions.build()

    def _field(self, name: str, **changes: Any) -> Any:
        return field(self.context, "data", ImportRequest, name, **changes)

    def seen(self) -> list[Any]:
        """The components that `show` updates."""
        return [self.preview, self.note, self.drop, self.confirm_delete, *self.captions.seen()]

    def connect(self) -> None:
        """What happens inside the panel."""
        self.choice.change(self.show, self.choice, self.seen(), **PRIVATE)
        self.preview_fold.expand(
            self.show, self.choice, self.seen(), **PRIVATE
        )  # it may have been fetched since
        self.chosen(lambda: ("", gr.update(open=True)), None, [self.status, self.preview_fold], **QUICK)
        self.captions.connect(self.choice)
        self.files.upload(self.propose, {self.files, self.fields["name"]}, self.fields["name"], **PRIVATE)
        self.imported = self.go.click(
            self.run,
            {self.files, self.text, *self.fields.values()},
            [
                self.choice,
                self.status,
                self.fold,
                self.preview_fold,
                self.files,
                self.text,
                self.fields["name"],
            ],
            concurrency_id="import",
            concurrency_limit=1,
            **PRIVATE,
        )
        self.drop.click(lambda: gr.update(visible=True), None, self.confirm_delete, **QUICK)
        self.deleted = self.confirm_delete.click(
            self.delete, self.choice, [self.choice, self.preview_fold, self.status], **PRIVATE
        )

    def names(self) -> list[str]:
        """Every data set: own ones, those of the catalogue that are here or are made in seconds, those to be fetched."""
        data_dir, cards = self.context.settings.data_dir, list(catalogue().values())
        cards.sort(
            key=lambda card: 0 if card.needs_network and card.here(data_dir) else 1 + card.needs_network
        )
        return [*(manifest.name for manifest in own(self.own_dir)), *(card.id for card in cards)]

    def first(self, reads: str = "", lang: str = "") -> str | None:
        """The first data set that is here, of this kind and for readers of this language; None where there is none."""
        settings = self.context.settings
        for name in self.names():
            card, facts = catalogue().get(name), facts_of(name, settings)
            fits = facts is not None and reads in ("", facts.reads)
            if fits and (
                card is None or (card.ready(settings.data_dir) and lang in ("", card.language or lang))
            ):
                return name
        return None

    def choices(self, lang: str | None = None) -> list[tuple[Any, str]]:
        """(shown, name) of every data set. Without `lang` the browser translates."""
        titles = {manifest.name: manifest.title for manifest in own(self.own_dir)}
        shown = [
            (titles.get(name) or partial(self._title, catalogue().get(name)), name) for name in self.names()
        ]
        if lang is None:
            return [(self.context.words.both(title("en"), title("zh")), name) for title, name in shown]
        return [(title(lang), name) for title, name in shown]

    def _title(self, card: DataCard, lang: str) -> str:
        """A set of the catalogue in the list, with what has to be fetched."""
        parts = [card.id, card.title.say(lang)]
        if not card.ready(self.context.settings.data_dir):
            parts.append(self.context.words.say("train.to_fetch", lang, megabytes=f"{card.megabytes:.0f}"))
        return " · ".join(parts)

    def needs(self, name: str | None, lang: str) -> str:
        """What has to happen before a set of the catalogue can be trained on; "" where nothing has."""
        card, settings, say = catalogue().get(name or ""), self.context.settings, self.context.words.say
        if card is None or card.ready(settings.data_dir):
            return ""
        size = f"{card.megabytes:.0f}"
        if not settings.offline:
            return say("train.needs_network", lang, megabytes=size)
        return say("train.needs_network_off", lang, megabytes=size, other=self.first(card.reads) or "")

    def update(self, lang: str, chosen: str | None = None) -> Any:
        """An update of the choice: what is on the disk now, and a set to choose."""
        return gr.update(choices=self.choices(lang), **({"value": chosen} if chosen else {}))

    @polite
    def show(self, name: str | None, visitor: gr.Request) -> Any:
        """Another set was chosen: show what is in it."""
        lang, words = self.context.lang(visitor), self.context.words
        manifest = self.manifest(name)
        if manifest is not None:
            html = view.own_html(manifest, preview(manifest, self.own_dir, count=40), words, lang)
        elif name in catalogue():
            card = find_card(name or "")
            html = view.card_html(card, card.here(self.context.settings.data_dir), words, lang)
        else:
            html = ""
        needs = self.needs(name, lang)
        return {
            self.preview: html,
            self.note: f'<p class="note">{escape(needs)}</p>' if needs else "",
            self.drop: gr.update(visible=manifest is not None),
            self.confirm_delete: gr.update(visible=False),
            **self.captions.show(manifest, lang),
        }

    def manifest(self, name: str | None) -> Manifest | None:
        """The manifest of an own set; None of any other."""
        return next((manifest for manifest in own(self.own_dir) if manifest.name == name), None)

    def propose(self, values: dict[Any, Any]) -> Any:
        """A name for the set from the name of the first file, where the visitor has given none."""
        if values[self.fields["name"]] or not values[self.files]:
            return gr.skip()
        return re.sub(r"[^\w.-]+", "-", Path(values[self.files][0]).stem).strip("-.")[:40]

    def first_words(self, text: str) -> str:
        """A name for a pasted text: its first words, as far as a name may hold them, which no set has yet."""
        stem = "-".join(re.findall(r"\w+", text[:200])[:4])[:24].strip("_-")
        taken = {*self.names(), ""}
        return next(
            (name for name in (stem, *(f"{stem}-{i}" for i in range(2, 1000))) if name not in taken), ""
        )

    @polite
    def run(self, values: dict[Any, Any], visitor: gr.Request) -> Any:
        """Import what was brought, and choose it."""
        lang, say = self.context.lang(visitor), self.context.words.say
        given = {name: values[component] for name, component in self.fields.items()}
        if not given["name"] and not values[self.files]:
            given["name"] = self.first_words(values[self.text] or "")
        asked = check(ImportRequest, given)
        yield {self.status: f'<p class="note" role="status">{say("train.importing", lang)}</p>'}
        try:
            manifest = self._import(asked, values, self.context.begin(visitor, "data"))
        except Exception:
            yield {self.status: ""}
            raise
        yield {
            self.choice: self.update(lang, manifest.name),
            self.status: f'<p class="note" role="status">{self.summary(manifest, lang)}</p>',
            self.fold: gr.update(open=False),
            self.preview_fold: gr.update(open=True),
            self.files: None,
            self.text: "",
            self.fields["name"]: "",
        }

    def _import(self, asked: ImportRequest, values: dict[Any, Any], stop: Any) -> Manifest:
        """From the first place that has something: uploaded files, pasted text, a folder of this computer."""
        if self.context.settings.visitor and len(own(self.own_dir)) >= VISITORS_SETS:
            raise InputError(
                en=f"You have {VISITORS_SETS} data sets here, as many as one may; delete one first.",
                zh=f"您在这里已有 {VISITORS_SETS} 个数据集，达到上限；请先删除一个。",
            )
        text, folder = (values[self.text] or "").strip(), asked.folder
        if values[self.files]:
            return import_files(asked, [Path(path) for path in values[self.files]], self.own_dir, stop)
        if text:
            return paste(asked, text, self.own_dir, stop)
        if folder and self.context.settings.rules.folder_paths:
            return import_files(asked, [Path(folder).expanduser()], self.own_dir, stop)
        raise InputError(
            en="There is nothing to import yet; choose files, paste a text or name a folder.",
            zh="还没有可导入的内容；请选择文件、粘贴文本或填写文件夹。",
        )

    def summary(self, manifest: Manifest, lang: str) -> str:
        """That it came in, and how much did not; the list above and the look beside say what it is."""
        say, refused = self.context.words.say, len(manifest.refused)
        words = say("train.some_refused", lang, count=refused) if refused else ""
        return escape(say("train.imported", lang, name=manifest.name)) + words

    @polite
    def delete(self, name: str, visitor: gr.Request) -> Any:
        """Delete an own set, after the second press."""
        remove(name, self.own_dir)
        inform(self.context.words.say("train.deleted", self.context.lang(visitor), name=name))
        return self.update(self.context.lang(visitor), self.first()), gr.update(open=False), ""
