"Panels, weights, moments, files: what a fit sees of the data."

from factorlasso.data.panel import *
from factorlasso.data.ewma import *
from factorlasso.data.moments import *
from factorlasso.data.labelled import *
from factorlasso.data.reading import *
from factorlasso.data.sources import *
from factorlasso.data.dates import *
from factorlasso.data.text import *
from factorlasso.data.files import *
from factorlasso.data.storage import *
from factorlasso.data.cadence import *
from factorlasso.data.estimators import *
