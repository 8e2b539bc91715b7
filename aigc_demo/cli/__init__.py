"""The command line: `python -m aigc_demo text --prompt 春望`, on the same requests as the page and the API.

flags.py     flags from the requests' fields, help in both languages
ask.py       text, image, reconstruct, walk, grid
look.py      models, verify, data
modes.py     modes: what is on and off for whom
train.py     train: a job in this process, or --detach in one of its own
jobs.py      jobs: list, show, stop, resume, save, sample, delete, export, import
arguments.py what single commands take besides a request's fields
commands.py  the list of them all, and the parser

A command takes an `Asked` and returns an `Answer`; only `__main__` prints.
"""
