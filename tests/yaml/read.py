"""Reads a YAML file with PyYAML and ruamel.yaml (as YAML 1.1 and as YAML 1.2) and prints what each makes of it.

The output is a JSON object: the name of the reader, and the list of its documents. A value that JSON has no type for,
such as a date, and a key that is no text become objects that equal nothing else.
"""

import json
import sys
import warnings

import yaml
from ruamel.yaml import YAML


def plain(value):
    if isinstance(value, dict):
        return {key if isinstance(key, str) else f"not a text: {key!r}": plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int)):
        return value
    return {"not a text": repr(value)}


def ruamel(version):
    reader = YAML(typ="safe", pure=True)
    reader.version = version
    return reader


warnings.simplefilter("ignore")
with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
readers = {
    "PyYAML": yaml.safe_load_all,
    "ruamel.yaml 1.1": ruamel((1, 1)).load_all,
    "ruamel.yaml 1.2": ruamel((1, 2)).load_all,
}
json.dump({name: [plain(document) for document in read(text)] for name, read in readers.items()}, sys.stdout)
