"""Data of one's own: pictures and texts that a visitor brings become a prepared data set, or are refused by name.

request.py      what one may choose
run.py          import_files and paste: watch the child process, put the finished set in its place
child.py        the process that opens the files; confinement.py takes from it what it does not need
listing.py      what is in files, zips and folders        limits.py    how much of it
zip_names.py    what a zip's files are called             classes.py   of which class pictures are
pictures.py     squares, duplicates.py, the split         captions.py  what pictures are called
texts.py        documents                                 chats.py     conversations, of all layouts.py
text_files.py   what a text file is, by its content: tables.py, json_values.py or lines.py
manifest.py     what went in, what was refused; own sets  preview.py   a look at a set
journal.py      how far an import is
"""

from aigc_demo.data.imports.captions import read_captions, write_captions
from aigc_demo.data.imports.manifest import (
    ImportedFile,
    Manifest,
    Refused,
    find_own,
    own,
    own_folder,
    read_manifest,
    remove,
)
from aigc_demo.data.imports.preview import Preview, preview
from aigc_demo.data.imports.request import ImportRequest, ImportSettings
from aigc_demo.data.imports.run import import_files, paste, run_import

__all__ = [
    "ImportRequest",
    "ImportSettings",
    "ImportedFile",
    "Manifest",
    "Preview",
    "Refused",
    "find_own",
    "import_files",
    "own",
    "own_folder",
    "paste",
    "preview",
    "read_captions",
    "read_manifest",
    "remove",
    "run_import",
    "write_captions",
]
