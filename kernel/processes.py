"""Child processes that end when we end, however we end: the kernel signals them (PR_SET_PDEATHSIG, prctl(2)).

The signal comes when the *thread* that started the child ends, so children are started from the main thread.
"""

import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

_NOBODY = "65534"
# setpriv asks for the signal; if we died just before, the child has another parent by now, and goes.
_UNLESS_ORPHANED = '[ "$PPID" = "$0" ] && exec "$@"'


def can_tie() -> bool:
    """Whether this system has what ``tied`` needs."""
    return shutil.which("setpriv") is not None


def tied(command: Sequence[str | Path], death_signal: signal.Signals, *, never_root: bool = False) -> list[str]:
    """The command line that runs ``command`` and gets ``death_signal`` when we end.

    With ``never_root``, if we are root, it runs as nobody, who keeps CAP_DAC_OVERRIDE only: enough to read an
    environment and write a state directory that lie below a 0700 home, without opening those to anybody.
    """
    setpriv = ["setpriv", "--pdeathsig", death_signal.name.removeprefix("SIG")]
    if never_root and os.geteuid() == 0:
        capability = "-all,+dac_override"
        setpriv += ["--reuid", _NOBODY, "--regid", _NOBODY, "--clear-groups"]
        setpriv += ["--inh-caps", capability, "--ambient-caps", capability, "--bounding-set", capability]
    return [*setpriv, "sh", "-c", _UNLESS_ORPHANED, str(os.getpid()), *map(str, command)]
