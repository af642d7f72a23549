"""`python -m sync`, and what the console scripts `sync` and `ringren` call."""

from sync.cli import main

if __name__ == "__main__":
    main()
