"""`python -m aigc_demo COMMAND`: parse, run, print; errors are one sentence on standard error.

Exit status: 0, 2 for bad input, 130 after Ctrl-C, 141 where the reader of a pipe has gone.
"""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

from aigc_demo.cli.commands import build_parser
from aigc_demo.cli.flags import Answer, Asked, spoken_language
from aigc_demo.core.environment import mend_proxies, private_folders
from aigc_demo.core.errors import InputError
from aigc_demo.core.failures import in_words
from aigc_demo.core.settings import flags_given, prepare_environment, settings_from

BAD_INPUT, INTERRUPTED, PIPE_CLOSED = 2, 130, 141


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit status."""
    lang, settings = spoken_language(arguments, os.environ), None
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    try:
        mend_proxies()
        flags = build_parser(lang).parse_args(arguments)
        settings = private_folders(settings_from(flags_given(flags)))
        prepare_environment(settings)
        with redirect_stdout(sys.stderr):  # whatever a library prints must not end up in the JSON
            answer = flags.command.run(Asked(flags, settings, lang))
        if answer.data or answer.words:  # of several processes that train together, one speaks
            print(printed(answer, flags.json), flush=True)
    except InputError as error:
        print(error.say(lang), file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it exits
        return PIPE_CLOSED
    except Exception as error:
        if (said := in_words(error, settings)) is None:
            raise
        print(said.say(lang), file=sys.stderr)
        return BAD_INPUT
    return 0


def printed(answer: Answer, as_json: bool) -> str:
    """The answer as the reader wants it."""
    return json.dumps(answer.data, ensure_ascii=False) if as_json else answer.words


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
