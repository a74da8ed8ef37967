"""Small engines as students write them, each right, or with one classic mistake.

An engine is its source: a mistake is a piece of it replaced.
"""

import itertools

CLOSURES = """
import math

class Number:
    def __init__(self, data, _children=(), _op=""):
        self.data = data
        self.grad = 0.0
        self._backward = lambda: None
        self._prev = tuple(_children)

    def __add__(self, other):
        other = other if isinstance(other, Number) else Number(other)
        out = Number(self.data + other.data, (self, other), "+")
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out

    def __mul__(self, other):
        other = other if isinstance(other, Number) else Number(other)
        out = Number(self.data * other.data, (self, other), "*")
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def __pow__(self, n):
        out = Number(self.data ** n, (self,), "**")
        def _backward():
            self.grad += n * self.data ** (n - 1) * out.grad
        out._backward = _backward
        return out

    def tanh(self):
        out = Number(math.tanh(self.data), (self,), "tanh")
        def _backward():
            self.grad += (1 - out.data ** 2) * out.grad
        out._backward = _backward
        return out

    def exp(self):
        out = Number(math.exp(self.data), (self,), "exp")
        def _backward():
            self.grad += out.data * out.grad
        out._backward = _backward
        return out

    def log(self):
        out = Number(math.log(self.data), (self,), "log")
        def _backward():
            self.grad += out.grad / self.data
        out._backward = _backward
        return out

    def relu(self):
        out = Number(max(0.0, self.data), (self,), "relu")
        def _backward():
            self.grad += (out.data > 0) * out.grad
        out._backward = _backward
        return out

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + (-other)

    def __truediv__(self, other):
        return self * other ** -1

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return (-self) + other

    def __rtruediv__(self, other):
        return self ** -1 * other

    def backward(self):
        order, visited, stack = [], set(), [(self, False)]
        while stack:
            node, is_done = stack.pop()
            if is_done:
                order.append(node)
            elif node not in visited:
                visited.add(node)
                stack.append((node, True))
                stack += [(child, False) for child in node._prev]
        for node in order:
            if node._prev:
                node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            node._backward()
"""

TUPLES = '''
import math

class Number:
    """Keeps operands and local derivatives; names of its own."""

    def __init__(self, value, operands=(), locals=()):
        self.value, self.gradient = value, 0.0
        self.operands, self.locals = operands, locals

    def __add__(self, other):
        other = self.wrap(other)
        return Number(self.value + other.value, (self, other), (1.0, 1.0))

    def __sub__(self, other):
        other = self.wrap(other)
        return Number(self.value - other.value, (self, other), (1.0, -1.0))

    def __mul__(self, other):
        other = self.wrap(other)
        return Number(self.value * other.value, (self, other), (other.value, self.value))

    def __truediv__(self, other):
        other = self.wrap(other)
        return Number(self.value / other.value, (self, other),
                      (1 / other.value, -self.value / other.value ** 2))

    def __pow__(self, n):
        return Number(self.value ** n, (self,), (n * self.value ** (n - 1),))

    def tanh(self):
        y = math.tanh(self.value)
        return Number(y, (self,), (1 - y * y,))

    def sigmoid(self):
        y = 1 / (1 + math.exp(-self.value))
        return Number(y, (self,), (y * (1 - y),))

    def relu(self):
        return Number(max(self.value, 0.0), (self,), (1.0 if self.value > 0 else 0.0,))

    @staticmethod
    def wrap(x):
        return x if isinstance(x, Number) else Number(x)

    def __neg__(self):
        return Number(-self.value, (self,), (-1.0,))

    def __radd__(self, other):
        return self.wrap(other) + self

    def __rmul__(self, other):
        return self.wrap(other) * self

    def __rsub__(self, other):
        return self.wrap(other) - self

    def __rtruediv__(self, other):
        return self.wrap(other) / self

    def order(self):
        done, seen, stack = [], set(), [(self, iter(self.operands))]
        seen.add(id(self))
        while stack:
            node, rest = stack[-1]
            for operand in rest:
                if id(operand) not in seen:
                    seen.add(id(operand))
                    stack.append((operand, iter(operand.operands)))
                    break
            else:
                stack.pop()
                done.append(node)
        return done[::-1]

    def backprop(self):
        order = self.order()
        for node in order:
            node.gradient = 0.0
        self.gradient = 1.0
        for node in order:
            for operand, local in zip(node.operands, node.locals):
                operand.gradient += local * node.gradient
'''

