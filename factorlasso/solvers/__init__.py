"One problem, its solvers, its certificate and its path."

from factorlasso.solvers.certificate import *
from factorlasso.solvers.fista import *
from factorlasso.solvers.kernels import *
from factorlasso.solvers.reference import *
from factorlasso.solvers.blocks import *
from factorlasso.solvers.wide import *
from factorlasso.solvers.solver import *
from factorlasso.solvers.homotopy import *
from factorlasso.solvers.path import *
