"""
XML behind one hardened reader, for everything that reads it: the format `xml`, and whatever else comes wrapped in XML.

    reader       bytes to elements; what could harm is refused with line and column
    encodings    which character set the bytes are in
    namespaces   prefixes, declared once, and the names they make
    characters   what XML can say, and how text stands in it
    query        XPath: read once at load, checked, bounded
"""
