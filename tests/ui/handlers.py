"""What stands in for the browser where handlers are called: what a page sends, and what it shows of what comes back."""

import gradio as gr


class Page:
    """What a handler reads of a gr.Request."""

    def __init__(self):
        self.session_hash = "visitor"
        self.query_params = {"lang": "en"}
        self.cookies = {}
        self.headers = {"referer": "http://127.0.0.1/", "accept-language": "en"}


class Event:
    """What a handler reads of a gr.EventData."""

    def __init__(self, **data):
        self._data = data
        self.__dict__.update(data)


def final(updates):
    """All that a run sent, the last of each component; what gr.skip() is where it was refused."""
    shown = {}
    for update in updates:
        if update == gr.skip():
            return update
        shown |= update
    return shown


def values_of(tab, **changes):
    """What the page would send: the widgets' values, with changes by request field or "from_source", "to_source"."""
    values = {component: component.value for component in tab.fields.values()}
    ends = getattr(tab, "ends", ())
    values |= {end.source: end.source.value for end in ends}
    sources = {f"{end.side}_source": end.source for end in ends}
    return values | {{**tab.fields, **sources}[name]: value for name, value in changes.items()}


def apply(tab, updates):
    """What the page would send after `updates`."""
    values = values_of(tab)
    for component, update in updates.items():
        new = update.get("value", values.get(component)) if isinstance(update, dict) else update
        if component in values:
            values[component] = new
    return values
