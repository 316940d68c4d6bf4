"""
Who may do what: people with accounts, the tokens of programs, roles and rights.

    rights      what there is to be allowed, and the roles that are sets of it
    directory   people, kept in `data/people.db` (file)
    door        signing in, and sessions of browsers
    tokens      those of programs
    work        what people do about what is held: assign, comment, put away
    answers     what was answered to requests that may come twice
    kept        how both are written there
    passwords   argon2id, and the wait after wrong ones
    onetime     codes of an authenticator app (TOTP)
"""
