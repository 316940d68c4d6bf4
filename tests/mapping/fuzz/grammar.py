"""Expressions made by the grammar of the language: most of them compile, the rest are nearly right."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from engine.mapping import functions

#: Paths of each format, right and wrong ones.
PATHS = {
    "hl7v2": [
        "MSH-9.1", "MSH-9", "MSH-10", "PID-3", "PID-3.1", "PID-3(2).1", "PID-3(*).1", "PID-3(*)", "PID-8", "PV1-8", "FT1-10", "FT1[2]-10", "FT1[*]-10",
        "FT1[*]-7.1", "FT1[*]", "FT1", "OBX[*]-5", "ZZ1-1", "PID-3[{condition}].1", "FT1[{condition}]-10", "FT1[{condition}](*)-7.1", "FT1[.6 == {text}]-4",
        "PID-0", "PID-3.1.1.1", "QQQ-1", "PID.3", ".1", ".1.2", "pid-3", "PID-99999", "FT1[0]-1",
    ],
    "json": [
        "number", "text", "flag", "nothing_there", "lines", "lines[*].q", "lines[0].code", "lines[9].code", "lines[*].parts[*].n", "lines[{condition}].q",
        "lines[{condition}](*).q", '["x y"]', "deep.er.est", "text.x", "lines.q", ".q", ".n", "[0]", "lines[-1]", "lines[*]", "big", "empty",
    ],
    "canonical": [
        "source_id", "quantity", "item.code", "item", "diagnoses", "diagnoses[*].code", "diagnoses[{condition}].system", "occurred_at", "patient_account.number",
        "item.cod", "quantitty", ".code", "diagnoses[0].code", "source_id.x",
    ],
    "x12": [
        "ISA06", "ST01", "BEG03", "PO1[*]", "PO1", "PO102", "PO1[*]02", "PO1[2]04", "PO1[{condition}]02", "N1[*]", "N1[.01 == {text}]02", "N1/N102", "N1[*]/N301", "REF02",
        'qualified(PO106, "VN")', 'qualified(PO106, {text})', "qualified(PO1, 1)", "CTT01", ".01", ".02-1", "PO1/PO102", "2300/CLM01", "QQ99", "PO100", "PO1-1", "N1(2)", "CLM05-1", "BEG05",
    ],
    "delimited": [
        "number", "unit", "quantity", "price", '["Unit Price"]', "rows[*]", "rows", "rows[*].unit", "rows[0].quantity", "rows[9].quantity", "rows[.unit == {text}].number", "rows[{condition}](*).price",
        ".unit", ".quantity", ".quantitty", "rows.unit", "rows[*].nope", '["Unit Prize"]', "first(rows[*]).unit", "last(rows).nope",
    ],
}  # fmt: skip
#: What lists are made of, and what may be said about their items: numbers, conditions, texts.
GROUPS = {
    "hl7v2": (["FT1[*]", "FT1", "PID-3(*)", 'FT1[.6 == "CG"](*)', "FT1[*]-7.1"], ["FT1-10", ".10", ".6", "FT1-6.1", "PID-8", ".5", "it", "MSH-4", "FT1[1]-6"]),
    "json": (["lines[*]", "lines", "lines[.q == 2](*)", "lines[*].parts[*]", "lines[*].q", '["x y"]'], [".q", ".code", ".n", "number", "it", "text", "lines[0].code"]),
    "canonical": (["diagnoses[*]", "diagnoses"], [".code", ".system", "source_id", "it", "quantity"]),
    "x12": (["PO1[*]", "PO1", "N1[*]", 'N1[.01 == "BY"](*)'], ["PO102", ".02", "N101", "BEG03", ".01", 'qualified(PO106, "VN")', "it", "N1[1]02"]),
    "delimited": (["rows[*]", "rows", 'rows[.unit == "EA"](*)', "rows[*].unit"], ["quantity", ".quantity", "unit", ".unit", "number", "it", "rows[0].unit"]),
}  # fmt: skip
PATHS_OF_VALUES = {
    "hl7v2": ["MSH-9.1", "MSH-10", "PID-3.1", 'PID-3[.5 == "MR"].1', "PID-8", "PV1-8", "FT1-10", "FT1[2]-10", "FT1-4", "PID-40"],
    "json": ["number", "text", "nothing_there", "lines[0].code", "deep.er.est", "lines[.q == 2].code"],
    "canonical": ["source_id", "item.code", "diagnoses[0].code", "patient_account.mrn", 'diagnoses[.system == "x"].code'],
    "x12": ["ISA06", "BEG03", "PO102", "PO1[2]04", 'N1[.01 == "SE"]02', 'qualified(PO106, "VN")', "REF02", "CTT01"],
    "delimited": ["number", "unit", "quantity", '["Unit Price"]', 'rows[.unit == "EA"].number', "rows[9].unit"],
}  # fmt: skip
_SAID = ["{}", "{} | decimal(otherwise=0)", '{} == "CG"', "exists({})", "{} | decimal > 1", "not exists({})", '{} ?? "x"', "index", "upper({})"]  # fmt: skip
_TEXTS = ['""', '"x"', '"CG"', '"MR"', '"10"', '"20261121"', '"ü"', '"a\\"b"', '"%Y%m%d"', '"earlier"', '"(a+)+$"', '"["', '"M11"', '"America/Chicago"', '"sex"', '"cdm"', '"visit"', '"price"', '"daily"', '"{"', '"\\n"']  # fmt: skip
_NUMBERS = ["0", "1", "2", "-3", "1.50", "010", "9" * 34, "9" * 60, "1000000000", "1000001", "0.0000000001"]  # fmt: skip
_LITERALS = ["true", "false", "null", "nothing", "it", "index", "now()", "meta.id", "meta.line", "meta.received_at", 'meta.header("x")', "mine", "many", "unknown", "status"]  # fmt: skip
_FUNCTIONS = sorted([*functions.signed(), *functions.FORMS, *functions.LATER, "decimel"])
_ZONES = ["", "", "", ", zone=", ", otherwise=", ", repeated=", ", salt=", ", from=", ", to=", ", by=", ", width=", ", reset=", ", code=", ", at=", ", column="]  # fmt: skip
_FIELDS = ["", "", "", ".class", ".code", '["x y"]', ".__class__", ".q"]


@cache
def expressions(format: str) -> st.SearchStrategy[str]:
    """Expressions over a format; nested, and now and then much too deep."""
    path = st.sampled_from(PATHS[format])
    leaf = st.one_of(
        path.map(lambda said: said.replace("{condition}", ".1 == 1").replace("{text}", '"CG"')),
        st.sampled_from(_TEXTS),
        st.sampled_from(_NUMBERS),
        st.sampled_from(_LITERALS),
    )
    leaf = st.one_of(leaf, leaf, _over_groups(format))
    return st.recursive(leaf, lambda inner: _larger(inner, path), max_leaves=14)


@cache
def sound(format: str, kind: str = "truth", depth: int = 3) -> st.SearchStrategy[str]:
    """Expressions of a kind that should compile: text, number, truth, moment."""
    things, about = GROUPS[format]
    field = st.sampled_from(PATHS_OF_VALUES[format])
    if not depth:
        return {"text": field, "number": field.map("({} | decimal(otherwise=0))".format), "truth": field.map("exists({})".format), "moment": st.just("now()")}[kind]  # fmt: skip
    text, number, truth, moment = (sound(format, each, depth - 1) for each in ("text", "number", "truth", "moment"))  # fmt: skip
    items, item = st.sampled_from(things), st.sampled_from(about)

    def made(form: str, *parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.tuples(*parts).map(lambda said: form.format(*said))

    return {
        "text": st.one_of(
            field,
            made("({} ?? {})", text, text),
            made("if({}, {}, {})", truth, text, text),
            made("replace({}, \"A\", {})", text, text),
            made("({} | upper | trim)", text),
            made("({} | pad(7) | right(3))", text),
            made("format({}, \"%Y%m%d\")", moment),
            made("stable_id({}, {})", text, number),
            made("base64({})", text),
            made("(join([{}, {}], \"-\") | mask(2))", text, text),
            made("lookup(\"cdm\", \"price\", code={}, otherwise={})", text, text),
            made("sequence(\"n\", by={}, reset=\"daily\")", text),
            made("recall(\"visit\", {}).class", text),
        ),
        "number": st.one_of(
            made("({} + {})", number, number),
            made("({} * {} - 1.5)", number, number),
            made("round({} / 3, 2)", number),
            made("length({})", text),
            made("count({}, {})", items, truth),
            made("sum({}, {} | decimal(otherwise=0))", items, item),
            made("sum({}, {})", items, number),
            made("days_between({}, {})", moment, moment),
        ),
        "truth": st.one_of(
            made("({} and not {})", truth, truth),
            made("({} or {})", truth, truth),
            made("({} > {})", number, number),
            made("{} | decimal(otherwise=0) <= 10", field),
            made("({} == {})", text, text),
            made("{} != \"CG\"", field),
            made("({} in [{}, \"x\"])", text, text),
            made("any({}, exists({}))", items, item),
            made("all({}, {})", items, truth),
            made("matches({}, \"[A-Z]+\")", text),
            made("({} < {})", moment, moment),
        ),
        "moment": st.one_of(
            st.just("now()"),
            made("date({}, otherwise=now())", text),
            made("add_days({}, 3)", moment),
            made("datetime({}, zone=\"America/Chicago\", otherwise={})", text, moment),
        ),
    }[kind]  # fmt: skip


def _over_groups(format: str) -> st.SearchStrategy[str]:
    """Functions of lists that look at each item: `sum(FT1[*], FT1-10 | decimal)`."""
    things, paths = GROUPS[format]
    return st.builds(
        lambda name, list_, said, path, field: f"{name}({list_}, {said.format(path)}){field}",
        st.sampled_from(["sum", "count", "first", "last", "sort", "unique", "min", "max", "any", "all"]),
        st.sampled_from(things),
        st.sampled_from(_SAID),
        st.sampled_from(paths),
        st.sampled_from(_FIELDS),
    )  # fmt: skip


def _larger(
    inner: st.SearchStrategy[str], path: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    function = st.sampled_from(_FUNCTIONS)
    arguments = st.lists(inner, max_size=4).map(", ".join)
    binary = st.sampled_from([" or ", " and ", " == ", " != ", " < ", " >= ", " in ", " not in ", " ?? ", " + ", " - ", " * ", " / ", " = ", " && "])  # fmt: skip
    return st.one_of(
        st.builds(lambda a, sign, b: f"{a}{sign}{b}", inner, binary, inner),
        st.builds(lambda a: f"({a})", inner),
        st.builds(lambda a: f"not {a}", inner),
        st.builds(lambda items: f"[{', '.join(items)}]", st.lists(inner, max_size=4)),
        st.builds(lambda a, name: f"{a} | {name}", inner, function),
        st.builds(lambda a, name, args: f"{a} | {name}({args})", inner, function, arguments),
        st.builds(
            lambda name, args, key, value, field: f"{name}({args}{key and key + value}){field}",
            function,
            arguments,
            st.sampled_from(_ZONES),
            inner,
            st.sampled_from(_FIELDS),
        ),
        st.builds(lambda name, things, by: f"{name}({things}, {by})", st.sampled_from(["sum", "count", "first", "sort", "unique", "min", "max", "any", "all"]), inner, inner),
        st.builds(lambda said, a, b: said.replace("{condition}", a).replace("{text}", b), path, inner, inner),
        st.builds(lambda a, b, c: f"if({a}, {b}, {c})", inner, inner, inner),
    )  # fmt: skip


def damaged(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The same with a piece cut out, doubled, or a stray sign in it."""
    signs = st.sampled_from([*'()[]{}",|.=<>!?\\#:\' \n\t', "é", "\x00", "\u2028", "']", "??", "9" * 50])  # fmt: skip
    place = st.integers(0, 200)

    def broken(said: str, at: int, length: int, sign: str) -> str:
        at %= len(said) + 1
        return said[:at] + sign + said[at + length % 7 :]

    return st.builds(broken, text, place, place, signs)


#: Deeper than anybody writes, in every way there is.
DEEP = [
    "(" * 3000 + "1" + ")" * 3000,
    "[" * 3000 + "1" + "]" * 3000,
    "not " * 900 + "true",
    "upper(" * 600 + '"x"' + ")" * 600,
    "if(true, " * 400 + "1" + ", 2)" * 400,
    '"x"' + " | upper" * 400,
    "1" + " + 1" * 900,
    "true" + " and true" * 400,
    '"x"' + ' ?? "x"' * 500,
    "PID-3[" * 600 + "true" + "].1" * 600,
    "lines[" * 600 + "true" + "].q" * 600,
    "first(" * 600 + "lines" + ")" * 600,
    "(lines)" + ".a" * 1900,
    "a" + ".a" * 1999,
    "lines" + "[0]" * 1300,
    "1" * 4000,
    "1." + "1" * 3990,
    "PID-" + "1" * 3990,
    "lines[" + "1" * 3990 + "]",
    '"' + "x" * 3990 + '"',
    '"' + "\\n" * 1990 + '"',
    "x" * 4001,
    "count(lines, " * 300 + "true" + ")" * 300,
    "- " * 1000 + "1",
]