RECURSIVE = """
        order, visited = [], set()
        def visit(node):
            if node not in visited:
                visited.add(node)
                for child in node._prev:
                    visit(child)
                order.append(node)
        visit(self)
"""
CLOSURE_ORDER = CLOSURES[
    CLOSURES.index("        order, visited, stack") : CLOSURES.index(
        "        for node in order:\n            if"
    )
]
CLOSURE_PASS = CLOSURES[CLOSURES.index("        order, visited, stack") :]
TUPLE_PASS = TUPLES[TUPLES.index("        order = self.order()") :]
TUPLE_SEND = """            for operand, local in zip(node.operands, node.locals):
                operand.gradient += local * node.gradient
"""


def in_closures(*pairs):
    return CLOSURES, pairs


def in_tuples(*pairs):
    return TUPLES, pairs


PLUS = "            self.grad += out.grad\n            other.grad += out.grad\n"
TIMES = "            self.grad += other.data * out.grad\n            other.grad += self.data * out.grad\n"
METHOD = "\n    def __{0}__(self, other):\n"


def method(source, name):
    """The source of a method."""
    begin = source.index(f"    def {name}(")
    return source[begin : source.index("\n    def ", begin + 5) + 1]


BROKEN = [
    # --- = for += ---
    ("overwrite", in_closures((".grad += ", ".grad = "))),
    ("overwrite", in_closures((TIMES, TIMES.replace("+=", "=")))),
    ("overwrite", in_closures((PLUS, PLUS.replace("+=", "=")))),
    ("overwrite", in_closures(("self.grad += (1 - out", "self.grad = (1 - out"))),
    ("overwrite", in_closures(("self.grad += out.data * out.grad", "self.grad = out.data * out.grad"))),
    ("overwrite", in_tuples(("operand.gradient +=", "operand.gradient ="))),
    # --- children in a set or dict ---
    ("set_of_children", in_tuples((TUPLE_SEND, TUPLE_SEND.replace("zip(node.operands, node.locals)", "dict(zip(node.operands, node.locals)).items()")))),
    ("set_of_children", in_tuples((TUPLE_SEND, TUPLE_SEND.replace("zip(node.operands, node.locals)", "dict(zip(node.operands[::-1], node.locals[::-1])).items()")))),
    # --- order ---
    ("recursion", in_closures((CLOSURE_PASS, "        self.grad = 1.0\n        self.go()\n    def go(self):\n        self._backward()\n        for child in self._prev:\n            child.go()\n"))),
    ("recursion", in_closures((CLOSURE_PASS, "        self.grad = 1.0\n        self.go()\n    def go(self):\n        self._backward()\n        for child in set(self._prev):\n            child.go()\n"))),
    ("recursion", in_tuples((TUPLE_PASS, "        self.gradient = 1.0\n        self.go()\n    def go(self):\n        for operand, local in zip(self.operands, self.locals):\n            operand.gradient += local * self.gradient\n            operand.go()\n"))),
    ("recursion", in_tuples((TUPLE_PASS, "        self.gradient = 1.0\n        queue = [self]\n        while queue:\n            node = queue.pop(0)\n            for operand, local in zip(node.operands, node.locals):\n                operand.gradient += local * node.gradient\n                queue.append(operand)\n"))),
    ("first_visit", in_closures((CLOSURE_PASS, "        self.grad = 1.0\n        self.go(set())\n    def go(self, seen):\n        if self in seen: return\n        seen.add(self)\n        self._backward()\n        for child in self._prev:\n            child.go(seen)\n"))),
    ("first_visit", in_tuples((TUPLE_PASS, "        self.gradient = 1.0\n        self.go(set())\n    def go(self, seen):\n        if self in seen: return\n        seen.add(self)\n        for operand, local in zip(self.operands, self.locals):\n            operand.gradient += local * self.gradient\n            operand.go(seen)\n"))),
    ("first_visit", in_tuples((TUPLE_PASS, "        self.gradient = 1.0\n        stack, seen = [self], {self}\n        while stack:\n            node = stack.pop()\n            for operand, local in zip(node.operands, node.locals):\n                operand.gradient += local * node.gradient\n                if operand not in seen:\n                    seen.add(operand)\n                    stack.append(operand)\n"))),
    ("breadth_first", in_closures((CLOSURE_PASS, "        self.grad = 1.0\n        queue, seen = [self], {self}\n        for node in queue:\n            node._backward()\n            for child in node._prev:\n                if child not in seen:\n                    seen.add(child)\n                    queue.append(child)\n"))),
    ("breadth_first", in_tuples((TUPLE_PASS, "        self.gradient = 1.0\n        level, seen = [self], {self}\n        while level:\n            after = []\n            for node in level:\n                for operand, local in zip(node.operands, node.locals):\n                    operand.gradient += local * node.gradient\n                    if operand not in seen:\n                        seen.add(operand)\n                        after.append(operand)\n            level = after\n"))),
    ("not_reversed", in_closures(("in reversed(order)", "in order"))),
    ("not_reversed", in_tuples(("return done[::-1]", "return done"))),
    ("recursion", in_closures((CLOSURE_ORDER, RECURSIVE.replace("            if node not in visited:\n                visited.add(node)\n                for child in node._prev:\n                    visit(child)\n                order.append(node)\n", "            for child in node._prev:\n                visit(child)\n            order.append(node)\n")))),
    ("equal_by_number", in_closures(("    def __neg__", "    def __eq__(self, other):\n        return self.data == other.data\n    def __hash__(self):\n        return hash(self.data)\n    def __neg__"))),
    ("no_seed", in_closures(("        self.grad = 1.0\n", ""))),
    ("no_seed", in_tuples(("        self.gradient = 1.0\n", ""))),
    # --- zeroed too early ---
    ("zeroed_too_early", in_closures(("            node._backward()\n", "            for child in set(node._prev):\n                child.grad = 0.0\n            node._backward()\n"))),
    ("zeroed_too_early", in_tuples((TUPLE_SEND, "            for operand in node.operands:\n                operand.gradient = 0.0\n" + TUPLE_SEND))),
    # --- stale ---
    ("stale", in_closures(("                node.grad = 0.0\n", "                pass\n"))),
    ("stale", in_tuples(("            node.gradient = 0.0\n", "            pass\n"))),
    # --- recursion limit ---
    ("recursion_limit", in_closures((CLOSURE_ORDER, RECURSIVE))),
    # --- one operand only, the first one wins, other seeds, passes that remember ---
    ("overwrite", in_closures((TIMES, TIMES.replace("other.grad +=", "other.grad =")))),
    ("overwrite", in_closures((PLUS, PLUS.replace("self.grad +=", "self.grad =")), (TIMES, TIMES.replace("self.grad +=", "self.grad =")))),
    ("overwrite", in_tuples(("operand.gradient += local * node.gradient", "operand.gradient = operand.gradient or local * node.gradient"))),
    ("no_upstream", in_closures((TIMES, TIMES.replace("other.data * out.grad", "other.data")))),
    ("no_seed", in_closures(("        self.grad = 1.0\n", "        self.grad = self.data\n"))),
    ("no_seed", in_tuples(("        self.gradient = 1.0\n", "        self.gradient = 2.0\n"))),
    ("no_seed", in_tuples(("            node.gradient = 0.0\n", "            node.gradient = 1.0\n"))),
    ("equal_by_number", in_tuples(("if id(operand) not in seen:\n                    seen.add(id(operand))", "if operand.key() not in seen:\n                    seen.add(operand.key())"), ("    def order(self):", "    def key(self):\n        return (self.value, tuple(o.key() for o in self.operands))\n    def order(self):"))),
    ("first_visit", in_closures(("            elif node not in visited:\n                visited.add(node)\n                stack.append((node, True))\n                stack += [(child, False) for child in node._prev]\n", "            else:\n                stack.append((node, True))\n                for child in node._prev:\n                    if child not in visited:\n                        visited.add(child)\n                        stack.append((child, False))\n"))),
    ("leftover", in_closures(("        order, visited, stack = [], set(), [(self, False)]", "        order, stack = [], [(self, False)]"), ("node not in visited", "not hasattr(node, 'seen')"), ("visited.add(node)", "node.seen = True"))),
    ("no_gradient", in_tuples(("        return self.wrap(other) / self\n", "        return Number(other / self.value)\n"))),
    ("power_rule", in_tuples(("(n * self.value ** (n - 1),)", "(n * abs(self.value) ** (n - 1),)"))),
    # --- numbers beside ---
    ("reflected", in_closures((METHOD.format("radd"), METHOD.format("nothing")))),
    ("reflected", in_closures((METHOD.format("rmul"), METHOD.format("nothing")))),
    ("reflected", in_tuples((METHOD.format("rsub"), METHOD.format("nothing")))),
    ("reflected", in_tuples((METHOD.format("rtruediv"), METHOD.format("nothing")))),
    ("reflected_order", in_closures(("        return (-self) + other", "        return self + (-other)"))),
    ("reflected_order", in_tuples(("        return self.wrap(other) - self", "        return self - other"))),
    ("reflected_order", in_tuples(("        return self.wrap(other) / self", "        return self / other"))),
    ("plain_number", in_tuples(("        other = self.wrap(other)\n        return Number(self.value * ", "        return Number(self.value * "))),
    # --- rules ---
    ("power_rule", in_closures(("n * self.data ** (n - 1) * out.grad", "n * self.data ** n * out.grad"))),
    ("power_rule", in_closures(("n * self.data ** (n - 1) * out.grad", "self.data ** (n - 1) * out.grad"))),
    ("power_rule", in_tuples(("(n * self.value ** (n - 1),)", "((n - 1) * self.value ** (n - 1),)"))),
    ("power_rule", in_tuples(("(n * self.value ** (n - 1),)", "(n * self.value ** (n + 1),)"))),
    ("input_for_output", in_closures(("1 - out.data ** 2", "1 - self.data ** 2"))),
    ("input_for_output", in_tuples(("(1 - y * y,)", "(1 - self.value * self.value,)"))),
    ("input_for_output", in_tuples(("(y * (1 - y),)", "(self.value * (1 - self.value),)"))),
    ("input_for_output", in_closures(("self.grad += out.data * out.grad\n        out._backward", "self.grad += self.data * out.grad\n        out._backward"))),
    ("output_for_input", in_closures(("out.grad / self.data", "out.grad / out.data"))),
    ("function_for_derivative", in_tuples(("(1 - y * y,)", "(y,)"))),
    ("function_for_derivative", in_closures(("self.grad += out.grad / self.data", "self.grad += out.data * out.grad"))),
    ("no_local_derivative", in_closures(("(1 - out.data ** 2) * out.grad", "out.grad"))),
    ("no_local_derivative", in_tuples(("(y * (1 - y),)", "(1.0,)"))),
    ("no_upstream", in_closures(("(1 - out.data ** 2) * out.grad", "(1 - out.data ** 2)"))),
    ("no_upstream", in_tuples(("local * node.gradient", "local"))),
    ("no_upstream", in_closures((TIMES, TIMES.replace(" * out.grad", "")))),
    ("no_gradient", in_closures(("            other.grad += self.data * out.grad\n", ""))),
    ("no_gradient", in_closures(("            other.grad += out.grad\n", ""))),
    ("sign", in_tuples(("(1.0, -1.0)", "(1.0, 1.0)"))),
    ("sign", in_tuples(("-self.value / other.value ** 2", "self.value / other.value ** 2"))),
    ("swapped", in_closures((TIMES, TIMES.replace("other.data *", "X *").replace("self.data *", "other.data *").replace("X *", "self.data *")))),
    ("swapped", in_tuples(("(other.value, self.value)", "(self.value, other.value)"))),
    ("relu_mask", in_closures(("(out.data > 0) * out.grad", "(out.grad > 0) * out.grad"))),
    ("relu_mask", in_closures(("(out.data > 0) * out.grad", "(self.grad > 0) * out.grad"))),
    ("relu_mask", in_closures(("(out.data > 0) * out.grad", "out.grad"))),
    ("relu_mask", in_tuples(("1.0 if self.value > 0 else 0.0", "1.0 if self.value < 0 else 0.0"))),
    # --- closures in loops ---
    ("loop_variable", in_tuples((TUPLE_SEND, "            sends = []\n            for operand, local in zip(node.operands, node.locals):\n                def send():\n                    operand.gradient += local * node.gradient\n                sends.append(send)\n            for send in sends:\n                send()\n"))),
    ("loop_variable", in_tuples((TUPLE_SEND, "            sends = []\n            for operand, local in zip(node.operands, node.locals):\n                def send(local=local):\n                    operand.gradient += local * node.gradient\n                sends.append(send)\n            for send in sends:\n                send()\n"))),
    ("loop_variable", in_tuples((TUPLE_SEND, "            send = lambda: None\n            for operand, local in zip(node.operands, node.locals):\n                def send():\n                    operand.gradient += local * node.gradient\n            send()\n"))),
    # --- others ---
    ("in_place", in_closures(("    def __neg__", "    def __iadd__(self, other):\n        self.data += other.data\n        return self\n    def __neg__"))),
    ("unhashable", in_closures(("    def __neg__", "    def __eq__(self, other):\n        return self.data == other.data\n    def __neg__"))),
    ("forward", in_closures(("math.tanh(self.data)", "math.tan(self.data)"))),
    ("forward", in_tuples(("self.value - other.value, (self", "other.value - self.value, (self"))),
]  # fmt: skip
"""The kind of mistake, and the engine that has it."""

