"""Reads a file in Prometheus' text format with the official client's parser, and prints its samples as JSON."""

import json
import pathlib
import sys

from prometheus_client.parser import text_string_to_metric_families

text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
families = list(text_string_to_metric_families(text))
print(json.dumps([[sample.name, sample.labels, sample.value] for family in families for sample in family.samples]))
