"""The command line: `python -m aigc_demo text --prompt 春望`, on the same requests as the page and the API.

flags.py     flags from the requests' fields, help in both languages
ask.py       text, image, reconstruct, walk, grid
chat.py      chat, rewrite
draw.py      draw, upscale
look.py      models, verify
audit.py     audit: copies and classes
modes.py     modes: what is on and off for whom
data.py      data: list, get, add, show, remove
hub.py       hub: search, show, get, list, remove
publish.py   publish: a model as a Space
train.py     train: a job in this process, or --detach in one of its own
jobs.py      jobs: list, show, stop, resume, save, sample, delete, export, import
arguments.py what single commands take besides a request's fields
commands.py  the list of them all, and the parser

A command takes an `Asked` and returns an `Answer`; only `__main__` prints.
"""
