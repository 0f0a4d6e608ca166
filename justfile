# The commands of CONTRIBUTING.md. `just` alone lists them.

_list:
    @just --list

# format, lints and walls: what a review does not argue about
check:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings
    cargo test --test it architecture

# everything that is tested
test:
    cargo test

# the pure rooms alone, in seconds: no clock, disk or network in the build
core:
    cargo clippy --lib --no-default-features -- -D warnings
    cargo test --lib --no-default-features

# the property tests over new cases, ROUNDS times; a seed that fails is printed
laws ROUNDS="10":
    #!/usr/bin/env bash
    set -euo pipefail
    for round in $(seq {{ROUNDS}}); do
        export PROPTEST_RNG_SEED="$RANDOM$RANDOM"
        echo "round $round: PROPTEST_RNG_SEED=$PROPTEST_RNG_SEED"
        cargo test
    done

# the floods that take minutes: a million words, ten thousand templates
floods:
    cargo test --release --test it floods -- --ignored

# kills, power cuts and flipped bits, ROUNDS of each
soak ROUNDS="1000":
    COPYTASTER_SOAK={{ROUNDS}} cargo test --release --test it -- soak --nocapture

# HOURS of a clock that runs, HOSTS of which a tenth fail at a time in ways that SEED draws. One arena: else each thread keeps its own
soak-crawl HOURS="24" HOSTS="60" SEED="20161012":
    MALLOC_ARENA_MAX=1 COPYTASTER_CRAWL_HOURS={{HOURS}} COPYTASTER_CRAWL_HOSTS={{HOSTS}} COPYTASTER_CRAWL_SEED={{SEED}} \
        cargo test --release --test it -- hostile::day --nocapture

# a thousand sources polled for thirty days: delays and polls. RHYTHMS: a file of real ones, lines of name, tab, seconds since 1970
rhythm RHYTHMS="":
    COPYTASTER_RHYTHMS={{RHYTHMS}} cargo test --release --test it -- rhythm --nocapture

# speed of the hot paths
bench *ARGS:
    cargo bench {{ARGS}}

# an invented newsroom, crawled and clustered without the internet
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# each fuzz target for SECONDS, on the stable toolchain; needs a C++ compiler
fuzz SECONDS="60":
    #!/usr/bin/env bash
    set -euo pipefail
    cd fuzz
    RUSTC_WRAPPER="$PWD/instrument" cargo build --locked
    for target in fuzz_targets/*.rs; do
        target="$(basename "$target" .rs)"
        mkdir -p "corpus/$target" artifacts
        "${CARGO_TARGET_DIR:-target}/debug/$target" "corpus/$target" "seeds/$target" \
            -max_total_time={{SECONDS}} -artifact_prefix=artifacts/
    done

# what .ci/run runs
ci:
    .ci/run
