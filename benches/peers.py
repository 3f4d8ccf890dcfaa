"""PyTorch and ONNX Runtime for the benchmark: reads one request a line from standard input, as JSON, and answers each
with one line. Started by `burn-rnn-bench --python`; not meant to be run by hand."""

import gc
import json
import os
import sys
import time
import warnings

# Libraries print to standard output now and then; the answers go to where nothing else writes.
ANSWERS = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)

# TorchScript is deprecated, but still the fastest way for some shapes.
warnings.filterwarnings("ignore", category=FutureWarning)
warnings.filterwarnings("ignore", category=DeprecationWarning)

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 2
COMPILE = "--compile" in sys.argv
os.environ["OMP_NUM_THREADS"] = str(THREADS)


def try_import(name):
    try:
        return __import__(name), None
    except ImportError as error:
        return None, f"{error} (in {sys.executable}; pip install {name})"


torch, no_torch = try_import("torch")
onnxruntime, no_onnxruntime = try_import("onnxruntime")
onnx, no_onnx = try_import("onnx")
if torch:
    torch.set_num_threads(THREADS)


class Refused(Exception):
    """What this worker cannot do, in words for the user."""


# --- PyTorch ----------------------------------------------------------------------------------------------------------

if torch:
    import torch_lengths
    from torch_cells import LOOP
    from torch_loop import compiled

    LIBRARY = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
    LIBRARY_CELL = {"rnn": torch.nn.RNNCell, "lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}


def seconds(run, repeat):
    measured = []
    for _ in range(repeat):
        start = time.perf_counter()
        run()
        measured.append(time.perf_counter() - start)
    return measured


def fastest(candidates, trials):
    """The fastest of (name, make) pairs by the median of a few trials, with what its `make` gave."""
    best = None
    for name, make in candidates:
        try:
            run = make()
            run()
            first = seconds(run, 2)
            if best and min(first) > 3 * best[0]:
                continue
            median = sorted(seconds(run, trials))[trials // 2]
        except Exception as error:  # a compiler may lack what it needs; the others stand
            print(f"{name} is left out: {(str(error).splitlines() or [error])[0]}", file=sys.stderr)
            continue
        if not best or median < best[0]:
            best = (median, name, run)
    if not best:
        raise Refused("every way to run it failed")
    return best[1], best[2]


def torch_run(output_of, parameters, case):
    """One training or inference pass over `output_of(x)`."""
    x = torch.randn(case["batch"], case["time"], case["input"])

    def check(output):
        expected = (case["batch"], case["time"], case["hidden"])
        if tuple(output.shape) != expected:
            raise Refused(f"PyTorch's output is {tuple(output.shape)}, not {expected}")

    def train():
        loss = output_of(x).sum()
        gradients = torch.autograd.grad(loss, parameters)
        assert len(gradients) == len(parameters)

    def infer():
        with torch.inference_mode():
            return output_of(x)

    check(infer())
    return infer if case["mode"] == "infer" else train


def torch_sequence(case, lengths):
    cell, sizes = case["cell"], (case["input"], case["hidden"])
    if cell in LIBRARY:
        module = LIBRARY[cell](*sizes, batch_first=True)
        name, parameters = f"nn.{LIBRARY[cell].__name__}", list(module.parameters())
        if lengths:
            ways = torch_lengths.WAYS.items()
            made = [(way, make(module, lengths, case["time"])) for way, make in ways]
            way, run = fastest([(way, lambda of=of: torch_run(of, parameters, case)) for way, of in made], 5)
            return run, f"{name}, {way}"
        run = torch_run(lambda x: module(x)[0], parameters, case)
        for _ in range(2):
            run()
        return run, name
    if lengths:
        raise Refused(f"PyTorch packs sequences for its own modules alone, not for {cell}")
    module = LOOP[cell](*sizes)
    parameters = list(module.parameters())
    script = torch.jit.script(module)
    if case["mode"] == "memory":
        return torch_run(script, parameters, case), "TorchScript"
    makers = {
        "eager loop": lambda: module,
        "TorchScript": lambda: script,
        "torch.compile": lambda: compiled(module, case["time"]),
    }
    if not COMPILE:
        del makers["torch.compile"]
    candidates = [(name, lambda make=make: torch_run(make(), parameters, case)) for name, make in makers.items()]
    name, run = fastest(candidates, 5)
    return run, name


def torch_step(case):
    cell, sizes = case["cell"], (case["input"], case["hidden"])
    x = torch.randn(1, case["input"])
    zero = torch.zeros(1, case["hidden"])
    if cell in LIBRARY:
        module = LIBRARY_CELL[cell](*sizes)
        if cell == "lstm":
            state = [(zero, zero)]

            def step():
                state[0] = module(x, state[0])
        else:
            state = [zero]

            def step():
                state[0] = module(x, state[0])

        name = f"nn.{LIBRARY_CELL[cell].__name__}"
    else:
        module = LOOP[cell](*sizes)
        with torch.no_grad():
            state = [module.start(1)]
            module = torch.jit.trace_module(module, {"one_step": (x, state[0])})

        def step():
            state[0] = module.one_step(x, state[0])

        name = "TorchScript"

    def with_threads(threads):
        def trial():
            torch.set_num_threads(threads)
            with torch.inference_mode():
                for _ in range(100):
                    step()

        return trial

    threads, _ = fastest([(n, lambda n=n: with_threads(n)) for n in sorted({1, THREADS})], 5)

    def many(repeat):
        torch.set_num_threads(threads)
        with torch.inference_mode():
            measured = seconds(step, repeat)
        torch.set_num_threads(THREADS)
        return measured

    return many, f"{name}, {threads} thread{'s' if threads > 1 else ''}"


# --- ONNX Runtime -----------------------------------------------------------------------------------------------------

ONNX = {
    "rnn": ("RNN", 1, {}),
    "lstm": ("LSTM", 4, {}),
    "gru": ("GRU", 3, {"linear_before_reset": 1}),
    "gru-before": ("GRU", 3, {"linear_before_reset": 0}),
    "peephole": ("LSTM", 4, {}),
    "coupled": ("LSTM", 4, {"input_forget": 1}),
}


def onnx_session(case, steps, batch, threads):
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    operator, gates, attributes = ONNX[case["cell"]]
    d_input, d_hidden = case["input"], case["hidden"]
    generator = np.random.default_rng(0)

    def weight(name, *shape):
        values = generator.uniform(-(d_hidden**-0.5), d_hidden**-0.5, shape).astype(np.float32)
        return numpy_helper.from_array(values, name)

    weights = [
        weight("W", 1, gates * d_hidden, d_input),
        weight("R", 1, gates * d_hidden, d_hidden),
        weight("B", 1, 2 * gates * d_hidden),
    ]
    carries_cell = operator == "LSTM"
    streaming = case["mode"] == "step"
    inputs = ["x", "W", "R", "B", "", "h0" if streaming else ""]
    if carries_cell:
        inputs += ["c0" if streaming else "", "P" if case["cell"] == "peephole" else ""]
        if case["cell"] == "peephole":
            weights.append(weight("P", 1, 3 * d_hidden))
    outputs = ["", "h", "c"] if streaming else ["y"]
    if not carries_cell:
        outputs = outputs[:2]

    def value(name, shape):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    state = [1, batch, d_hidden]
    shapes = {"x": [steps, batch, d_input], "h0": state, "c0": state, "y": [steps, 1, batch, d_hidden], "h": state, "c": state}
    graph = helper.make_graph(
        [helper.make_node(operator, inputs, outputs, hidden_size=d_hidden, **attributes)],
        "benchmark",
        [value(name, shapes[name]) for name in inputs if name in shapes],
        [value(name, shapes[name]) for name in outputs if name],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
    model.ir_version = 8
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Its threads spin while a run lasts, as by default, but not into the time of the next contestant.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def onnx_sequence(case):
    import numpy as np

    session = onnx_session(case, case["time"], case["batch"], THREADS)
    x = np.random.default_rng(1).standard_normal((case["time"], case["batch"], case["input"])).astype(np.float32)
    expected = [case["time"], 1, case["batch"], case["hidden"]]
    x = onnxruntime.OrtValue.ortvalue_from_numpy(x)
    y = onnxruntime.OrtValue.ortvalue_from_shape_and_type(expected, np.float32)
    # Bound buffers: no copies in or out.
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", x)
    binding.bind_ortvalue_output("y", y)

    def run():
        session.run_with_iobinding(binding)

    run()
    if list(y.shape()) != expected:
        raise Refused(f"ONNX Runtime's output is {y.shape()}, not {expected}")
    return run, "bound buffers"


def onnx_step(case):
    import numpy as np

    x = np.random.default_rng(1).standard_normal((1, 1, case["input"])).astype(np.float32)
    names = ["h", "c"] if ONNX[case["cell"]][0] == "LSTM" else ["h"]

    def steps_on(threads):
        session = onnx_session(case, 1, 1, threads)
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        state = [{name: value(np.zeros((1, 1, case["hidden"]), np.float32)) for name in names} for _ in range(2)]
        bindings = []
        # Two sets of buffers that take turns: the state of one step is the next one's input, and nothing is copied.
        for source, target in ((0, 1), (1, 0)):
            binding = session.io_binding()
            binding.bind_ortvalue_input("x", value(x))
            for name in names:
                binding.bind_ortvalue_input(name + "0", state[source][name])
                binding.bind_ortvalue_output(name, state[target][name])
            bindings.append(binding)
        turn = [0]

        def step():
            session.run_with_iobinding(bindings[turn[0]])
            turn[0] ^= 1

        return step

    steps = {threads: steps_on(threads) for threads in sorted({1, THREADS})}

    def trial(step):
        return lambda: [step() for _ in range(100)]

    threads, _ = fastest([(threads, lambda step=step: trial(step)) for threads, step in steps.items()], 5)
    step = steps[threads]
    return (lambda repeat: seconds(step, repeat)), f"bound buffers, {threads} thread{'s' if threads > 1 else ''}"


# --- requests ---------------------------------------------------------------------------------------------------------

prepared = {}


def task(contestant, case, lengths=()):
    """What runs a case `repeat` times and tells the seconds of each, and a note on how."""
    if contestant == "pytorch":
        if not torch:
            raise Refused(f"PyTorch: {no_torch}")
        if case["mode"] == "step":
            return torch_step(case)
        run, note = torch_sequence(case, lengths)
    else:
        if not onnxruntime or not onnx:
            raise Refused(f"ONNX Runtime: {no_onnxruntime or no_onnx}")
        if case["mode"] == "step":
            return onnx_step(case)
        run, note = onnx_sequence(case)
    return (lambda repeat: seconds(run, repeat)), note


def resident(field):
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise Refused(f"/proc/self/status has no {field}")


def memory(contestant, case):
    """Growth of the resident memory over one training step, the first of its shape in this process."""
    tiny = dict(case, batch=2, time=3, input=4, hidden=8)
    run, _ = task(contestant, tiny)
    run(2)
    if case["cell"] in LIBRARY:
        module = LIBRARY[case["cell"]](case["input"], case["hidden"], batch_first=True)
        output_of = lambda x: module(x)[0]
    else:
        module = output_of = torch.jit.script(LOOP[case["cell"]](case["input"], case["hidden"]))
    parameters = list(module.parameters())
    x = torch.randn(case["batch"], case["time"], case["input"])
    gc.collect()
    before = resident("VmRSS")
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")  # the peak starts again from here
    gradients = torch.autograd.grad(output_of(x).sum(), parameters)
    assert len(gradients) == len(parameters)
    return resident("VmHWM") - before


def sgemm(size, threads, repeat):
    if not torch:
        raise Refused(f"PyTorch: {no_torch}")
    torch.set_num_threads(threads)
    a, b = torch.randn(size, size), torch.randn(size, size)
    with torch.inference_mode():
        measured = seconds(lambda: torch.mm(a, b), repeat)
    torch.set_num_threads(THREADS)
    return measured


def answer(request):
    name = request["ask"]
    if name == "hello":
        versions = []
        if torch:
            level = torch.backends.cpu.get_cpu_capability()
            onednn = "oneDNN" if torch.backends.mkldnn.is_available() else "no oneDNN"
            versions.append(f"PyTorch {torch.__version__} ({onednn}, {level})")
        if onnxruntime:
            versions.append(f"ONNX Runtime {onnxruntime.__version__}")
        absent = []
        if not torch:
            absent.append(["pytorch", no_torch])
        if not onnxruntime or not onnx:
            absent.append(["onnxruntime", no_onnxruntime or no_onnx])
        return {"versions": versions, "absent": absent}
    if name == "prepare":
        run, note = task(request["contestant"], request["case"], request.get("lengths", ()))
        prepared[request["contestant"]] = run
        return {"note": note}
    if name == "run":
        run = prepared[request["contestant"]]
        if request["warm_up"]:
            run(request["warm_up"])
        gc.disable()
        try:
            return {"seconds": run(request["repeat"])}
        finally:
            gc.enable()
    if name == "drop":
        prepared.clear()
        if torch:
            torch.compiler.reset()
        gc.collect()
        return {}
    if name == "memory":
        return {"bytes": memory(request["contestant"], request["case"])}
    if name == "sgemm":
        return {"seconds": sgemm(request["size"], request["threads"], request["repeat"])}
    raise Refused(f"unknown request {name}")


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Refused as refused:
        reply = {"error": str(refused)}
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"}
    print(json.dumps(reply), file=ANSWERS, flush=True)
