"""Visitors of a public page: who one is, where their things lie, how long these are kept, and how they go.

On one's own machine there is one owner, whom all pages and the command line serve. In public each visitor has folders
of their own, named after a digest of what only they know (names.py): outputs, training runs, data sets. Handlers see
the settings of who asks, so that the registry, the jobs and the data sets of another visitor do not exist for them;
what its owner has trained before is offered to all. gate.py keeps files to whom they belong on their way out.

What is kept: nothing for longer than the mode's rules say. Gradio keeps what a page shows (its results and history) in
memory for an hour after the page was closed.
"""

from aigc_demo.visitors.gate import Gate
from aigc_demo.visitors.names import COOKIE, visitor_of
from aigc_demo.visitors.store import Visitors

__all__ = ["COOKIE", "Gate", "Visitors", "visitor_of"]
