#!/usr/bin/env bash
# Runs the published models and compares them with their own packages: tests/published/run.sh [SPOKEN_DIGITS]
#
# Their packages come from PyPI by pip, pinned by hash, into a cache folder (BURN_RNN_PUBLISHED, by default burn-rnn/published in the
# user's cache). What cannot be fetched, or whose recordings are not there, is skipped and says why. A wrong number is a failure.
set -uo pipefail
cd "$(dirname "$0")/../.."

here=tests/published
cache="${BURN_RNN_PUBLISHED:-${XDG_CACHE_HOME:-$HOME/.cache}/burn-rnn/published}"
digits="${1:-../shared/data/spoken-digits}"
python="${PYTHON:-python3}"
passed=0 failed=0 skipped=0

skip() {
    echo "$1: skipped: $2"
    skipped=$((skipped + 1))
}

fail() {
    echo "$1: FAILED: $2"
    failed=$((failed + 1))
}

# Brings a package into "$cache/$1". False where it is not there, having said why.
fetch() {
    [ -d "$cache/$1" ] && return
    local new log
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        skip "$1" "no network: $python has no pip to fetch it with; set PYTHON to one that has"
        return 1
    fi
    mkdir -p "$cache"
    new="$(mktemp -d "$cache/.new.XXXXXX")"
    grep "^$1==" "$here/packages.txt" >"$new/package.txt"
    if ! log="$("$python" -m pip download --quiet --no-deps --require-hashes --dest "$new" --requirement "$new/package.txt" 2>&1)"; then
        case "$log" in
        *"DO NOT MATCH THE HASHES"*) fail "$1" "what PyPI has is another file than the pinned one: $log" ;;
        *) skip "$1" "no network: $(tail -n 1 <<<"$log")" ;;
        esac
        rm -rf "$new"
        return 1
    fi
    mkdir "$new/files"
    if ! unpack "$new"; then
        fail "$1" "its package cannot be unpacked into $cache"
        rm -rf "$new"
        return 1
    fi
    mv "$new/files" "$cache/$1"
    rm -rf "$new"
}

# Unpacks the wheel or source archive of a folder into its folder "files".
unpack() {
    local archive
    for archive in "$1"/*.whl "$1"/*.tar.gz; do
        case "$archive" in
        *\**) ;;
        *.whl) "$python" -m zipfile -e "$archive" "$1/files" || return ;;
        *) tar -xzf "$archive" -C "$1/files" || return ;;
        esac
    done
}

# Runs an example: its package's name, its own, and its arguments.
run() {
    local package="$1" example="$2"
    shift 2
    if cargo run --quiet --release --example "$example" -- "$@"; then
        passed=$((passed + 1))
    else
        fail "$package" "see above"
    fi
}

fetch g2p-en && run g2p-en g2p "$cache/g2p-en/g2p_en/checkpoint20.npz" --check "$here/fixtures/g2p.txt"

if [ -d "$digits" ]; then
    fetch resemblyzer &&
        run resemblyzer resemblyzer "$cache/resemblyzer/resemblyzer/pretrained.pt" "$digits" "$here/fixtures/resemblyzer.safetensors"
else
    skip resemblyzer "no recordings at $digits: give the folder of spoken-digits"
    echo "silero-vad: on a made sound alone, there are no recordings at $digits"
    digits=""
fi

model="$cache/silero-vad/silero_vad/data/silero_vad_16k_sequence.onnx"
fetch silero-vad && run silero-vad silero "$model" --check "$here/fixtures/silero.safetensors" ${digits:+"$digits"}

fetch textgenrnn &&
    run textgenrnn textgenrnn "$cache/textgenrnn/textgenrnn-2.0.0/textgenrnn" --check \
        "$here/fixtures/textgenrnn.json" "$here/fixtures/textgenrnn.safetensors"

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
