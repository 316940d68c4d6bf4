"""
HTTP without a server framework: what the connectors `http` and `fhir` have in common.

    listener     the side that is called: one connection, its limits; desk.py says who works behind it
    door         what every source that listens does alike: the port, who may connect, the end
    answers      what a caller is told, and one shape for every error
    connection   the side that calls; client.py is the pool, endpoint.py where a URL leads
    auth tokens  the ways to say who one is, and to ask who somebody is
"""
