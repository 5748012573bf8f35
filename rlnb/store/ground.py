"""What the file system below a store can do: SQLite's write-ahead log, only a rollback journal, or neither.

The log keeps an index in shared memory, which only one machine sees: on a network file system two machines would
damage the file, though SQLite notices nothing. A drive that is mounted from a cloud (Google Drive in Colab, a bucket)
has no locks that hold and no writes in the middle of a file: there a local file is written, and copied.
"""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

Ground = Literal["log", "journal", "copy"]

MOUNTS = Path("/proc/self/mountinfo")
SHARED = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "drvfs",
          "vboxsf", "prl_fs", "fuse.sshfs", "fuse.glusterfs", "fuse.ceph-fuse", "fuse.vmhgfs-fuse")  # fmt: skip
DRIVES = ("drive", "rclone", "gcsfuse", "s3fs", "goofys", "mount-s3", "mountpoint-s3", "blobfuse", "blobfuse2",
          "google-drive-ocamlfuse", "onedriver", "davfs", "juicefs")  # fmt: skip


def ground(folder: Path) -> tuple[Ground, str]:
    """What can be done in a folder that exists, and in a few words why not more."""
    kind = file_system(folder)
    name = kind.removeprefix("fuse.")
    if name in DRIVES:
        return "copy", f"it is on a mounted drive ({name})"
    if not _locks(folder):
        return "copy", f"its file system ({kind or 'unknown'}) has no file locks"
    if kind in SHARED:
        return "journal", f"it is on a network file system ({kind})"
    return "log", ""


def file_system(folder: Path) -> str:
    """The type of the file system that a folder is on, as Linux names it; "" where the system does not say."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        place = os.path.realpath(folder)
    except OSError:
        return ""
    best, found = -1, ""
    for line in lines:  # 36 35 98:0 /root /mount/point rw,noatime master:1 - ext4 /dev/sda1 rw
        head, _, tail = line.partition(" - ")
        fields = head.split()
        if len(fields) < 5 or not tail:
            continue
        at = fields[4].replace("\\040", " ")
        inside = place == at or place.startswith(at.rstrip("/") + "/")
        if inside and len(at) >= best:  # a later mount at the same point covers the earlier one
            best, found = len(at), tail.split()[0]
    return found


def _locks(folder: Path) -> bool:
    """Whether a file in the folder can be locked. True where that cannot be tried."""
    try:
        import fcntl
    except ImportError:
        return True
    with suppress(OSError):
        with tempfile.TemporaryFile(dir=folder) as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                return error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)
    return True
