"""The command that starts the same run."""

import shlex

from aigc_demo.jobs.request import TrainRequest


def train_command(request: TrainRequest) -> str:
    """One shell command; values that equal the defaults are left out."""
    words = ["python", "-m", "aigc_demo", "train"]
    for name, field in TrainRequest.model_fields.items():
        value = getattr(request, name)
        if field.is_required() or value != field.default:
            text = str(value)
            joint = "=" if text.startswith("-") else " "  # or the value would be read as a flag
            words.append(f"--{name.replace('_', '-')}{joint}{shlex.quote(text)}")
    return " ".join(words)
