//! A verified link and what is known of its two ends to the relation that is shown.

use super::types::{Link, LinkKind, Reason, Relation};
use crate::model::Article;

/// What the relation depends on besides the link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    /// Both versions belong to one article.
    pub(super) same_article: bool,
    /// Both were published by one source.
    pub(super) same_source: bool,
    /// The newcomer says that it corrects.
    pub(super) corrects: bool,
}

/// How the newcomer of `link` stands to the older version.
pub(super) fn relation(link: &Link, ends: Ends) -> Relation {
    if !link.kind.glues() {
        return Relation::Contains;
    }
    if link.kind == LinkKind::Editor {
        return Relation::Copy;
    }
    if link.kind == LinkKind::Short {
        // Counted in words, of which a headline has few.
        let announces = link.size < link.other_size;
        return match (announces, ends.same_source) {
            (true, _) => Relation::Excerpt,
            (false, true) => Relation::Update,
            (false, false) => Relation::Extension,
        };
    }
    if ends.corrects && (ends.same_article || ends.same_source) {
        return Relation::Correction;
    }
    if ends.same_article {
        return Relation::Update;
    }
    let (shared, size, other) =
        (u64::from(link.shared), u64::from(link.size), u64::from(link.other_size));
    let inside = shared * 10 >= size * 8 && size * 10 <= other * 7;
    let around = shared * 10 >= other * 8 && other * 10 <= size * 7;
    if ends.same_source {
        let equal = shared * 100 >= (size + other - shared) * 95;
        return if equal { Relation::Repeat } else { Relation::Update };
    }
    if link.reason == Reason::Blend {
        return Relation::Blend;
    }
    match (inside, around) {
        (true, _) => Relation::Excerpt,
        (_, true) => Relation::Extension,
        _ => Relation::Copy,
    }
}

/// Words a headline or note starts with when the item corrects another, as agencies of several languages write them.
const CORRECTS: [&str; 9] = [
    "correct",
    "corrected",
    "correction",
    "corrects",
    "rectificatif",
    "corrigé",
    "berichtigung",
    "corrección",
    "rettelse",
];

/// True where the headline or the note to editors says that the text corrects an earlier one.
pub(super) fn says_it_corrects(article: &Article) -> bool {
    [Some(article.title.as_str()), article.ednote.as_deref()].into_iter().flatten().any(|line| {
        let line = line.to_lowercase();
        let first = line.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty());
        first.is_some_and(|word| CORRECTS.contains(&word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::VersionId;

    fn check(shared: u32, size: u32, other_size: u32, ends: Ends, expected: Relation) {
        let link = Link {
            other: VersionId(1),
            kind: LinkKind::Text,
            reason: Reason::FiguresAgree,
            shared,
            size,
            other_size,
            rests_on: 0,
        };
        assert_eq!(relation(&link, ends), expected);
    }

    const ELSEWHERE: Ends = Ends { same_article: false, same_source: false, corrects: false };
    const SAME_DESK: Ends = Ends { same_source: true, ..ELSEWHERE };

    #[test]
    fn elsewhere_size_and_share_tell_copy_excerpt_and_extension() {
        check(90, 100, 100, ELSEWHERE, Relation::Copy);
        check(40, 45, 100, ELSEWHERE, Relation::Excerpt);
        check(40, 100, 45, ELSEWHERE, Relation::Extension);
    }

    #[test]
    fn a_text_of_two_agencies_is_a_blend_unless_its_own_desk_wrote_it_before() {
        let blend = |ends| {
            let link = Link {
                other: VersionId(1),
                kind: LinkKind::Text,
                reason: Reason::Blend,
                shared: 50,
                size: 100,
                other_size: 90,
                rests_on: 0,
            };
            relation(&link, ends)
        };
        assert_eq!(blend(ELSEWHERE), Relation::Blend);
        assert_eq!(blend(SAME_DESK), Relation::Update);
        assert_eq!(blend(Ends { same_article: true, ..ELSEWHERE }), Relation::Update);
    }

    #[test]
    fn one_desk_updates_repeats_and_corrects() {
        check(60, 100, 80, SAME_DESK, Relation::Update);
        check(99, 100, 100, SAME_DESK, Relation::Repeat);
        check(99, 100, 100, Ends { corrects: true, ..SAME_DESK }, Relation::Correction);
        check(99, 100, 100, Ends { corrects: true, ..ELSEWHERE }, Relation::Copy);
        check(20, 100, 80, Ends { same_article: true, ..SAME_DESK }, Relation::Update);
    }

    #[test]
    fn a_correction_says_so_first() {
        let with = |title: &str| Article { title: title.into(), ..Article::default() };
        assert!(says_it_corrects(&with("CORRECTED-Orsk port reopens")));
        assert!(says_it_corrects(&with("Rectificatif : le port rouvre")));
        assert!(!says_it_corrects(&with("Court orders correction of records")));
    }
}
