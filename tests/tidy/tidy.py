#!/usr/bin/env python3
"""The rules of the house that no compiler checks. Prints each breach as
`file:line: what is wrong`; exits 1 when there is one.

    tidy.py [ROOT]      ROOT is the repository, by default this one
"""

import re
import sys
import textwrap
from pathlib import Path

# An include points to the left or inside its own folder.
LAYERS = ["runtime", "channels", "transport", "observer", "examples"]
LIBRARIES = LAYERS[:-1]

# One home a dependency: include prefix -> where it may be included.
HOMES = {
    "caf/": ["runtime/", "tests/runtime/", "tests/bench/",
             "examples/5_beside_caf.cpp"],
    "nlohmann/": ["channels/json.hpp"],
    "simdjson": ["channels/detail/plain_json.cpp"],
    "boost/beast": ["transport/", "tests/"],
    "boost/asio": ["transport/", "tests/"],
    "spdlog/": ["runtime/log.cpp"],
    "openssl/": ["channels/token.cpp", "transport/detail/handshake.cpp"],
    "liburing.h": ["transport/detail/send_ring.cpp"],
    "zlib.h": ["transport/detail/inflater.cpp"],
    "prometheus/": ["transport/metrics.cpp"],
    "CLI/": ["examples/", "observer/", "tests/"],
    "curses.h": ["observer/cli/"],
    "pugixml.hpp": ["examples/load/tsung_xml.cpp"],
}

# Time and chance come in through constructors, so that tests can replay them.
BANNED = {
    r"\bsleep_for\b|\bsleep_until\b|\busleep\b|\bnanosleep\b":
        "wait for an event, not for time",
    r"\b(steady|system|high_resolution)_clock::now\b":
        "take a runtime::clock& instead",
    r"\brandom_device\b": "take a seed or a generator instead",
}
ALLOWED = {
    "runtime/clock.cpp": "the one door to the real clock",
    "runtime/prng.cpp": "the one door to real randomness",
    "tests/bench/": "measures real time",
}
COUT_ALLOWED = ["examples/", "tests/bench/", "tests/fuzz/", "tests/integration/",
                "observer/cli/"]

FUNCTION_MAX = 70
COLUMNS_MAX = 80


def lines_max(path):
    """The most lines a file may have, by what it is."""
    top = path.split("/")[0]
    if top == "tests":
        return 800
    # The load generator is a tool, not an example to read in one go.
    if top == "examples" and not path.startswith("examples/load/"):
        return 150
    return 400 if path.endswith(".hpp") else 500


LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<end>\w*)\(.*?\)(?P=end)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<!\w)'(?:\\[^\n']+|\\'|[^'\\\n])'"
    r"|^[ \t]*#(?:\\\n|[^\n])*", re.S | re.M)


def code_only(text):
    """The text with comments, literals and preprocessor lines blanked."""
    return LITERAL.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def check_includes(path, text):
    home = path.split("/")[0]
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not found:
            continue
        target = found[2]
        for prefix, homes in HOMES.items():
            if target.startswith(prefix) and not path.startswith(tuple(homes)):
                yield number, f"{target}: its home is {', '.join(homes)}"
        if found[1] == '"':
            for problem in layer_breaches(path, home, target):
                yield number, f"{target}: {problem}"


def layer_breaches(path, home, target):
    top = target.split("/")[0]
    if top not in LAYERS + ["tests"] or "/" not in target:
        yield "write includes from the repository root"
    elif home != "tests":
        if top == "tests" or LAYERS.index(top) > LAYERS.index(home):
            yield f"{home} may not know {top}"
        elif "/detail/" in target and top != home:
            yield f"private to {top}"
        if path.startswith("channels/pubsub/") and not target.startswith(
                ("runtime/", "channels/pubsub/")):
            yield "pubsub knows only runtime and itself"
        if path.startswith("channels/tracker/") and not target.startswith(
                ("runtime/", "channels/pubsub/", "channels/tracker/")):
            yield "tracker knows only runtime, pubsub and itself"


def check_lengths(path, text):
    lines = text.splitlines()
    if len(lines) > lines_max(path):
        yield len(lines), f"file is longer than {lines_max(path)} lines"
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS_MAX:
            yield number, f"line is longer than {COLUMNS_MAX} columns"


def opens_function(head):
    """Whether a brace after this text opens a function's body."""
    head = re.sub(r"\balignas\s*\([^()]*\)", "", head)
    if re.search(r"\b(namespace|class|struct|union|enum)\b[^()]*$", head):
        return False
    return "(" in head and not re.search(r"=\s*$", head)


