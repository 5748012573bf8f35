"""The notebook's kernel: cells, the page's messages while a cell runs, a clean stop, and what is displayed.

The only room (with `rlnb/extension.py`) that knows IPython and ipykernel. Everything it puts into them it takes out
again; every private attribute it needs is tried, never assumed from a version number.
"""

from rlnb.kernel.cells import Cell, CellResult
from rlnb.kernel.notebook import Notebook
from rlnb.kernel.shown import Shown
from rlnb.kernel.stopping import StopTraining

__all__ = ["Cell", "CellResult", "Notebook", "Shown", "StopTraining"]
