//! Invented copy without end: stories, and versions of them, the same at every run.

use copytaster::model::{Article, Timestamp};

const WORDS: [&str; 64] = [
    "harbour",
    "council",
    "minister",
    "bridge",
    "ferry",
    "strike",
    "union",
    "valley",
    "river",
    "storm",
    "village",
    "mayor",
    "court",
    "judge",
    "witness",
    "factory",
    "workers",
    "export",
    "market",
    "grain",
    "railway",
    "station",
    "tunnel",
    "border",
    "customs",
    "election",
    "ballot",
    "campaign",
    "budget",
    "hospital",
    "doctors",
    "vaccine",
    "school",
    "teachers",
    "museum",
    "painting",
    "orchestra",
    "stadium",
    "league",
    "striker",
    "coach",
    "glacier",
    "forest",
    "wildfire",
    "reservoir",
    "drought",
    "turbine",
    "reactor",
    "satellite",
    "launch",
    "island",
    "fishery",
    "trawler",
    "lighthouse",
    "quarry",
    "cathedral",
    "archive",
    "festival",
    "theatre",
    "parliament",
    "treaty",
    "embassy",
    "airport",
    "pilots",
];

const JOINTS: [&str; 12] = [
    "near", "after", "before", "against", "with", "despite", "over", "beside", "under", "without",
    "for", "beyond",
];

/// `SplitMix64`: enough chance for copy, and the same everywhere.
fn draw(state: &mut u64, of: usize) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) % of as u64) as usize
}

fn sentence(state: &mut u64) -> String {
    let mut words = vec!["The".to_owned()];
    for at in 0..14 {
        let pool: &[&str] = if at % 3 == 1 { &JOINTS } else { &WORDS };
        words.push(pool[draw(state, pool.len())].to_owned());
    }
    words.push(format!("in {} days.", draw(state, 900) + 10));
    words.join(" ")
}

/// The paragraphs of story number `story`.
pub(crate) fn paragraphs(story: u64) -> Vec<String> {
    let mut state = story.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(7);
    (0..6).map(|_| format!("{} {}", sentence(&mut state), sentence(&mut state))).collect()
}

/// One way in which a site runs a story.
pub(crate) fn version(story: u64, edit: u8) -> String {
    let mut text = paragraphs(story);
    match edit % 5 {
        0 => {}
        1 => text.truncate(4),
        2 => text.insert(3, sentence(&mut (story ^ 0xABCD))),
        3 => text[1] = text[1].replace("The ", "A "),
        _ => {
            text.push(sentence(&mut (story ^ 0x1234)));
            text.remove(5);
        }
    }
    text.join("\n")
}

/// An article of `source` with this text.
pub(crate) fn article(source: &str, id: &str, text: String) -> Article {
    Article {
        source: source.into(),
        id: Some(id.to_owned()),
        title: format!("Item {id}"),
        text,
        lang: Some("en".to_owned()),
        ..Article::default()
    }
}

/// A day in 2026, and so many minutes after its start.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_secs(1_772_323_200 + minutes * 60)
}
