"Folds, criteria, cross-validation and stability: choosing λ."

from factorlasso.selection.folds import *
from factorlasso.selection.criteria import *
from factorlasso.selection.diagonality import *
from factorlasso.selection.selection import *
from factorlasso.selection.stability import *
