"""jobs: what is training, waiting or trained; stop, resume, save, sample, delete, export and import it."""

from collections.abc import Callable

from aigc_demo.cli.flags import Answer, Asked
from aigc_demo.cli.look import printable, table
from aigc_demo.cli.train import fields, told
from aigc_demo.core.errors import InputError
from aigc_demo.core.words import Text
from aigc_demo.jobs import Jobs

HEAD = (Text("job", "训练"), Text("family", "家族"), Text("data", "数据"), Text("state", "状态"))


def show_all(asked: Asked) -> Answer:
    """Every job, what runs first."""
    jobs = Jobs(asked.settings).list()
    head = [name.say(asked.lang) for name in HEAD]
    rows = [(job.name, job.request.family, job.request.data, job.words(asked.lang)) for job in jobs]
    return Answer({"jobs": [fields(job) for job in jobs]}, table([head, *rows]))


def show(asked: Asked) -> Answer:
    """One job: its state, its last figures, what the doctor said."""
    job = Jobs(asked.settings).get(asked.flags.name)
    answer, events = fields(job), job.events()
    lines = [f"{job.model}: {job.words(asked.lang)}"]
    lines += [f"{name}: {value:.4g}" for name, value in answer["figures"].items()]
    lines += [event[asked.lang] for event in events if asked.lang in event]
    return Answer({**answer, "events": events}, "\n".join(map(printable, lines)))


def stop(asked: Asked) -> Answer:
    """Save and end within two seconds; a waiting job leaves the queue."""
    return _ask(asked, Jobs.stop, Text("{name} is asked to save and end.", "{name} 将保存并结束。"))


def resume(asked: Asked) -> Answer:
    """Go on in the background from the last save."""
    jobs = Jobs(asked.settings)
    jobs.resume(asked.flags.name)
    return told(jobs.get(asked.flags.name), asked.lang)


def save(asked: Asked) -> Answer:
    """Save after the step under way."""
    return _ask(asked, Jobs.save_now, Text("{name} is asked to save.", "{name} 将立即保存。"))


def sample(asked: Asked) -> Answer:
    """Write the fixed seeds' samples as they are now."""
    return _ask(asked, Jobs.sample_now, Text("{name} is asked for samples.", "{name} 将立即生成样本。"))


def delete(asked: Asked) -> Answer:
    """Delete a run that is not training, with all its files."""
    return _ask(asked, Jobs.delete, Text("{name} is deleted.", "{name} 已删除。"))


def export(asked: Asked) -> Answer:
    """Write a trained model as one zip."""
    from aigc_demo.jobs.export import export_run

    job = Jobs(asked.settings).get(asked.flags.name)
    if asked.flags.out is None or asked.flags.out.suffix.lower() != ".zip":
        raise InputError(
            en="Name the zip to write, such as --out model.zip.",
            zh="请指定要写入的 zip 文件，例如 --out model.zip。",
        )
    path = str(export_run(job.folder, asked.flags.out))
    return Answer({"files": [path]}, path)


def import_(asked: Asked) -> Answer:
    """Make the model in a zip of `jobs export` one of the models here."""
    from aigc_demo.jobs.export import import_run

    model = import_run(asked.flags.file, asked.settings.runs_dir, asked.flags.name or asked.flags.file.stem)
    return Answer({"model": model}, model)


def _ask(asked: Asked, verb: Callable[[Jobs, str], None], words: Text) -> Answer:
    jobs, name = Jobs(asked.settings), asked.flags.name
    verb(jobs, name)
    return Answer({"name": name}, words.format(name=name).say(asked.lang))
