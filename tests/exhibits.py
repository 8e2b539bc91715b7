"""The recorded files of the Start tab, made anew by the models: `python -m tests.exhibits`, on the CPU, same bytes each time."""

from aigc_demo.core.settings import Settings
from aigc_demo.runtime.cache import ModelCache
from aigc_demo.ui.opening.start_tab import EXHIBITS


def main() -> None:
    """Record every exhibit in every language."""
    cache = ModelCache(Settings(device="cpu", offline=True))
    for kind in EXHIBITS:
        exhibit = kind()
        for lang in exhibit.asked:
            for name, data in exhibit.record(cache, lang).items():
                (exhibit.folder / name).write_bytes(data)
                print(f"{exhibit.name}/{name}: {len(data)} bytes")


if __name__ == "__main__":
    main()
