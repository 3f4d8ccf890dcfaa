#!/usr/bin/env python3
"""Writes fixtures/: what the published models themselves compute, a few KB a model.

    python3 make_fixtures.py CACHE SPOKEN_DIGITS

CACHE is the folder into which run.sh unpacked the packages, SPOKEN_DIGITS a folder of recordings LABEL_SPEAKER_TAKE.wav at 8 kHz.
Needs: numpy scipy h5py torch librosa onnxruntime safetensors, and keras with jax for a second opinion on the Keras model.
Nothing is random: two runs on one machine write the same bytes.
"""

import math
import sys
import types
import wave
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

HERE = Path(__file__).resolve().parent
FIXTURES = HERE / "fixtures"


def g2p(cache):
    """The words are the first column of g2p.txt, which stays: 363 of Python's documentation that CMUdict lacks, and invented ones."""
    # The package reads a tagger and a dictionary from the network when it is imported. Its network of neurons needs neither.
    for name in ["nltk", "nltk.corpus", "nltk.tokenize", "inflect"]:
        sys.modules[name] = types.ModuleType(name)
    sys.modules["nltk"].pos_tag = None
    sys.modules["nltk"].data = types.SimpleNamespace(find=lambda _: None)
    sys.modules["nltk.corpus"].cmudict = types.SimpleNamespace(dict=dict)
    sys.modules["nltk.tokenize"].TweetTokenizer = lambda: types.SimpleNamespace(tokenize=None)
    sys.modules["inflect"].engine = lambda: None
    sys.path.insert(0, str(cache / "g2p-en"))
    from g2p_en.g2p import G2p

    model = G2p()
    file = FIXTURES / "g2p.txt"
    words = [line.split("\t")[0] for line in file.read_text().splitlines()]
    file.write_text("".join(f"{word}\t{' '.join(model.predict(word))}\n" for word in words))
    return f"{len(words)} words"


def read_wav(path):
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples.astype(np.float32) / 32768, file.getframerate()


def at_16_khz(path):
    """Twice the samples by zeros in the spectrum. librosa's resampler is another one, of C code, and nearly the same."""
    from scipy.signal import resample

    samples, rate = read_wav(path)
    assert rate == 8000
    return resample(samples.astype(np.float64), 2 * len(samples)).astype(np.float32)


def recordings(folder):
    def key(path):
        label, speaker, take = path.stem.split("_")
        return label, speaker, int(take)

    return sorted(folder.glob("*.wav"), key=key)


def resemblyzer(cache, digits):
    """The package's own normalisation, mel frames and network; not its removal of silence, which is a C extension."""
    for name in ["webrtcvad", "scipy.ndimage.morphology"]:
        sys.modules[name] = types.ModuleType(name)
    sys.modules["scipy.ndimage.morphology"].binary_dilation = None
    sys.path.insert(0, str(cache / "resemblyzer"))
    import torch
    from resemblyzer import VoiceEncoder, hparams, normalize_volume

    torch.set_num_threads(1)
    encoder = VoiceEncoder("cpu", verbose=False)
    vectors = []
    for path in recordings(digits):
        sound = normalize_volume(at_16_khz(path), hparams.audio_norm_target_dBFS, increase_only=True)
        vectors.append(encoder.embed_utterance(sound.astype(np.float32)))
    vectors = np.stack(vectors).astype(np.float32)
    # All features of every fiftieth recording, and eight features of all.
    tensors = {"every_fiftieth": vectors[::50].copy(), "eight_features": vectors[:, ::32].copy()}
    save_file(tensors, FIXTURES / "resemblyzer.safetensors")
    return f"{len(vectors)} recordings"


