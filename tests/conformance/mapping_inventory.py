"""
Bundles that CDC's ReportStream makes of 132 messages, one for each rule of HL7's mapping inventory, against ours, leaf by leaf.

A leaf is a text, a number or a truth of the expected Bundle. Resources are matched by type, and items of lists, so that most
leaves agree; a reference agrees where both point at resources that were matched, an instant where both are the same
moment. Agreement is what is equal less what we have too much, of all that is expected.

Not compared, on either side:
- `Bundle.id`, `Bundle.meta`, `fullUrl` and `Resource.id`: made up by whoever makes the Bundle; `Bundle.identifier.system`,
  which the guide leaves to the implementer.
- of the Provenance that tells of the conversion: when, by which policy and by whom, and the Organization that it names
  (theirs is CDC): they describe the converter. Its `recorded` and that of the Provenance of a Patient are the moment of conversion.
- of ours, elements that R4 demands and a resource of theirs lacks, so that theirs is not valid (MessageHeader.source, Provenance.agent
  and target, Encounter.class, ServiceRequest.intent, Coverage.status and others), and reasons why something is absent.
- of theirs, resources without any content, and references to them (an EpisodeOfCare, a Specimen); Patients are kept.
Equal resources of theirs count once: they repeat an Organization wherever it is named, we refer to it again. The type of a
resource is no leaf.

Four figures. "As ReportStream has it": what the mapping hl7v2_to_reportstream makes, against all of theirs. The others are of hl7v2_to_fhir.
"With extensions": against all of theirs, also what stands in extensions of ReportStream (https://reportstream.cdc.gov/...) and of IBM, which the guide does not know. "Without extensions": without these, and without resources that only they refer to. "As the
guide has it": the same, and theirs put right (_righted) where ReportStream decided otherwise than the guide or HL7's definitions:
- names of type B are not `official`; the temporary location has the extension of the guide; PV1-42 is `reserved`;
- coding systems HL7nnnn have URIs, CDCREC is an OID, L has none; types of identifiers (CX.5, XCN.13) have that of table 0203;
- the authority of an EI, CNN or XON is the identifier's system: the guide leaves its extension open, theirs is ReportStream's;
- the activity of a Provenance is "message - ADT^A01^ADT_A01", that of the conversion v2-fhir-transformation; a Provenance of the
  Patient is made where PID-34 says who changed it;
- an Organization is at home nowhere (org-2, org-3);
- the function of a performer stands in the Reference (DiagnosticReport.performer, which is the context of that extension), not in the role;
- check digit schemes, census tracts and the mother's maiden name are texts, as the definitions of these extensions want.
Left as they are, and counted against us: codes that the guide translates (marital status, religion, relationship: the original
stands beside), `mode` of the places around a place, systems of codes that stand in a field with a table of its own, MSH-24 before MSH-3,
telecom.use by default, links to the mother, blanks in URIs.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from engine import formats, mapping
from engine.errors import MessageError
from engine.fhir import definitions
from engine.message import Context, Facts, Inbound
from engine.placed import Mistakes
from engine.reading import Reading
from tests.agreement import Pairing, leaves

HOME = Path(__file__).parents[2]
FIXTURES = HOME.parent / "shared/fixtures"
KIND = "hl7 segment/datatype ->/<- fhir (HL7 mapping inventory, CDC)"
THEIRS = ("https://reportstream.cdc.gov/", "http://ibm.com/fhir/cdm/")
STRUCTURE = "http://hl7.org/fhir/StructureDefinition/"
ABSENT = f"{STRUCTURE}data-absent-reason"
FUNCTION = f"{STRUCTURE}event-performerFunction"
FOLDER = "mappinginventory/"
#: Theirs put right where the guide says otherwise; as it is, but for extensions of their own; whole; whole, against what is made to be like it.
FIGURES = (
    "as the guide has it",
    "without extensions",
    "with extensions",
    "as ReportStream has it",
)
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
Tree = Any


def run(fixtures: Path) -> dict[str, tuple[int, int]]:
    """How many leaves agree: four figures over all; the first and the last of them are printed by folder as well."""
    total = {name: [0, 0] for name in FIGURES}
    folders: dict[str, dict[str, list[int]]] = defaultdict(
        lambda: {name: [0, 0] for name in FIGURES}
    )
    for pair in _pairs(fixtures):
        raw = (fixtures / pair["input"]).read_bytes()
        theirs = json.loads((fixtures / pair["expected"]).read_bytes())
        folder = folders[pair["input"].split(FOLDER)[1].split("/")[1]]
        for figure in FIGURES:
            good, expected, mine = pairing(_converted(raw, figure), theirs, figure).counts()
            counted = max(good - (mine - good), 0), expected
            for into in (total[figure], folder[figure]):
                into[0], into[1] = into[0] + counted[0], into[1] + counted[1]
    for name, figures in sorted(folders.items()):
        told = (figures[FIGURES[0]], figures[FIGURES[-1]])
        shares = "  ".join(
            f"{good:>6} of {expected:<6} {100 * good / expected:5.1f} %"
            for good, expected in told
        )
        print(f"  {shares}  {name}")
    return {name: (good, expected) for name, (good, expected) in total.items() if expected}


def _pairs(fixtures: Path) -> list[dict[str, str]]:
    path = fixtures / "pairs.json"
    pairs = json.loads(path.read_bytes()) if path.is_file() else []
    return [pair for pair in pairs if pair["kind"] == KIND]


@cache
def _mapping(name: str) -> Any:
    mistakes = Mistakes()
    found = mapping.load(name, HOME, mistakes)
    assert found is not None, mistakes.found
    return found


def _converted(raw: bytes, figure: str) -> Tree:
    """Our Bundle; an empty one where the message is refused."""
    name = "hl7v2_to_reportstream" if figure == FIGURES[3] else "hl7v2_to_fhir"
    facts = Facts(inbound=Inbound(raw=raw, received_at=0.0), context=Context(now=0.0))
    try:
        (product,) = _mapping(name).apply(formats.load("hl7v2").parse(raw, Reading()), facts)
    except MessageError as error:
        if figure in sys.argv:
            print("refused:", error)
        return {"resourceType": "Bundle"}
    return json.loads(product.payload)


def pairing(ours: Tree, theirs: Tree, figure: str) -> Pairing:
    """Both Bundles taken apart, without what is not compared."""
    expected = _resources(
        _righted(theirs) if figure == FIGURES[0] else theirs, whole=figure in FIGURES[2:]
    )
    made = _resources(ours, whole=True)
    found = Pairing(made, expected)
    back = dict(found.pairs)
    for name, each in made.items():
        if name in back:
            _less(each, expected[back[name]])
    return found


def _righted(bundle: Tree) -> Tree:
    """Theirs as the guide would have it, where ReportStream decided otherwise (see above)."""
    entries = [each for each in bundle["entry"] if not _against_guide(each["resource"])]
    functions = _functions(entries)
    return {
        **bundle,
        "entry": [_with_functions(_put_right(each), functions) for each in entries],
    }


def _functions(entries: list[Tree]) -> dict[str, list[Tree]]:
    """What PractitionerRoles of theirs say of the function of a performer, by what points at them."""
    found = {}
    for entry in entries:
        resource = entry["resource"]
        said = [each for each in resource.get("extension", ()) if each["url"] == FUNCTION]
        if resource["resourceType"] == "PractitionerRole" and said:
            found[f"PractitionerRole/{resource['id']}"] = said
    return found


def _with_functions(entry: Tree, functions: dict[str, list[Tree]]) -> Tree:
    """The function of a performer in the Reference to the role instead of in the role."""
    resource = dict(entry["resource"])
    if f"{resource['resourceType']}/{resource.get('id')}" in functions:
        resource["extension"] = [
            each for each in resource["extension"] if each["url"] != FUNCTION
        ]
    elif resource["resourceType"] == "DiagnosticReport":
        resource["performer"] = [
            {**each, "extension": [*each.get("extension", ()), *functions[each["reference"]]]}
            if each.get("reference") in functions
            else each
            for each in resource.get("performer", ())
        ]
    return {**entry, "resource": {k: v for k, v in resource.items() if v != []}}


def _against_guide(resource: Tree) -> bool:
    """A Provenance of a Patient without PID-34, of which nobody is the agent: the guide makes none."""
    activity = resource.get("activity", {}).get("coding", [{}])[0].get("code")
    return (
        resource["resourceType"] == "Provenance"
        and activity == "UPDATE"
        and "agent" not in resource
    )


def _put_right(tree: Tree, name: str = "") -> Tree:
    if isinstance(tree, list):
        return [_put_right(each, name) for each in tree]
    if not isinstance(tree, dict):
        return tree
    made = {key: _put_right(each, key) for key, each in tree.items()}
    said = {each.get("url", "").rsplit("/", 1)[-1]: each for each in tree.get("extension", ())}
    if "url" in tree:
        return _extension(made)
    if name == "activity":
        _say_activity(made["coding"][0])
    if made.get("resourceType") == "Organization":
        _at_work(made)
    _codes(made, said)
    _people(made, said, name)
    if said.get("hl7v2Field", {}).get("valueString") == "PV1.42" and "status" in made:
        made["status"] = "reserved"
    return made


def _at_work(organization: Tree) -> None:
    """An organization is at home nowhere (org-2, org-3)."""
    for each in [*organization.get("telecom", ()), *organization.get("address", ())]:
        if each.get("use") == "home":
            each["use"] = "work"


def _codes(made: Tree, said: dict[str, Tree]) -> None:
    """Coding systems, types of identifiers and who assigned them."""
    if "cwe-coding-system" in said:
        _set_system(made, said["cwe-coding-system"]["valueString"])
    if "cx-identifier" in said:
        _set_type(made)
    if "assigning-authority" in said and "value" in made:
        _set_authority(made, said["assigning-authority"])
    if made.get("system") == "http://unitsofmeasure.org/":
        made["system"] = "http://unitsofmeasure.org"


def _people(made: Tree, said: dict[str, Tree], name: str) -> None:
    """Names of type B have no use."""
    practitioner = made.get("resourceType") == "Practitioner"
    for each in made.get("identifier", ()) if practitioner else ():
        _set_type(each)
    if _name_type(said) == "B":
        for each in made.get("name", ()) if practitioner else [made] if name == "name" else []:
            each.pop("use", None)


def _extension(made: Tree) -> Tree:
    """Extensions as HL7 defines them."""
    url = made["url"]
    if url == f"{THEIRS[0]}fhir/StructureDefinition/code":
        made["url"] = "code"
    elif url.endswith(("namingsystem-checkDigit", "censusTract")) and "valueCode" in made:
        made["valueString"] = made.pop("valueCode")
    elif url.endswith("temporary-location"):
        system = "http://hl7.org/fhir/ValueSet/subject-location"
        concept = {"coding": [{"code": "temporary", "system": system}]}
        return {
            "url": f"{STRUCTURE}subject-locationClassification",
            "valueCodeableConcept": concept,
        }
    elif url.startswith("http://hl7.org/fhir/R5/"):
        made["url"] = url.replace("/R5/", "/5.0/")
    elif url.endswith("mothersMaidenName") and "valueHumanName" in made:
        said = made.pop("valueHumanName")
        order = ("prefix", "given", "family", "suffix")
        words = [word for part in order for word in _listed(said.get(part, []))]
        made["valueString"] = " ".join(words)
    return made


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _set_system(coding: Tree, name: str) -> None:
    """HL7nnnn has a URI, CDCREC an OID, and L none."""
    if name == "L":
        coding.pop("system", None)
    elif name == "CDCREC":
        coding["system"] = "urn:oid:2.16.840.1.113883.6.238"
    elif name.startswith("HL7") and "system" not in coding:
        coding["system"] = f"{TERMINOLOGY}v2-{name[3:]}"


def _set_type(identifier: Tree) -> None:
    """A type of table 0203 has its URI."""
    for coding in identifier.get("type", {}).get("coding", ()):
        if "code" in coding:
            coding.setdefault("system", f"{TERMINOLOGY}v2-0203")


def _set_authority(identifier: Tree, authority: Tree) -> None:
    """The assigning authority of an EI, a CNN or an XON: an extension that has yet to be defined; ours is the system."""
    said = {each["url"].rsplit("/", 1)[-1]: each for each in authority["extension"]}
    if "namespace-id" in said:
        identifier["system"] = said["namespace-id"]["valueString"].replace(" ", "%20")
    elif "universal-id" in said:
        space = {"ISO": "urn:oid:", "UUID": "urn:uuid:"}.get(
            said.get("universal-id-type", {}).get("valueCode"), ""
        )
        identifier["system"] = space + said["universal-id"]["valueString"].replace(" ", "%20")


def _name_type(said: dict[str, Tree]) -> str:
    for name, at in (("xpn-human-name", "XPN.7"), ("xcn-practitioner", "XCN.10")):
        for each in said.get(name, {}).get("extension", ()):
            if each["url"] == at:
                return str(each["valueString"])
    return ""


def _say_activity(coding: Tree) -> None:
    if coding.get("code", "").startswith("v2-FHIR"):
        coding["code"] = "v2-fhir-transformation"
        coding["system"] = (
            "http://hl7.org/fhir/uv/v2mappings/CodeSystem/provenance-activity-type-v2-to-fhir"
        )
    elif coding.get("code") == "UPDATE":
        coding["system"] = f"{TERMINOLOGY}v3-DataOperation"
    elif "display" in coding:
        coding["display"] = f"message - {coding['display']}"


def _resources(bundle: Tree, *, whole: bool) -> dict[str, Tree]:
    """Resources by their names, the Bundle's own leaves among them; equal ones once."""
    entries = {
        each["resource"]["resourceType"] + "/" + each["resource"]["id"]
        if "/" in each["fullUrl"]
        else each["fullUrl"]: each["resource"]
        for each in bundle.get("entry", ())
    }
    kept = _telling(entries if whole else _without_extensions(entries))
    converter = _converters(kept)
    named = {name: _compared(each) for name, each in kept.items() if name not in converter}
    named = _once(named)
    own = {key: bundle[key] for key in ("resourceType", "type", "timestamp") if key in bundle}
    if value := bundle.get("identifier", {}).get("value"):
        own["identifier"] = {"value": value}
    return {"Bundle": own, **named}


