"Rules of the cells, the fit, and what comes back."

from factorlasso.model.rules import *
from factorlasso.model.settings import *
from factorlasso.model.results import *
from factorlasso.model.model import *
from factorlasso.model.updates import *
from factorlasso.model.unilasso import *
from factorlasso.model.mixed import *
