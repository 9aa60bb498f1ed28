"Real data that install, and simulations with a known truth."

from factorlasso.datasets.datasets import *
from factorlasso.datasets.simulations import *