def made_sound():
    """Three seconds at 16 kHz: a buzz that glides between vowels and pauses, so that nobody's recordings are needed."""
    t = np.arange(3 * 16000) / 16000.0
    pitch = 2.0 * math.pi * (120.0 * t + 15.0 * np.sin(2.0 * math.pi * 0.7 * t))
    sound = np.zeros_like(t)
    for k in range(1, 25):
        at = 120.0 * k
        first = 500.0 + 250.0 * np.sin(2.0 * math.pi * 1.3 * t)
        second = 1500.0 + 600.0 * np.sin(2.0 * math.pi * 0.9 * t)
        gain = np.exp(-(((at - first) / 150.0) ** 2)) + 0.5 * np.exp(-(((at - second) / 200.0) ** 2))
        sound += gain * np.sin(k * pitch)
    voiced = np.maximum(np.sin(2.0 * math.pi * 0.8 * t), 0.0)
    return (0.2 * voiced * sound).astype(np.float32)


def chunks(sound):
    """Rows of 64 samples of context and 512 new ones, as the package cuts them; a part of one at the end is left."""
    sound = np.concatenate([np.zeros(64, np.float32), sound])
    return [sound[at : at + 576] for at in range(0, len(sound) - 575, 512)]


def silero(cache, digits):
    """Chunk by chunk, the state carried: by ONNX Runtime, and of the same numbers in f64, from which it is up to 1.3e-5 away itself."""
    import onnx
    import onnxruntime
    import torch
    from torch.nn.functional import conv1d, pad

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = str(cache / "silero-vad/silero_vad/data/silero_vad_16k_sequence.onnx")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def probabilities(sound):
        h = c = np.zeros((1, 1, 128), np.float32)
        out = []
        for chunk in chunks(sound):
            p, h, c = session.run(["speech_probs", "hn", "cn"], {"input": chunk[None], "h": h, "c": c})
            out.append(p[0])
        return np.array(out, np.float32)

    graph = onnx.load(model).graph
    tensor = {t.name: torch.tensor(onnx.numpy_helper.to_array(t).astype(np.float64)) for t in graph.initializer}
    [node] = [node for node in graph.node if node.op_type == "LSTM"]
    w, r, b = (tensor[name][0] for name in node.input[1:4])

    def exact(sound):
        h = c = torch.zeros(128, dtype=torch.float64)
        out = []
        for chunk in chunks(sound):
            x = pad(torch.tensor(chunk, dtype=torch.float64)[None, None], (0, 64), mode="reflect")
            waves = conv1d(x, tensor["stft.forward_basis_buffer"], stride=128).square()
            x = (waves[:, :129] + waves[:, 129:]).sqrt()
            for n, stride in enumerate([1, 2, 2, 1]):
                x = conv1d(x, tensor[f"encoder.{n}.weight"], tensor[f"encoder.{n}.bias"], stride=stride, padding=1).relu()
            i, o, f, g = (w @ x.flatten() + r @ h + b[:512] + b[512:]).chunk(4)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            out.append(torch.sigmoid(h.relu() @ tensor["output.weight"].flatten() + tensor["output.bias"].flatten()).item())
        return np.array(out, np.float32)

    spoken = []
    for path in recordings(digits)[::10]:
        spoken += [at_16_khz(path), np.zeros(4000, np.float32)]
    tensors, said = {}, []
    for name, sound in {"made": made_sound(), "spoken": np.concatenate(spoken)}.items():
        given, true = probabilities(sound), exact(sound)
        tensors |= {name: given, f"{name}_f64": true}
        said.append(f"{name}: speech in {(given > 0.5).mean():.0%} of {len(given)} chunks, {np.abs(given - true).max():.1e} from f64")
    save_file(tensors, FIXTURES / "silero.safetensors")
    return ", ".join(said)


