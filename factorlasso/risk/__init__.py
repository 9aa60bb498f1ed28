"The covariance that belongs to the loadings, now and through time."

from factorlasso.risk.structure import *
from factorlasso.risk.level import *
from factorlasso.risk.residual_correlation import *
from factorlasso.risk.covariance import *
from factorlasso.risk.portfolios import *
from factorlasso.risk.forecasts import *
from factorlasso.risk.rolling import *
