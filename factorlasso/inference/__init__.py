"How sure an estimate is: standard errors, intervals and tests under signs, gaps and weights."

from factorlasso.inference.influence import *
from factorlasso.inference.debiased import *
from factorlasso.inference.standard_errors import *
from factorlasso.inference.volatility import *