def textgenrnn(cache, _):
    """The next symbol after the texts of textgenrnn.json. The equations of Keras 2.1.5 in numpy and f64. CuDNN's layout: keras/engine/saving.py, `_convert_rnn_weights`."""
    import h5py
    import json

    folder = cache / "textgenrnn/textgenrnn-2.0.0/textgenrnn"
    vocabulary = json.loads((folder / "textgenrnn_vocab.json").read_text(encoding="utf8"))
    with h5py.File(folder / "textgenrnn_weights.hdf5") as file:
        get = lambda layer, name: np.array(file[layer][layer][f"{name}:0"], np.float64)
        embeddings = get("embedding", "embeddings")
        attention = get("attention", "attention_W")[:, 0]
        dense = get("output", "kernel"), get("output", "bias")
        layers = []
        for layer in ["rnn_1", "rnn_2"]:
            kernels = np.split(get(layer, "kernel"), 4, axis=1)
            recurrent = np.split(get(layer, "recurrent_kernel"), 4, axis=1)
            kernels = [k.T.reshape(k.shape, order="F") for k in kernels]
            bias = get(layer, "bias").reshape(2, -1).sum(0)
            layers.append((np.hstack(kernels), np.hstack([k.T for k in recurrent]), bias))

    def lstm(x, kernel, recurrent, bias):
        sigmoid = lambda a: 1 / (1 + np.exp(-a))
        h = c = np.zeros(128)
        out = []
        for x_t in x:
            i, f, g, o = np.split(x_t @ kernel + h @ recurrent + bias, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            out.append(h)
        return np.array(out)

    def distribution(text):
        codes = [vocabulary[symbol] for symbol in ["<s>", *text]][-40:]
        x = embeddings[[0] * (40 - len(codes)) + codes]
        first = lstm(x, *layers[0])
        all_three = np.hstack([x, first, lstm(first, *layers[1])])
        scores = all_three @ attention
        weights = np.exp(scores - scores.max())
        weights /= weights.sum() + 1e-7
        logits = weights @ all_three @ dense[0] + dense[1]
        p = np.exp(logits - logits.max())
        return p / p.sum()

    contexts = json.loads((FIXTURES / "textgenrnn.json").read_text())
    p = np.array([distribution(text) for text in contexts])
    # The numpy equations against Keras' own layers, with the weights brought out of CuDNN's layout.
    codes = [[vocabulary[symbol] for symbol in ["<s>", *text]][-40:] for text in contexts]
    worst = keras_differs(embeddings, layers, attention, dense, codes, p)
    save_file({"next": p.astype(np.float32)}, FIXTURES / "textgenrnn.safetensors")
    symbol = {code: symbol for symbol, code in vocabulary.items()}
    best = [f"{symbol[row.argmax()]} {row.max():.2f}" for row in p]
    return f"best next symbols {best}, at most {worst:.1e} from Keras"


def keras_differs(embeddings, layers, attention, dense, codes, expected):
    import os

    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    inputs = keras.Input((40,))
    embedding = keras.layers.Embedding(*embeddings.shape)
    lstms = [keras.layers.LSTM(128, return_sequences=True) for _ in layers]
    x = embedding(inputs)
    first = lstms[0](x)
    model = keras.Model(inputs, keras.layers.Concatenate()([x, first, lstms[1](first)]))
    embedding.set_weights([embeddings])
    for lstm, weights in zip(lstms, layers):
        lstm.set_weights(weights)
    read = np.array(model.predict(np.array([[0] * (40 - len(row)) + row for row in codes]), verbose=0))
    scores = read @ attention
    weights = np.exp(scores - scores.max(1, keepdims=True))
    weights /= weights.sum(1, keepdims=True) + 1e-7
    logits = np.einsum("bt,btf->bf", weights, read) @ dense[0] + dense[1]
    p = np.exp(logits - logits.max(1, keepdims=True))
    worst = np.abs(p / p.sum(1, keepdims=True) - expected).max()
    assert worst < 1e-5, worst
    return worst


def main():
    cache, digits = Path(sys.argv[1]), Path(sys.argv[2])
    FIXTURES.mkdir(exist_ok=True)
    print("g2p-en:", g2p(cache))
    print("resemblyzer:", resemblyzer(cache, digits))
    print("silero-vad:", silero(cache, digits))
    print("textgenrnn:", textgenrnn(cache, digits))


if __name__ == "__main__":
    main()
