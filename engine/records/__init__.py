"""
Records: what JSON documents, canonical entities and FHIR resources have in common.

    decoding     bytes to dicts and lists; numbers as they were written, no name twice
    encodings    bytes as UTF-8
    lines        one document a line, in the memory of one block
    paths        `lines[0].item.code`, `identifier[.system == "urn:mrn"].value`
    reading      the closures behind the paths
    types        what is known of a record's fields before any record is there
    branches     a record for people: each field with its path
"""
