"""Training jobs: a process each, the truth about them on disk. Nothing here imports torch before it trains.

request.py     what may be asked for
folder.py      a run's train.json and job.json
lease.py       locks that the system frees when a process dies: the truth about "running"
queue.py       Jobs: submit, list, stop, resume, delete; starts the next job when its device is free
checks.py      whether it can be: data, start, method, disk
job.py         Job: one job as the page and the command line show it
spawn.py       a worker process of its own, without secrets
worker.py      what it does: data, learner, loop, figures, card, a true end; learning.py asks the family
signals.py     Ctrl-C, SIGTERM and the STOP file, each at the right moment
foreground.py  the same in the command line's own process
estimate.py    the measured dry run; dry_run.py is its process
card.py        the model card
export.py      a run as a zip, and back: import_zip.py, import_adapter.py
presets.py     small trainings that show something
"""

from aigc_demo.jobs.job import Job
from aigc_demo.jobs.queue import Jobs
from aigc_demo.jobs.request import TrainRequest

__all__ = ["Job", "Jobs", "TrainRequest"]
