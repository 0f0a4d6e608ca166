//! The versions of a journal to whose copy each is: what it says, and which agency's own item holds it by the links there are.

use std::collections::BTreeMap;

use crate::api::body::{Origin, OwnItem, rounded};
use crate::cluster::Version;
use crate::model::VersionId;

/// What the links of a journal say of copies.
#[derive(Debug, Default)]
pub(super) struct Whose {
    /// Own items, with their agencies.
    items: BTreeMap<VersionId, String>,
    /// By version: those tied to it, with the share of it found in each.
    tied: BTreeMap<VersionId, Vec<(VersionId, f64)>>,
}

impl Whose {
    /// Takes note of a version and its links, in both directions: an item may come after its copies.
    pub(super) fn note(&mut self, version: &Version) {
        if let Some(claim) =
            version.article.origin.as_ref().filter(|_| version.article.is_own_item())
        {
            self.items.insert(version.id, claim.first_agency().to_owned());
        }
        for link in &version.verdicts.links {
            self.tied.entry(version.id).or_default().push((link.other, link.in_other()));
            self.tied.entry(link.other).or_default().push((version.id, link.of_other()));
        }
    }

    /// Whose copy a version is, once all were noted.
    pub(super) fn of(&self, version: &Version) -> Origin {
        let tied = self.tied.get(&version.id).map_or(&[][..], Vec::as_slice);
        let own = OwnItem::deciding(tied.iter().filter_map(|&(item, share)| {
            let agency = self.items.get(&item)?.clone();
            let (version, containment) = (item.to_string(), rounded(share));
            Some((item, OwnItem { agency, version, containment }))
        }));
        Origin::found(version.article.origin.as_ref(), &version.article.text, own.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Batch, Params, Placed};
    use crate::model::{Article, OriginBasis, OriginClaim, Timestamp};

    const TEXT: &str = "A crane fell onto the main quay of Kvitnes on Monday and closed the harbour to all but fishing boats, the town said.";

    fn article(source: &str, own: bool) -> Article {
        let origin = OriginClaim {
            agency: "NAP".to_owned(),
            basis: OriginBasis::OwnItem,
            evidence: String::new(),
        };
        Article {
            source: source.into(),
            id: Some(source.to_owned()),
            title: "Crane closes harbour".to_owned(),
            text: TEXT.to_owned(),
            origin: own.then_some(origin),
            ..Article::default()
        }
    }

    #[test]
    fn copies_before_and_after_the_item_are_certain() {
        let mut batch = Batch::new(Params::default());
        let articles = [article("herald", false), article("nap", true), article("mirror", false)];
        let versions: Vec<Version> = articles
            .into_iter()
            .map(|article| match batch.push(article, Timestamp::EPOCH) {
                Placed::Version { version, .. } => *version,
                Placed::Duplicate(of) => panic!("a duplicate of {of}"),
            })
            .collect();
        let mut whose = Whose::default();
        for version in &versions {
            whose.note(version);
        }
        for version in &versions {
            let origin = whose.of(version);
            assert_eq!((origin.verdict, origin.source.as_deref()), ("certain", Some("NAP")));
        }
        assert_eq!(Whose::default().of(&versions[0]).verdict, "unknown");
    }
}
