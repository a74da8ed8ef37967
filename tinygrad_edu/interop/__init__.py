"""From this package to PyTorch, and back.

==========================  ========================================================================
to_torch(mlp)               returns the same network as a torch.nn.Sequential
from_torch(module)          returns a torch.nn.Sequential as an MLP
expression_to_torch(y, xs)  returns a recorded graph as a torch.nn.Module, for whole batches
==========================  ========================================================================

These functions need PyTorch: ``pip install "tinygrad_edu[torch]"``. The module
``tinygrad_edu.interop.distributed`` is an example that trains in several processes.

>>> import torch
>>> from tinygrad_edu import MLP
>>> from tinygrad_edu.interop import to_torch
>>> mlp = MLP(2, [3, 1], seed=0)
>>> model = to_torch(mlp)
>>> model
Sequential(
  (0): Linear(in_features=2, out_features=3, bias=True)
  (1): Tanh()
  (2): Linear(in_features=3, out_features=1, bias=True)
)
>>> outputs = model(torch.tensor([[0.5, -1.0], [2.0, 0.0]], dtype=torch.float64))
>>> outputs[0].item() == mlp([0.5, -1.0]).data
True
"""

from typing import TYPE_CHECKING

from tinygrad_edu.support import lazy

if TYPE_CHECKING:
    from tinygrad_edu.interop.expressions import expression_to_torch
    from tinygrad_edu.interop.networks import from_torch, to_torch

__all__ = ["expression_to_torch", "from_torch", "to_torch"]

__getattr__, __dir__ = lazy.on_demand(
    __name__,
    {  # so that this package can be imported where there is no PyTorch
        "expression_to_torch": "tinygrad_edu.interop.expressions",
        "from_torch": "tinygrad_edu.interop.networks",
        "to_torch": "tinygrad_edu.interop.networks",
    },
)
