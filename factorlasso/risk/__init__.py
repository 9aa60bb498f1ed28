"The covariance that belongs to the loadings, now and through time."

from factorlasso.risk.covariance import *
from factorlasso.risk.rolling import *
