"`python -m factorlasso` is the command `factorlasso`."
from factorlasso.cli.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
