"""What pages and API do, each audited in the name of the person: orders of the engine, accounts, work on what is quarantined."""
