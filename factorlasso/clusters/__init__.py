"Groups of responses that move together."

from factorlasso.clusters.clusters import *
from factorlasso.clusters.smoothing import *
