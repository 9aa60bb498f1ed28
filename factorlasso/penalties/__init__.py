"Proximal operators, boxes, and penalties as partitions of the cells."

from factorlasso.penalties.prox import *
from factorlasso.penalties.constraints import *
from factorlasso.penalties.penalties import *
