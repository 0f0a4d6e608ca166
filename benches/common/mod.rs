//! Invented copy for the benches: as many words as asked for, the same at every run.

/// Numbers drawn one after another (`SplitMix64`).
fn draws(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 33
    }
}

/// A body of about `words` words in paragraphs of sixty, with names, numbers, sentences and curly quotes. Texts of other `story`
/// numbers share hardly a phrase with it.
pub(crate) fn body(story: u64, words: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ka", "ro", "mi", "ten", "sol", "ver", "an", "du", "pri", "lo", "ga", "nes", "tor", "fi",
        "ul", "ber",
    ];
    let mut draw = draws(story);
    let mut text = String::with_capacity(words * 7);
    for word in 0..words {
        if word > 0 {
            let pause = ["", "", "", "", "", "", "", "", "", "", ",", ".", ".", "’s"];
            text.push_str(pause[(draw() % 14) as usize]);
            text.push(if word % 60 == 0 { '\n' } else { ' ' });
        }
        match draw() % 24 {
            0 => {
                text.push_str(&(draw() % 5_000).to_string());
                continue;
            }
            1 | 2 => text.push((b'A' + (draw() % 26) as u8).into()),
            3 => text.push('“'),
            _ => {}
        }
        for _ in 0..=draw() % 3 {
            text.push_str(SYLLABLES[(draw() % 16) as usize]);
        }
    }
    text
}