RIGHT = {
    "closures": CLOSURES,
    "tuples": TUPLES,
    "creation order": TUPLES.replace("        return done[::-1]", "        return sorted(done, key=lambda n: -n.age)").replace(
        "self.operands, self.locals = operands, locals",
        "self.operands, self.locals = operands, locals\n        Number.count = self.age = getattr(Number, 'count', 0) + 1"),
    "adding up": CLOSURES.replace("self.grad += (out.data > 0)", "self.grad += (self.data >= 0)"),
    "whole powers": CLOSURES.replace("    def __pow__(self, n):\n", "    def __pow__(self, n):\n        assert isinstance(n, int)\n"),
    "returned": CLOSURES.replace("            node._backward()\n", "            node._backward()\n        return {node: node.grad for node in order}\n"),
    "gradient None": TUPLES.replace("self.value, self.gradient = value, 0.0", "self.value, self.gradient = value, None"),
}  # fmt: skip


def made(source):
    """The class of an engine."""
    names = {}
    exec(source, names)
    return names["Number"]


def broken(source, pairs):
    """The source of an engine with pieces replaced; each of them must be there."""
    for old, new in pairs:
        assert old in source, old
        source = source.replace(old, new)
    return source


CASES = [
    (kind, broken(*case)) for kind, case in itertools.chain(BROKEN)
]  # fmt: skip
