//! Invented copy for the benches: as many words as asked for, the same at every run.

/// A body of about `words` words in paragraphs of sixty. Texts of other `story` numbers share hardly a phrase with it.
pub(crate) fn body(story: u64, words: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ka", "ro", "mi", "ten", "sol", "ver", "an", "du", "pri", "lo", "ga", "nes", "tor", "fi",
        "ul", "ber",
    ];
    let mut state = story;
    let mut draw = move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB) >> 33
    };
    let mut text = String::with_capacity(words * 7);
    for word in 0..words {
        if word > 0 {
            text.push(if word % 60 == 0 { '\n' } else { ' ' });
        }
        for _ in 0..=draw() % 3 {
            text.push_str(SYLLABLES[(draw() % 16) as usize]);
        }
    }
    text
}
