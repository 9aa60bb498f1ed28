"Pictures of all that is below."

from factorlasso.plots.plots import *
from factorlasso.plots.coefficients import *
