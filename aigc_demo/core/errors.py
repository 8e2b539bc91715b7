"""What goes wrong, said in one sentence that names the cause and the way out, in both languages."""

from pathlib import Path

from aigc_demo.core.words import Text


class InputError(ValueError):
    """A request that cannot be served as it stands.

    The two sentences stand side by side where the error is raised:

        raise InputError(en="Count is 0; ask for 1 to 64.", zh="数量为 0；请填 1 到 64。")
    """

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.text = Text(en, zh)

    @classmethod
    def of(cls, text: Text) -> "InputError":
        """The error that says `text`."""
        return cls(text.en, text.zh)

    def say(self, lang: str) -> str:
        """The sentence in `lang`."""
        return self.text.say(lang)


def no_file(path: str | Path) -> InputError:
    """What is said of a file or folder that somebody named and that is not there."""
    return InputError(
        en=f"There is no file {path}; check its name and its folder.",
        zh=f"没有文件 {path}；请检查文件名和所在文件夹。",
    )


class Stopped(Exception):  # noqa: N818  (a decision of the reader, not an error)
    """Raised inside a long call when its stop flag is set; what was finished so far is kept by the caller."""
