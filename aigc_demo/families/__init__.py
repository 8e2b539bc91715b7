"""The families of models, one folder each, with the same file names in each.

- `__init__.py`: FAMILY, the row of the table (models/family.py); load, load_pretrained, write_debug_model; no torch
- `networks.py`: the networks; `losses.py`: what training minimises
- `model.py`: a trained model as the app uses it, by the protocols of models/protocols.py
- `train.py`: make_learner, count_parameters; `export.py`: what a run folder holds
- `evaluate.py`: figures of merit for the card; `diagnoses.py`: what can befall a run
- `lora.py`: adapters: make_learner, evaluate; `hub_*.py`: pretrained models of others
- `lesson.en.md`, `lesson.zh.md`; `cards.yaml`: models of others that the app knows by name

A new family is a folder and its name in NAMES, whose order is the order on the page.
"""

NAMES = (
    "gan",
    "vae",
    "classifier",
    "transformer",
    "recurrent",
    "ngram",
    "templates",
    "seq2seq",
    "diffusion",
    "dalle",
    "upscaler",
    "remote",
    "moderation",
)
