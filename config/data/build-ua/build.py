#!/usr/bin/env python3
"""Makes uap-core.tsv from uap-core's rules (Apache-2.0). Run by hand by a maintainer, never by the build.

    pip download --no-deps ua-parser-builtins && unzip ua_parser_builtins-*.whl -d rules
    build.py rules > ../uap-core.tsv

The PyPI package `ua-parser-builtins` carries uap-core's regexes.yaml of each month, compiled to Python calls; they are
read as text, nothing is executed. One rule a line, tab-separated: u, o or d (user agent, OS, device), the regex, then
the replacements in the order of the uap-core specification. `\\d`, `\\w` are written out as ASCII classes and wide
bounded repetitions as unbounded ones, as other uap-core implementations for automaton engines do.
"""
import ast, pathlib, re, sys

root = pathlib.Path(sys.argv[1])
revision = (root / "REVISION").read_text().strip()
tree = ast.parse(next(root.rglob("regexes.py")).read_text())
KINDS = {"UserAgentParser": "u", "OSParser": "o", "DeviceParser": "d"}
CLASSES = {"d": "[0-9]", "D": "[^0-9]", "w": "[A-Za-z0-9_]", "W": "[^A-Za-z0-9_]"}


def portable(regex):
    regex = re.sub(r"\\(.)", lambda m: CLASSES.get(m[1], m[0]), regex)
    return re.sub(r"(?<!\\)\{([01]),\d{3,}\}", lambda m: "*" if m[1] == "0" else "+", regex)


print(f"# uap-core {revision}, Apache-2.0. Made by build-ua/build.py.")
for node in ast.walk(tree):
    if not (isinstance(node, ast.Call) and getattr(node.func, "id", None) in KINDS):
        continue
    kind = KINDS[node.func.id]
    regex, *rest = [ast.literal_eval(argument) for argument in node.args]
    regex = portable(regex)
    if kind == "d":
        # pattern, flag, device, brand, model
        flag, *rest = rest or [None]
        regex = ("(?i)" if flag == "i" else "") + regex
    fields = [kind, regex] + [field or "" for field in rest]
    assert not any("\t" in field or "\n" in field for field in fields), fields
    print("\t".join(fields).rstrip("\t"))
