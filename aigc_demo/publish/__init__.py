"""From a model in the picker to a folder that Hugging Face Spaces runs: the app, that model, the tabs that show it.

plan.py          what goes into the folder, decided from the model's card
requirements.py  the packages that this model needs, pinned
readme.py        README.md: the front matter that Spaces reads, how to run it, the model's card, the labels
folder.py        writes the folder, or a zip of it
upload.py        to the hub where a token is set, else the commands that do it
smoke.py         part of every folder: starts it, has the model generate once, reads the label
check.py         starts a folder as Spaces would and runs its smoke test
"""

from aigc_demo.publish.check import check_folder
from aigc_demo.publish.folder import publish, publish_zip
from aigc_demo.publish.plan import Plan, can_publish, plan_for
from aigc_demo.publish.upload import commands, has_token, upload

__all__ = [
    "Plan",
    "can_publish",
    "check_folder",
    "commands",
    "has_token",
    "plan_for",
    "publish",
    "publish_zip",
    "upload",
]
