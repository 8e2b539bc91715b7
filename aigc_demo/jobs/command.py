"""The command that starts the same run."""

import shlex

from aigc_demo.jobs.request import TrainRequest


def train_command(request: TrainRequest) -> str:
    """One shell command; values that equal the defaults are left out."""
    words = ["python", "-m", "aigc_demo", "train"]
    for name, field in TrainRequest.model_fields.items():
        value = getattr(request, name)
        if field.is_required() or value != field.default:
            flag, text = f"--{name.replace('_', '-')}", str(value)
            joint = "=" if text.startswith("-") else " "  # or the value would be read as a flag
            words.append(flag if value is True else f"{flag}{joint}{shlex.quote(text)}")
    return " ".join(words)