def check_functions(path, text):
    code = code_only(text)
    depth, head, start, start_depth = 0, 0, None, 0
    for found in re.finditer(r"[{};]", code):
        if found[0] == "{":
            if start is None and opens_function(code[head:found.start()]):
                start, start_depth = found.start(), depth
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if start is not None and depth == start_depth:
                length = code.count("\n", start, found.start()) + 1
                if length > FUNCTION_MAX:
                    yield (code.count("\n", 0, start) + 1,
                           f"function is {length} lines long, not "
                           f"{FUNCTION_MAX} at most")
                start = None
        head = found.end()


def check_words(path, text):
    code = code_only(text).splitlines()
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\b(TODO|FIXME)\b", line):
            yield number, "finish it, or describe it where work is planned"
    for number, line in enumerate(code, 1):
        for pattern, advice in BANNED.items():
            found = re.search(pattern, line)
            if found and not path.startswith(tuple(ALLOWED)):
                yield number, f"{found[0]}: {advice}"
        if "std::cout" in line and not path.startswith(tuple(COUT_ALLOWED)):
            yield number, "std::cout: write to the log"


def check_guard(path, text):
    if path.endswith(".hpp") and not re.search(r"^#pragma once$", text, re.M):
        yield 1, "header without #pragma once"


def check_layer_readmes(root):
    """Each library's README names its public headers, as `name.hpp` or, with
    the .cpp of the same name, as `name`; and no headers that are gone."""
    for layer in LIBRARIES:
        folder, path = root / layer, f"{layer}/README.md"
        headers = {str(h.relative_to(folder)) for h in folder.rglob("*.hpp")
                   if "detail" not in h.parts}
        if headers and not (root / path).exists():
            yield path, 1, "missing"
        elif headers:
            text = (root / path).read_text()
            listed = set(re.findall(r"(?<![\w/])[\w/]+\.hpp", text))
            pairs = {f"{n}.hpp" for n in re.findall(r"`([\w/]+)`", text)}
            for header in sorted(headers - listed - pairs):
                yield path, 1, f"does not list {header}"
            for header in sorted(listed - headers):
                if not any((r / header).exists() for r in (root, folder)):
                    yield path, 1, f"lists {header}: no such file"


def tagged_examples(root):
    """tag -> the code between two `// [tag]` lines of an example."""
    tags = {}
    for source in sorted((root / "examples").rglob("*.[ch]pp")):
        for found in re.finditer(
                r"^[ \t]*// \[(\w+)\]\n(.*?)^[ \t]*// \[\1\]$",
                source.read_text(), re.S | re.M):
            tags[found[1]] = textwrap.dedent(found[2]).strip()
    return tags


QUOTE = re.compile(
    r"(?:^<!-- \[(?P<before>\w+)\] -->\n+)?^```cpp\n"
    r"(?:// \[(?P<inside>\w+)\]\n)?(?P<code>.*?)(?:^// \[\w+\]\n)?^```$",
    re.S | re.M)


def check_quotes(root):
    """Each C++ block of README.md and of the guides is the example of the same
    tag."""
    tags = tagged_examples(root)
    for page in [root / "README.md", *sorted(root.glob("examples/*/*.md"))]:
        if not page.exists():
            continue
        path, text = str(page.relative_to(root)), page.read_text()
        for block in QUOTE.finditer(text):
            tag = block["before"] or block["inside"]
            number = text.count("\n", 0, block.start("code"))
            if tag is None:
                yield (path, number, "C++ block without a tag: put "
                       "<!-- [tag] --> above it")
            elif tag not in tags:
                yield path, number, f"no example has // [{tag}]"
            elif tags[tag] != block["code"].strip():
                yield path, number, f"differs from the example's [{tag}]"


def breaches(root):
    rules = [check_includes, check_lengths, check_functions, check_words,
             check_guard]
    for top in LAYERS + ["tests"]:
        for source in sorted((root / top).rglob("*.[ch]pp")):
            path = str(source.relative_to(root))
            if "node_modules" in path:
                continue
            text = source.read_text()
            for rule in rules:
                for number, problem in rule(path, text):
                    yield path, number, problem
    yield from check_layer_readmes(root)
    yield from check_quotes(root)


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else
                Path(__file__).parents[2]).resolve()
    found = list(breaches(root))
    for path, number, problem in found:
        print(f"{path}:{number}: {problem}")
    print(f"tidy: {len(found)} breaches" if found else "tidy: clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
