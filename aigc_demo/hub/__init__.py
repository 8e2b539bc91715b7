"""Pretrained models from the Hugging Face hub: found, weighed, fetched, checked, listed, deleted.

catalogue.py  those that the app knows by name: the families' cards.yaml
client.py     search: what the catalogue and the hub have
offers.py     what one model would take: files, bytes, licence, room on disk and in memory
files.py      which files of a repository are fetched, and which never
downloads.py  in the background: start, follow, cancel, go on
fetch.py      the process that fetches
records.py    what has been fetched and checked, a small file a model; the only list the pickers read
carried.py    models that come inside Python packages: the table, and whether one is installed
convert.py    the process that makes such a model into safetensors
folders.py    folders and GGUF files of one's own
adapters.py   adapters of others, beside their base
storage.py    sizes, deleting
failures.py   what goes wrong, as a sentence
"""

from aigc_demo.hub.carried import Carried, all_carried, find_carried
from aigc_demo.hub.catalogue import RUNS_ON, Entry, catalogue, find_entry
from aigc_demo.hub.client import Listing, is_offline, search
from aigc_demo.hub.downloads import Download, Downloads
from aigc_demo.hub.folders import OWN, add_folder
from aigc_demo.hub.offers import Offer, look_up
from aigc_demo.hub.records import fetched
from aigc_demo.hub.storage import delete, size_on_disk

__all__ = [
    "OWN",
    "RUNS_ON",
    "Carried",
    "Download",
    "Downloads",
    "Entry",
    "Listing",
    "Offer",
    "add_folder",
    "all_carried",
    "catalogue",
    "delete",
    "fetched",
    "find_carried",
    "find_entry",
    "is_offline",
    "look_up",
    "search",
    "size_on_disk",
]
