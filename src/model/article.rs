//! The article record: what is found of a publication, as every room takes it.

use super::{OriginBasis, OriginClaim, PageKind, RawHash, Signal, SourceId, Subject, Timestamp};

/// One publication's state as found: the record of JSONL, push, feeds and pages, before the writer gives it a place.
///
/// At least one of `id` and `url`, and one of `title` and `text`, is not empty: the rooms that make articles see to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Article {
    /// The publisher.
    pub source: SourceId,
    /// The publisher's or sender's id of the article.
    pub id: Option<String>,
    /// Canonical address.
    pub url: Option<String>,
    /// The feed's guid, kept as found.
    pub guid: Option<String>,
    /// Headline; may be empty.
    pub title: String,
    /// Body: paragraphs separated by `\n`, hard-wrapped lines joined. May be empty (headline-only items).
    pub text: String,
    /// What the page was; `Article` for records that come as text.
    pub kind: PageKind,
    /// When the publisher says it was first published.
    pub published: Option<Timestamp>,
    /// When the publisher says it was last changed.
    pub updated: Option<Timestamp>,
    /// When the sender says it was first seen.
    pub first_seen: Option<Timestamp>,
    /// Until when its sender has it under embargo.
    pub not_before: Option<Timestamp>,
    /// BCP 47 language, lower case: "en", "pt-br".
    pub lang: Option<String>,
    /// Credit line as found: "AFP", "Reuters and AP".
    pub credit: Option<String>,
    /// Byline as found.
    pub byline: Option<String>,
    /// The sender's own version mark.
    pub version: Option<String>,
    /// Wire slugline.
    pub slugline: Option<String>,
    /// IPTC urgency, 1 (flash) to 8.
    pub urgency: Option<u8>,
    /// Subject codes.
    pub subjects: Vec<Subject>,
    /// Genre word.
    pub genre: Option<String>,
    /// Note to editors.
    pub ednote: Option<String>,
    /// Rights statement.
    pub rights: Option<String>,
    /// What the text or its source says of its origin.
    pub origin: Option<OriginClaim>,
    /// What its publisher said of what may be done with it, when it was fetched.
    pub signals: Vec<Signal>,
    /// The page it was read from; `None` for records that came as text, and where an earlier build read it.
    pub raw: Option<RawHash>,
    /// Keys the record had that we have no field for: the text of one JSON object, or `None`.
    pub extra: Option<String>,
}

impl Article {
    /// True where it is an agency's own item.
    pub fn is_own_item(&self) -> bool {
        self.origin.as_ref().is_some_and(|claim| claim.basis == OriginBasis::OwnItem)
    }

    /// The same with U+FFFD in the place of each NUL, as HTML has it: a NUL is part of no word, ends strings in many a program that takes
    /// ours, and whoever may send three in a row can write what looks like a record of the journal.
    #[must_use]
    pub fn without_nuls(mut self) -> Self {
        let Self { source, id, url, guid, title, text, lang, credit, byline, version, .. } =
            &mut self;
        let words = [&mut source.0, title, text].into_iter();
        let named = [id, url, guid, lang, credit, byline, version].into_iter().flatten();
        words.chain(named).for_each(replace_nuls);
        let Self { slugline, subjects, genre, ednote, rights, origin, signals, extra, .. } =
            &mut self;
        let noted = [slugline, genre, ednote, rights, extra].into_iter().flatten();
        let subjects = subjects.iter_mut().flat_map(|Subject { scheme, code }| [scheme, code]);
        let origins = origin.iter_mut().flat_map(|claim| [&mut claim.agency, &mut claim.evidence]);
        let signals = signals.iter_mut().flat_map(|signal| [&mut signal.name, &mut signal.value]);
        noted.chain(subjects).chain(origins).chain(signals).for_each(replace_nuls);
        self
    }
}

fn replace_nuls(text: &mut String) {
    if text.contains('\0') {
        *text = text.replace('\0', "\u{FFFD}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SignalPlace;

    #[test]
    fn an_article_without_nuls_has_none_in_any_field() {
        let nul = || "a\0\0b".to_owned();
        let whole = Article {
            source: SourceId(nul()),
            id: Some(nul()),
            url: Some(nul()),
            guid: Some(nul()),
            title: nul(),
            text: nul(),
            kind: PageKind::Article,
            published: None,
            updated: None,
            first_seen: None,
            not_before: None,
            lang: Some(nul()),
            credit: Some(nul()),
            byline: Some(nul()),
            version: Some(nul()),
            slugline: Some(nul()),
            urgency: None,
            subjects: vec![Subject { scheme: nul(), code: nul() }],
            genre: Some(nul()),
            ednote: Some(nul()),
            rights: Some(nul()),
            origin: Some(OriginClaim {
                agency: nul(),
                basis: OriginBasis::Byline,
                evidence: nul(),
            }),
            signals: vec![Signal { place: SignalPlace::Meta, name: nul(), value: nul() }],
            raw: None,
            extra: Some(nul()),
        };
        let shown = |article: &Article| format!("{article:?}");
        let nuls = shown(&whole).matches("\\0\\0").count();
        assert_eq!(nuls, 21);
        let without = whole.without_nuls();
        assert_eq!(shown(&without).matches("a\u{FFFD}\u{FFFD}b").count(), nuls);
        assert_eq!(without.clone().without_nuls(), without);
    }
}