def _telling(resources: dict[str, Tree]) -> dict[str, Tree]:
    """Resources that say something, and Patients; references to the others are taken away."""
    silent = {
        name
        for name, each in resources.items()
        if each.keys() <= {"resourceType", "id"} and each["resourceType"] != "Patient"
    }
    kept = {name: each for name, each in resources.items() if name not in silent}
    return {name: _not_to(each, silent) for name, each in kept.items()} if silent else kept


def _not_to(tree: Tree, silent: set[str]) -> Tree:
    if isinstance(tree, dict):
        made = {name: _not_to(each, silent) for name, each in tree.items()}
        return {
            name: each
            for name, each in made.items()
            if each not in ({}, []) and not (name == "reference" and each in silent)
        }
    if isinstance(tree, list):
        return [made for each in tree if (made := _not_to(each, silent)) not in ({}, [])]
    return tree


def _without_extensions(resources: dict[str, Tree]) -> dict[str, Tree]:
    """Resources without ReportStream's extensions, and without those that only these refer to."""
    kept = {name: _stripped(each) for name, each in resources.items()}
    before, after = set(_references(resources)), set(_references(kept))
    gone = before - after
    while gone:
        kept = {name: each for name, each in kept.items() if name not in gone}
        after = set(_references(kept))
        gone = {name for name in kept if name in before and name not in after}
    return kept


