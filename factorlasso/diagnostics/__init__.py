"What a fit left in its residuals, and whether its clusters would be found again."

from factorlasso.diagnostics.flips import *
from factorlasso.diagnostics.residuals import *
from factorlasso.diagnostics.cluster_stability import *
