"""
The console and its API: a process of its own beside the engine, so that nobody who looks on slows the line down.

It reads the store as every person does (`Archive`), orders over the engine's socket (`engine.orders`), and keeps people and
sessions in a file of their own (`engine.people`).

    endpoint   what a route is: method, path, the right that it asks for, what it takes and gives
    asked      one request, as a handler sees it: person, house, query, body
    house      what all requests share: store, engine, people, log
    fresh      what many ask for at once is made once; watching, the same for who keeps looking
    standing   how every channel stands, as plain values; rows, the overview's rows of it
    once       requests that may come twice (Idempotency-Key); onward, lists that go on (Link)
    problem    everything that can go wrong, in one shape (RFC 9457)
    guard      who is it, may they, is the form theirs; the same headers on every answer
    api/       /api/v1, one file per family; the folder is the registry
    pages/     the pages, one file each; templates/ and static/ beside
    views/     what both show, as plain values
    actions/   what both do
    openapi    the description of the API, from the endpoints
    uploads    sheets between their preview and the yes
    serving    the listener
"""
