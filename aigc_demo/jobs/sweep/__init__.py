"""Tuning: many runs that differ in two or three settings, the best chosen on one half of what is held out and told by the other.

request.py    what may be asked for
space.py      the settings of each run: a grid, or draws
decide.py     which run is due next, from how far all of them are
folder.py     a sweep's files
sweeps.py     Sweeps: submit, list, stop, resume, delete
conduct.py    what the sweep's process does; __main__.py is that process
judge.py      choosing the best run, and its test
report.py     the result as a labelled file

Each run is a job like any other (jobs/): its own process, queue, folder.
"""

from aigc_demo.jobs.sweep.request import SweepRequest
from aigc_demo.jobs.sweep.sweeps import Sweep, Sweeps

__all__ = ["Sweep", "SweepRequest", "Sweeps"]
