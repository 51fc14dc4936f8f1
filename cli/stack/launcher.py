"""Becomes one part of the stack: `launcher.py PARENT SIGNAL USER COMMAND…`, run as a script, replaced by COMMAND.

It ties the part's life to its parent (Linux: PR_SET_PDEATHSIG, prctl(2)): the kernel sends SIGNAL when the parent
ends, even by kill -9. USER ("-": stay) is for PostgreSQL, which refuses to run as root: the user changes, but the right
to pass through folders (CAP_DAC_READ_SEARCH or CAP_DAC_OVERRIDE, ambient, capabilities(7)) stays, so that an
installation below /root works without opening that folder to everybody. Other systems skip what they do not have; the
process ledger cleans up there.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


def main(arguments: list[str]) -> None:
    parent, signal, user, *command = arguments
    linux = sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True) if linux else None
    if user != "-":
        become(user, libc)
    if libc is not None:
        libc.prctl(PR_SET_PDEATHSIG, int(signal), 0, 0, 0)  # after the change of user, which clears it
        if os.getppid() != int(parent):  # it died before the call
            sys.exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be started: {error.strerror}")


def become(user: str, libc: ctypes.CDLL | None) -> None:
    """Change from root to `user`, keeping the right to pass through folders where the system can."""
    entry = pwd.getpwnam(user)
    if libc is not None:
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        # access(2), by which PostgreSQL looks for its own programs, honours the capability only with this bit
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir
    if libc is not None and not keep(libc, CAP_DAC_READ_SEARCH) and not keep(libc, CAP_DAC_OVERRIDE):
        keep(libc, None)


def keep(libc: ctypes.CDLL, capability: int | None) -> bool:
    """Drop all capabilities but one, and hand that one on to the next program. False when it is not ours to keep."""
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    mask = 0 if capability is None else 1 << capability
    sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)  # effective, permitted, inheritable: low words, high words
    if libc.capset(header, sets) != 0:
        return False
    if capability is None:
        return True
    return bool(libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0)


if __name__ == "__main__":
    main(sys.argv[1:])
