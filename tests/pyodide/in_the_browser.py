"""What a learner does in a browser, where Python is Pyodide; prints what comes of it as JSON."""

import json
import sys
from pathlib import Path

import tinygrad_edu
from tinygrad_edu import MLP, Value, derivation, draw, gradcheck, paths, steps
from tinygrad_edu.drawing import draw_network
from tinygrad_edu.lessons import worked_example


def refusal(action):
    """Return the words of the RuntimeError that an action ends with."""
    try:
        action()
    except RuntimeError as error:
        return str(error)
    return "none"


def outcome():
    """Return what comes of it all, by name."""
    example = worked_example.forward()
    example.loss.backward()
    layers = example.mlp.layers
    picture = draw(example.loss)
    picture.render("picture", format="svg", cleanup=True)
    steps(example.loss).to_html("page.html")
    x = Value(0.5, label="x")
    public = tinygrad_edu.__all__
    return {
        "platform": sys.platform,
        "heavy": sorted({"numpy", "torch", "matplotlib", "hypothesis"} & set(sys.modules)),
        "undocumented": [name for name in public if not getattr(tinygrad_edu, name).__doc__],
        "loss": example.loss.data,
        "gradient": layers[1].neurons[0].w[0].grad,
        "gradients": [p.grad for p in example.mlp.parameters()],
        "report": worked_example.report(),
        "paths": paths(example.loss, layers[0].neurons[0].w[0]).total,
        "derivation": derivation(x * x + x.tanh(), x).latex,
        "gradcheck": bool(gradcheck(lambda a, b: (a * b).tanh(), 0.5, -1.0)),
        "dot": picture.source,
        "shown": picture._repr_mimebundle_(),
        "file": Path("picture.svg").read_text(encoding="utf-8"),
        "no png": refusal(lambda: picture.pipe("png")),
        "network": draw_network(MLP(2, [3, 1], seed=1)).pipe("svg", encoding="utf-8"),
        "page": Path("page.html").read_text(encoding="utf-8"),
        "notebook": steps(example.loss)._repr_html_(),
    }


if __name__ == "__main__":
    sys.stdout.write(f"{json.dumps(outcome())}\n")
