"""
Files that are rows of columns, whatever marks them off: what `delimited` and `fixed` have in common. Pure.

    table      what is known of columns at load, rows as they are read, the document
    paths      `quantity`, `["Invoice No"]`, `rows[*]`, `rows[.unit == "CS"].quantity`, `H.batch`
    kinds      record types: header, records, records inside records, trailer
    assembly   rows into a document
    parting    a file into parts: one record each, or one group of rows
    totals     what the trailer says of the records, compared before the first of them counts
    snapshot   what is in the file no more
    encodings  character sets of which single bytes can be looked for
    numbers    amounts as text
"""
