"""Pretrained models from the Hugging Face hub: found, weighed, fetched, checked, listed, deleted.

records.py   what has been fetched and checked, a small file a model; the only list the pickers read
"""

from aigc_demo.hub.records import fetched

__all__ = ["fetched"]
