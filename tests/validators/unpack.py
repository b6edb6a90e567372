"""Unpacks a part of a wheel. Arguments: the wheel, the folder to fill, and the folders in the wheel whose files to take."""

import pathlib
import sys
import zipfile

wheel, target, *folders = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for folder in folders:
        names = [name for name in archive.namelist() if name.startswith(folder + "/") and name.endswith(".json")]
        if not names:
            sys.exit(f"{wheel} has no {folder}")
        for name in names:
            path = pathlib.Path(target, pathlib.PurePath(name).relative_to(pathlib.PurePath(folder).parent))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(name))
