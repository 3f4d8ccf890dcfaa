#!/usr/bin/env bash
# Trains the models of the zoo again, from data that the project has or generates: crates/burn-rnn-train/zoo/make.sh [NAME ...]
# A few minutes a model on two cores; the same weights again on the same kind of CPU.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --workspace --bin burn-rnn
program="${CARGO_TARGET_DIR:-../../target}/release/burn-rnn"
wanted=("$@")

# NAME TASK OPTION...: trains one model and writes its card.
model() {
    local name=$1 task=$2
    shift 2
    if [ ${#wanted[@]} -gt 0 ] && [[ " ${wanted[*]} " != *" $name "* ]]; then
        return
    fi
    rm -rf "zoo/$name"
    "$program" train "$task" "$@" --out "zoo/$name" --plain
    if [ "$task" = music ]; then
        "$program" generate --model "zoo/$name" --prompt "48 55 64 72" --temperature 0.5 --out "zoo/$name/piece.mid"
    fi
    rm -f "zoo/$name"/checkpoint-*.brnn "zoo/$name"/*.svg
    "$program" inspect "zoo/$name" --card >"zoo/$name/README.md"
}

model text text --cell lstm --layers 2 --hidden 160 --embedding 48 --dropout 0.1 --steps 4000 --eval-every 500
model music music --cell gru
model reber reber
model tagger tag
model dates transduce --task dates
model forecast forecast --horizon 24
model anomaly anomaly
model sounds classify
model sensors classify-series --layers 1 --hidden 64 --epochs 40
model voice speak --layers 1 --hidden 96
