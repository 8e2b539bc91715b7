"""What comes before the page is built: settings read, and this computer looked at, so that what it refuses is a sentence."""

import sys
from collections.abc import Callable, Sequence

from aigc_demo.core.environment import check_folders, mend_proxies, private_folders
from aigc_demo.core.failures import told
from aigc_demo.core.settings import Settings, prepare_environment, read_settings
from aigc_demo.server.address import check_address
from aigc_demo.server.checks import mcp_token


def start(serve: Callable[[Settings, str], None], arguments: Sequence[str]) -> None:
    """Serve with the settings and the tools' token; end in one sentence, in both languages, where it cannot be done."""
    for stream in (sys.stdout, sys.stderr):  # a machine without a locale takes ASCII alone
        stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        for said in mend_proxies():
            print(said.en, said.zh, sep="\n", file=sys.stderr, flush=True)
        settings = private_folders(read_settings(arguments))
        check_folders(settings)
        check_address(settings)
        token = mcp_token(settings)
        prepare_environment(settings)
        serve(settings, token)
    except Exception as error:
        if not (said := told(error)):
            raise
        sys.exit(f"{said.en}\n{said.zh}")
