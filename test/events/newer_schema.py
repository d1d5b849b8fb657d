"""Writes the schema of a version to come: event.capnp, and everything in it has grown.

usage: newer_schema.py EVENT_CAPNP OUTPUT

Each struct has one more member, `addedLater`; each enum one more value, `ofTheFuture`; the union of
bodies one more kind, `fromTheFuture`. schema_test.cc reads with today's code what it would write.
"""

import re
import sys

ORDINAL = re.compile(r"@(\d+)\b")


def grown(lines):
    """Each struct and enum with its new last member."""
    result, highest, opened = [], -1, []
    for line in lines:
        code = line.split("#")[0]
        begins = re.match(r"(struct|enum) (\w+) \{", code)
        if begins and not opened:
            highest = -1
        ordinals = [int(n) for n in ORDINAL.findall(code)]
        highest = max([highest, *ordinals])
        for _ in range(code.count("{")):
            opened.append(code.strip())
        for _ in range(code.count("}")):
            begun = opened.pop()
            if begun.startswith("body :union"):
                highest += 1
                result.append(f"    fromTheFuture @{highest} :FromTheFuture;\n")
            elif not opened:
                member = "ofTheFuture @{};" if begun.startswith("enum") else "addedLater @{} :Text;"
                result.append(f"  {member.format(highest + 1)}\n")
        result.append(line)
    return result


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"(?m)^@0x[0-9a-f]+;", "@0xc58e1f7a3b6d9240;", text, count=1)
    text = text.replace('"sky::events::wire"', '"sky::events::newer"')
    text = re.sub(r"\{\s*([^{}\n]*)\}", r"{\n\1\n}", text)  # one-line structs
    lines = grown(text.splitlines(keepends=True))
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.writelines(lines)
        file.write("\nstruct FromTheFuture {\n  what @0 :Text;\n}\n")


if __name__ == "__main__":
    main()
