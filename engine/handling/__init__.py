"""
What people do with messages that are there, for the console and the command line alike: the same words, limits and previews.

    choosing    which messages are meant: moments, keys, all that fit, page by page
    replaying   what a replay would do, and in which steps it goes
    telling     the trail of a message as it is told
    standing    why a destination waits
    releases    what differs between two releases of a channel
    outgoing    files and pasted text as their senders would send them
    moving      which deliveries an order may move
    differing   what today's channel would make of a message, against what was sent
    quarantine  what is held and needs a person, by cause (causes), and what stands in the place of what (families)
    tables      data tables as people see them; table_changes brings new versions, table_uses says who asks them
"""
