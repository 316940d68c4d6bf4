"""
What FHIR is, without a server: types and their elements, validation, XML and JSON, outcomes, references (HL7 FHIR R4, 4.0.1).

    definitions  the types of the standard: elements, how often, of which type, which codes
    shape        JSON Schema of one type, compiled: valid or not in microseconds
    checking     what is wrong, one by one, with the FHIRPath of the element
    profiles     snapshots of StructureDefinitions: slices, fixed values, must-haves
    markup       XML to JSON and back
    outcome      OperationOutcome
"""
