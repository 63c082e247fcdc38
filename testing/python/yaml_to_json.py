"""Prints a YAML file as JSON, as PyYAML reads it: a parser that knows nothing of us.

usage: yaml_to_json.py FILE
"""

import json
import sys

import yaml

with open(sys.argv[1], encoding="utf-8") as file:
    json.dump(yaml.safe_load(file), sys.stdout)
