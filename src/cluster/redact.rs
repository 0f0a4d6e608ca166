//! A version to the same one without its words: all that the fold needs, and nothing a reader could read.

use std::collections::BTreeSet;

use super::lineage::says_it_corrects;
use super::{Change, Clusterer, Redacted, SetId, Version};
use crate::model::{Article, OriginClaim, VersionId};
use crate::text;

impl Version {
    /// Words of its text, also where they are gone.
    pub fn words(&self) -> u32 {
        self.redacted
            .map_or_else(|| text::word_count(&self.article.text) as u32, |redacted| redacted.words)
    }

    /// True where it says that it corrects an earlier text, or said so.
    pub(super) fn corrects(&self) -> bool {
        self.redacted.map_or_else(|| says_it_corrects(&self.article), |redacted| redacted.corrects)
    }

    /// The same version without its words. Source, kind, language, times, the agency it claims to have its copy from and every
    /// verdict stay, so a fold comes out as it did.
    #[must_use]
    pub fn without_words(&self) -> Self {
        self.without_words_of(self.words())
    }

    /// The same of one whose text is not here, and had so many words.
    #[must_use]
    pub fn without_words_of(&self, words: u32) -> Self {
        let Article { source, kind, published, updated, lang, origin, .. } = &self.article;
        let claim = |claim: &OriginClaim| OriginClaim { evidence: String::new(), ..claim.clone() };
        let article = Article {
            source: source.clone(),
            kind: *kind,
            published: *published,
            updated: *updated,
            lang: lang.clone(),
            origin: origin.as_ref().map(claim),
            ..Article::default()
        };
        let redacted = Some(Redacted { corrects: self.corrects(), words });
        Self { article, redacted, verdicts: self.verdicts.clone(), ..*self }
    }
}

impl Clusterer {
    /// Forgets the words the fold holds of these versions, and gives the rows of the sets they are in, which show them.
    pub fn forget_words(&mut self, versions: &[VersionId]) -> Vec<Change> {
        let mut sets: BTreeSet<SetId> = BTreeSet::new();
        for &version in versions {
            let Some(number) = self.number_of(version) else { continue };
            if let Some(claim) = self.claims.get_mut(&number) {
                claim.evidence = String::new();
            }
            sets.insert(self.rows[number as usize].set);
        }
        sets.into_iter().map(|set| self.updated(set)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Verdicts;
    use crate::model::{OriginBasis, PageKind, RawHash, Timestamp};

    #[test]
    fn what_is_left_of_a_version_has_no_word_of_it() {
        let whole = Version {
            id: VersionId(3),
            seen_at: Timestamp::from_secs(9),
            extractor: 1,
            article: Article {
                source: "alba".into(),
                id: Some("zanzig".into()),
                url: Some("https://alba.example/zanzig".into()),
                guid: Some("zanzig".into()),
                title: "Correction: zanzig".into(),
                text: "zanzig zanzig one".into(),
                kind: PageKind::LiveBlog,
                published: Some(Timestamp::from_secs(5)),
                updated: Some(Timestamp::from_secs(6)),
                first_seen: Some(Timestamp::from_secs(7)),
                lang: Some("en".into()),
                credit: Some("zanzig".into()),
                byline: Some("zanzig".into()),
                version: Some("zanzig".into()),
                slugline: Some("zanzig".into()),
                ednote: Some("zanzig".into()),
                rights: Some("zanzig".into()),
                raw: Some(RawHash([122; 32])),
                extra: Some("zanzig".into()),
                origin: Some(OriginClaim {
                    agency: "NAP".into(),
                    basis: OriginBasis::Dateline,
                    evidence: "zanzig (NAP)".into(),
                }),
                ..Article::default()
            },
            verdicts: Verdicts { content: 8, keys: vec![1], ..Verdicts::default() },
            redacted: None,
        };
        let left = whole.without_words();
        assert!(!format!("{left:?}").contains("zanzig"), "{left:?}");
        assert_eq!(left.article.raw, None, "whoever has the page could tell that it was here");
        assert_eq!(left.redacted, Some(Redacted { corrects: true, words: 3 }));
        assert_eq!((left.words(), left.corrects()), (whole.words(), whole.corrects()));
        assert_eq!(left.verdicts, whole.verdicts);
        assert_eq!(
            (left.article.kind, left.article.published),
            (PageKind::LiveBlog, whole.article.published)
        );
        assert_eq!(left.without_words(), left, "once is enough");
    }
}
