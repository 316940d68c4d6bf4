"""
The language analysts write: expressions, text with holes, mappings, code tables. Pure.

Everything is compiled once, at load, to closures over a Scope (engine/formats/__init__.py). What cannot work is a
placed mistake at load; what a message does not allow is a MessageError that names path and rule, never the value.

    language    what is compiled, and what may be used where
    values      moments, numbers, text: what an expression's value can be
    parser      the text of an expression, read once from left to right
    operators   truth, arithmetic, lists, what stands in for nothing
    comparisons `==` and its kin
    names       let, meta, now, it, index and the paths of the format at hand
    simple_paths paths without brackets, compiled once for all that have them
    unknown     what is said about a name that means nothing
    facts       meta, now, and a partner's answer
    calls       functions: how a call is read; arguments, what fits; binding, the closure; signatures, what it takes
    functions/  one small pure function each
    forms/      written like functions, made by the compiler: if, exists, lookup, sequence, recall, changed
    fields      `.name` and `["name"]` behind a bracket that gives a record
    tables      mappings/tables/*.csv; lookups, the declarations of data tables beside them
    text        text with holes, made safe for file names, URLs and headers
    steps       how much work one message may cause
    traps       what YAML makes of a value that was meant otherwise
    choices     one value, or the first of several that holds
    rules       each, let, when
    records     fields into records, nested lists
    conversion  values into the fields of canonical entities
    assurance   which values of FHIR are right for certain; the others are doubted, and validated
    written     values as the formats write them
    sources     what a mapping reads; entities, by the names of their classes; holds, groups that hold more
    structures  what `to: FORMAT/NAME` builds; stylesheets, XSLT as a mapping
    outputs     what a mapping makes: entities, JSON, lines of files; layouts, where it is written to
    edits       messages edited in place: keep, set, remove, edit, add (adds)
    segments    what edits are made of, with writes and walks; grammar, how each format names things
    builds      messages built by their standard: set, groups, pairs
    uses        one mapping makes a part for others
    trace       what each rule made
    files       a mapping, compiled; loading, how one file becomes one; shelf, all of a home
"""

from __future__ import annotations

from engine.mapping.files import Mapping
from engine.mapping.language import Expression, Language, Product, Traced
from engine.mapping.shelf import Shelf, load
from engine.mapping.text import expression, fill

__all__ = [
    "Expression",
    "Language",
    "Mapping",
    "Product",
    "Shelf",
    "Traced",
    "expression",
    "fill",
    "load",
]