def _stripped(tree: Tree) -> Tree:
    if isinstance(tree, dict):
        made = {name: _stripped(each) for name, each in tree.items()}
        return {name: each for name, each in made.items() if each not in ({}, [])}
    if isinstance(tree, list):
        kept = [
            each
            for each in tree
            if not (isinstance(each, dict) and str(each.get("url", "")).startswith(THEIRS))
        ]
        return [made for each in kept if (made := _stripped(each)) not in ({}, [])]
    return tree


def _references(tree: Tree) -> Iterator[str]:
    return (value for path, value in leaves(list(tree.values())) if path.endswith("reference"))


def _converters(resources: dict[str, Tree]) -> set[str]:
    """The Organization that theirs names as the converter."""
    return {
        agent["who"]["reference"]
        for each in resources.values()
        if _of_conversion(each)
        for agent in each.get("agent", ())
        if "reference" in agent.get("who", {})
    }


def _of_conversion(resource: Tree) -> bool:
    codings = resource.get("activity", {}).get("coding", ())
    return any(str(each.get("code", "")).lower().startswith("v2-fhir") for each in codings)


def _compared(resource: Tree) -> Tree:
    """A resource without what is not compared."""
    dropped = {"id"}
    if resource["resourceType"] == "Provenance":
        code = [each.get("code") for each in resource.get("activity", {}).get("coding", ())]
        if _of_conversion(resource):
            dropped |= {"recorded", "policy", "target"}
            resource = {
                **resource,
                "agent": [
                    {key: each for key, each in agent.items() if key != "who"}
                    for agent in resource.get("agent", ())
                ],
            }
        elif code == ["UPDATE"]:
            dropped.add("recorded")
    return {name: each for name, each in resource.items() if name not in dropped}


