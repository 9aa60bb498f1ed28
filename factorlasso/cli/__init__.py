"The command line."

from factorlasso.cli.cli import *
