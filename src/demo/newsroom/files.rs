//! The story files and the plan, as they lie beside this file.

/// Name and TOML of each story file.
pub(crate) const STORIES: [(&str, &str); 17] = [
    ("bridge", include_str!("stories/bridge.toml")),
    ("bridge-elsewhere", include_str!("stories/bridge-elsewhere.toml")),
    ("resignation", include_str!("stories/resignation.toml")),
    ("embargo", include_str!("stories/embargo.toml")),
    ("dam", include_str!("stories/dam.toml")),
    ("briefs", include_str!("stories/briefs.toml")),
    ("fixing", include_str!("stories/fixing.toml")),
    ("rates", include_str!("stories/rates.toml")),
    ("water-law", include_str!("stories/water-law.toml")),
    ("rocket", include_str!("stories/rocket.toml")),
    ("interview", include_str!("stories/interview.toml")),
    ("railway", include_str!("stories/railway.toml")),
    ("lemons", include_str!("stories/lemons.toml")),
    ("football", include_str!("stories/football.toml")),
    ("traps", include_str!("stories/traps.toml")),
    ("singles-en", include_str!("stories/singles-en.toml")),
    ("singles-other", include_str!("stories/singles-other.toml")),
];

/// What must come of the day.
pub(crate) const PLAN: &str = include_str!("plan.toml");