def _once(resources: dict[str, Tree]) -> dict[str, Tree]:
    """Equal resources once, and what refers to another of them refers to the one that stays."""
    while True:
        seen: dict[str, str] = {}
        stays: dict[str, str] = {}
        for name, each in resources.items():
            stays[name] = seen.setdefault(json.dumps(each, sort_keys=True), name)
        if len(seen) == len(resources):
            return resources
        resources = {
            name: _referring(each, stays)
            for name, each in resources.items()
            if stays[name] == name
        }


def _referring(tree: Tree, stays: dict[str, str]) -> Tree:
    if isinstance(tree, dict):
        return {
            name: stays.get(each, each)
            if name == "reference" and isinstance(each, str)
            else _referring(each, stays)
            for name, each in tree.items()
        }
    return [_referring(each, stays) for each in tree] if isinstance(tree, list) else tree


def _less(ours: Tree, theirs: Tree) -> None:
    """Take away what R4 demands and theirs lacks, and reasons why something is absent."""
    elements = definitions.of(ours.get("resourceType", "Bundle")).elements
    for name in list(ours):
        if name not in theirs and name in elements and elements[name].least:
            del ours[name]
        elif not _says_absent(theirs.get(name)) and _says_absent(ours[name]):
            ours[name] = _present(ours[name])


