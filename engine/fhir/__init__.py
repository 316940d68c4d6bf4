"""
What FHIR is, without a server: types and their elements, validation, XML and JSON, outcomes, references (HL7 FHIR R4, 4.0.1).

    definitions  the types of the standard: elements, how often, of which type, which codes
    checking     what is wrong with a resource, at the level that is asked for
      shape        JSON Schema of one type, compiled: right for certain, in microseconds
      structure    one by one, with the FHIRPath of the element (primitives, bindings, pointing, narrative, entries)
      invariants   the rules that R4 states in FHIRPath (native, documents)
      conforming   profiles of a folder (profiles, slicing, held): slices, fixed values, must-haves
      releases     R4B, R5 and STU3
    sealing      a Bundle that was just assembled (bundles, lifting), as JSON; what is right for certain is not validated (names, doubts)
    making       data/ from HL7's files, once for each release (expansion: value sets to codes)
    markup       XML to JSON and back
    outcome      OperationOutcome
"""
