"""`python -m engine.cli`: the same as `corridor`."""

from engine.cli import main

if __name__ == "__main__":
    main()
