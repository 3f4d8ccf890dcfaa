#!/usr/bin/env python3
"""The speed of ONNX Runtime on silero-vad, one thread, chunk by chunk, to put beside that of `silero MODEL --speed`.

    python3 silero_speed.py MODEL

Needs: numpy onnx onnxruntime. The LSTM alone is the model cut out between its input and its output; `kernel` is what the runtime's own
profiler says that the operator took, without the call from Python.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

CHUNKS = 2000
ROUNDS = 15


def session(model, profile=None):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if profile:
        options.enable_profiling, options.profile_file_prefix = True, profile
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def microseconds(session, feed, out):
    """The median over rounds of the time of a chunk, the state going from one to the next."""
    feed = dict(feed, h=np.zeros((1, 1, 128), np.float32), c=np.zeros((1, 1, 128), np.float32))
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(CHUNKS):
            _, feed["h"], feed["c"] = session.run([out, "hn", "cn"], feed)
        rounds.append((time.perf_counter() - start) / CHUNKS * 1e6)
    return statistics.median(rounds)


def main():
    model = sys.argv[1]
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 576)).astype(np.float32)
    whole = microseconds(session(model), {"input": noise}, "speech_probs")
    with tempfile.TemporaryDirectory() as folder:
        lstm = [node for node in onnx.load(model).graph.node if node.op_type == "LSTM"][0]
        cut = str(Path(folder) / "lstm.onnx")
        inputs = [lstm.input[0], "h", "c"]
        onnx.utils.extract_model(model, cut, inputs, [lstm.output[0], "hn", "cn"])
        read = np.random.default_rng(1).random((1, 1, 128)).astype(np.float32)
        alone = microseconds(session(cut), {inputs[0]: read}, lstm.output[0])

        profiled = session(model, str(Path(folder) / "profile"))
        microseconds(profiled, {"input": noise}, "speech_probs")
        events = json.loads(Path(profiled.end_profiling()).read_text())
        is_kernel = lambda event: event.get("args", {}).get("op_name") == "LSTM" and event["name"].endswith("kernel_time")
        kernel = statistics.median(event["dur"] for event in events if is_kernel(event))
    print(f"onnxruntime {onnxruntime.__version__}: {whole:.1f} µs a chunk, LSTM alone {alone:.1f} µs, its kernel {kernel} µs")


if __name__ == "__main__":
    main()
