"""Neural networks on the engine: everything that the lectures build and train.

=====================  =============================================================================
layers                 Neuron, Layer: weighted sums and their activations (A1-A3, B1)
mlp                    MLP: a network of layers (A4, D1, E2)
module                 Module: parameters by name, saved and loaded
activations            activation functions by name, and which one to use at the output (A6, A7, B2)
initialisation         the values with which weights and biases start (B5)
losses                 how far predictions are from targets (A8, B3, D3)
optimisers             SGD and Adam, learning-rate schedules (D2)
training               fit: epochs, batches, iterations (B5, B6, C1)
batches                the mean loss of a batch and its gradients
metrics                predicted classes, and how many of them are right
data                   small data sets for training (A1, A3)
equations              backpropagation by matrices (A11, C2, D5, D7, E1, E2)
comparison             compare: the results of the equations beside those of the engine
=====================  =============================================================================
"""

from typing import TYPE_CHECKING

from tinygrad_edu.support import lazy

if TYPE_CHECKING:
    from tinygrad_edu.nn import data, equations, losses, optimisers
    from tinygrad_edu.nn.comparison import compare
    from tinygrad_edu.nn.initialisation import Initialisation
    from tinygrad_edu.nn.layers import Layer, Neuron
    from tinygrad_edu.nn.metrics import accuracy, predicted_class
    from tinygrad_edu.nn.mlp import MLP
    from tinygrad_edu.nn.module import Module
    from tinygrad_edu.nn.optimisers import SGD, Adam
    from tinygrad_edu.nn.training import History, Iteration, fit

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "History",
    "Initialisation",
    "Iteration",
    "Layer",
    "Module",
    "Neuron",
    "accuracy",
    "compare",
    "data",
    "equations",
    "fit",
    "losses",
    "optimisers",
    "predicted_class",
]

PLACES = {
    "comparison": ["compare"],
    "initialisation": ["Initialisation"],
    "layers": ["Layer", "Neuron"],
    "mlp": ["MLP"],
    "module": ["Module"],
    "optimisers": ["SGD", "Adam"],
    "metrics": ["accuracy", "predicted_class"],
    "training": ["History", "Iteration", "fit"],
}
MODULES = ["data", "equations", "losses", "optimisers"]

__getattr__, __dir__ = lazy.on_demand(
    __name__,  # importing a network does not load optimisers and training
    {name: f"{__name__}.{module}" for module, names in PLACES.items() for name in names}
    | dict.fromkeys(MODULES, ""),
    habits={
        "BCELoss": "write losses.binary_cross_entropy",
        "BCEWithLogitsLoss": "write losses.binary_cross_entropy_with_logits",
        "CrossEntropyLoss": "write losses.cross_entropy, which takes logits",
        "Linear": "a layer is Layer(n_inputs, n_neurons, activation)",
        "MSELoss": "write losses.mse",
        "NLLLoss": "write losses.negative_log_likelihood, which takes probabilities",
        "Parameter": "a parameter is a Value, such as Value(0.5, label='w')",
        "ReLU": "an activation is given by name, as in MLP(2, [3, 1], activation='relu')",
        "Sequential": "a network of several layers is MLP(n_inputs, [8, 8, 1], activation)",
        "Sigmoid": "an activation is given by name, as in MLP(2, [3, 1], activation='sigmoid')",
        "Softmax": "write MLP(2, [3, 3], output_activation='softmax')",
        "Tanh": "an activation is given by name, as in MLP(2, [3, 1], activation='tanh')",
        "functional": "activations are functions of tinygrad_edu, and losses are in "
        "tinygrad_edu.losses",
    },
)
