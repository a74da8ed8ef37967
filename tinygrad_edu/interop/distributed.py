r"""An example to start from: train here, move to PyTorch, and train on in several processes.

A network is trained here for a few epochs. Then ``to_torch`` moves it to PyTorch, where
``DistributedDataParallel`` trains it on: each process computes the gradient on its share of each
batch, and PyTorch averages these gradients before each step, so that the networks of all processes
stay equal. Up to rounding, the output does not depend on the number of processes::

    python -m tinygrad_edu.interop.distributed
    torchrun --nproc-per-node 2 -m tinygrad_edu.interop.distributed

On a cluster, run the same line on every machine. For four machines with eight processes each, of
which the machine ``node1`` is the meeting point::

    torchrun --nnodes 4 --nproc-per-node 8 --rdzv-id moons \
        --rdzv-backend c10d --rdzv-endpoint node1:29400 \
        -m tinygrad_edu.interop.distributed

If each process has a GPU, use the backend "nccl" instead of "gloo", and move model and tensors with
``.to(int(os.environ["LOCAL_RANK"]))``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from tinygrad_edu.interop.framework import torch_module
from tinygrad_edu.interop.networks import from_torch, to_torch
from tinygrad_edu.nn import MLP, Adam, accuracy, fit
from tinygrad_edu.nn.data import moons
from tinygrad_edu.nn.losses import binary_cross_entropy_with_logits

torch = torch_module()
distributed = torch.distributed

EXAMPLES = moons(120, seed=0)
BATCH = 40


def main() -> None:
    """Train here, then in PyTorch; only the first process prints."""
    join()
    try:
        first = distributed.get_rank() == 0
        mlp = MLP(2, [8, 1], seed=0)
        history = fit(
            mlp,
            EXAMPLES,
            binary_cross_entropy_with_logits,
            Adam(mlp.parameters(), lr=0.05),
            epochs=5,
            batch_size=BATCH,
        )
        for epoch, loss in enumerate(history.epoch_losses, start=1):
            print_line(f"here     epoch {epoch}: loss {loss:.15f}", show=first)
        model = to_torch(mlp)
        for epoch, loss in enumerate(train_in_parallel(model, epochs=20), start=6):
            print_line(f"PyTorch  epoch {epoch}: loss {loss:.15f}", show=first)
        share = accuracy(from_torch(model), EXAMPLES, threshold=0)
        print_line(f"and back: {share:.1%} in the right class", show=first)
    finally:
        distributed.destroy_process_group()


def join() -> None:
    """Join the group of processes that torchrun started, or be a group of one."""
    if distributed.is_torchelastic_launched():
        distributed.init_process_group("gloo")
    else:
        store = distributed.HashStore()
        distributed.init_process_group("gloo", store=store, rank=0, world_size=1)


def train_in_parallel(model: Any, epochs: int) -> Iterator[float]:
    """Train a model in all processes; yield the mean loss of every epoch.

    The gradient must be that of the mean over the whole batch. PyTorch averages over the processes,
    so each process divides the sum over its share by the batch size per process, which need not be
    a whole number.
    """
    rank, processes = distributed.get_rank(), distributed.get_world_size()
    inputs = torch.tensor([x for x, _ in EXAMPLES], dtype=torch.float64)
    targets = torch.tensor([[y] for _, y in EXAMPLES], dtype=torch.float64)
    parallel = torch.nn.parallel.DistributedDataParallel(model)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.05)
    criterion = torch.nn.BCEWithLogitsLoss(reduction="sum")
    for _ in range(epochs):
        total = torch.zeros((), dtype=torch.float64)
        for start in range(0, len(inputs), BATCH):
            batch = slice(start, start + BATCH)
            x, y = inputs[batch], targets[batch]
            loss = criterion(parallel(x[rank::processes]), y[rank::processes])
            optimiser.zero_grad()
            (loss * processes / len(x)).backward()
            optimiser.step()
            total += loss.detach()
        distributed.all_reduce(total)
        yield total.item() / len(inputs)


def print_line(line: str, *, show: bool) -> None:
    """Print a line if ``show`` is true."""
    if show:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
