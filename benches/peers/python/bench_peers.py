"""Texts to documents a second: datasketch and rensa, on the texts that the Rust program writes.

    cargo run --release -- --texts 4000 --write texts.jsonl
    pip install datasketch rensa
    python3 python/bench_peers.py texts.jsonl

Word 3-grams, 128 hashes, 32 bands of 4 rows at threshold .5, as in the Rust program; CPU seconds of this process, best of
three. The shingling is Python's in all rows and stands by itself in the first.
"""

import json
import re
import sys
import time

from datasketch import MinHash, MinHashLSH
from rensa import RMinHash, RMinHashLSH

HASHES, BANDS, ROWS, THRESHOLD = 128, 32, 4, 0.5
WORD = re.compile(r"[^\W_]+")


def shingles(text):
    """The distinct word 3-grams of a text."""
    words = WORD.findall(text.lower())
    return {" ".join(words[at : at + 3]) for at in range(len(words) - 2)}


def datasketch_signature(text):
    signature = MinHash(num_perm=HASHES)
    signature.update_batch([shingle.encode() for shingle in shingles(text)])
    return signature


def rensa_signature(text):
    signature = RMinHash(num_perm=HASHES, seed=42)
    signature.update(list(shingles(text)))
    return signature


def datasketch_whole(texts):
    index = MinHashLSH(num_perm=HASHES, params=(BANDS, ROWS))
    for number, text in enumerate(texts):
        signature = datasketch_signature(text)
        index.query(signature)
        index.insert(number, signature)


def rensa_whole(texts):
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=HASHES, num_bands=BANDS)
    for number, text in enumerate(texts):
        signature = rensa_signature(text)
        index.query(signature)
        index.insert(number, signature)


def each(work):
    """A function that does `work` with each of many texts."""

    def over(texts):
        for text in texts:
            work(text)

    return over


ROWS_OF_TABLE = [
    ("shingles alone", each(shingles)),
    ("datasketch: signature", each(datasketch_signature)),
    ("rensa: signature (R-MinHash)", each(rensa_signature)),
    ("datasketch: signature, query, insert", datasketch_whole),
    ("rensa: signature, query, insert", rensa_whole),
]


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: bench_peers.py TEXTS.jsonl")
    with open(sys.argv[1], encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    best = {name: float("inf") for name, _ in ROWS_OF_TABLE}
    for _ in range(3):
        for name, work in ROWS_OF_TABLE:
            start = time.process_time()
            work(texts)
            best[name] = min(best[name], time.process_time() - start)
    print(f"{len(texts)} texts")
    for name, seconds in best.items():
        print(f"  {name:<40} {seconds:8.3f} s {len(texts) / seconds:10.0f} texts/s")


if __name__ == "__main__":
    main()