def _says_absent(tree: Tree) -> bool:
    return any(value == ABSENT for path, value in leaves(tree) if path.endswith("url"))


def _present(tree: Tree) -> Tree:
    """Without reasons why something is absent."""
    if isinstance(tree, dict):
        return {name: _present(each) for name, each in tree.items()}
    if isinstance(tree, list):
        return [
            _present(each)
            for each in tree
            if not (isinstance(each, dict) and each.get("url") == ABSENT)
        ]
    return tree


def main(fixtures: Path, figure: str = FIGURES[0], only: str = "") -> None:
    """Print what differs for a figure, the most frequent first; of one folder where one is named."""
    told: Counter[tuple[str, str]] = Counter()
    shown: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for pair in _pairs(fixtures):
        if only and f"/{only}/" not in pair["input"]:
            continue
        ours = _converted((fixtures / pair["input"]).read_bytes(), figure)
        theirs = json.loads((fixtures / pair["expected"]).read_bytes())
        found = pairing(ours, theirs, figure)
        good, expected, mine = found.counts()
        print(
            f"{good:>6} good, {mine - good} too much, of {expected:<6}  {pair['input'].split(FOLDER)[1]}"
        )
        for sign, path, value in found.differing():
            told[sign, path] += 1
            shown[sign, path].append(value)
    for (sign, path), number in told.most_common(150):
        print(f"{number:>5} {sign} {path}  {shown[sign, path][:3]}")


if __name__ == "__main__":
    if not sys.argv[1:]:
        for mark, (good, total) in run(FIXTURES).items():
            print(f"{good:>6} of {total:<6} {100 * good / max(total, 1):5.1f} %  {mark}")
    main(FIXTURES, *sys.argv[1:3])
