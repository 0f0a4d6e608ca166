//! What a text says of its origin, and what its links prove, to a verdict with its evidence.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{OriginBasis, OriginClaim, VersionId};

/// Share of a text found in the agency's own item from which it is that agency's copy for certain.
const CERTAIN_MIN: f64 = 0.8;
/// The same from which it is so likely: copy with a top or tail of the outlet's own.
const LIKELY_MIN: f64 = 0.5;

/// Whose copy a text is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Origin {
    /// The agency, as the agency table writes it; null where the text does not say.
    pub source: Option<String>,
    /// `certain`, `likely`, `claimed` or `unknown`.
    pub verdict: &'static str,
    /// What it was concluded from, strongest first.
    pub evidence: Vec<OriginEvidence>,
    /// `source` and the agencies that share the credit with it ("AP and Reuters"), in order.
    pub agencies: Vec<String>,
}

/// What speaks for an origin: words of the text, or an agency's own item that holds them.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct OriginEvidence {
    /// `own_item`, `dateline`, `sign_off`, `byline`, `metadata` or `quote`.
    pub basis: &'static str,
    /// The very words; empty for an agency's own item.
    pub text: String,
    /// Where the words begin in the stored text, in characters. Null where they stand outside of it: in metadata, or in a line
    /// that was cut from its ends.
    pub start: Option<usize>,
    /// The character behind the last.
    pub end: Option<usize>,
    /// The version of the agency's own item that the text was held against.
    pub version: Option<String>,
    /// Share of this text found in that item, 0 to 1.
    pub containment: Option<f64>,
}

/// An agency's own item that a text is tied to.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnItem {
    /// The agency.
    pub agency: String,
    /// The item's version.
    pub version: String,
    /// Share of the text found in it.
    pub containment: f64,
}

impl OwnItem {
    /// The item that decides: of those that hold the text for certain the first, else the one that holds most; of equal ones
    /// the older.
    pub fn deciding(found: impl Iterator<Item = (VersionId, Self)>) -> Option<Self> {
        let rank = |(id, own): &(VersionId, Self)| {
            let share = if own.is_certain() { 1.0 } else { own.containment };
            ((-(share * 10_000.0)) as i64, *id)
        };
        found.min_by_key(rank).map(|(_, own)| own)
    }

    /// True where it holds so much of the text that this is a copy of it for certain.
    pub fn is_certain(&self) -> bool {
        self.containment >= CERTAIN_MIN
    }
}

impl Origin {
    /// The verdict a claim alone is worth: an agency's own item is certain, and any credit is a claim until the agency's item
    /// is at hand.
    pub fn new(claim: Option<&OriginClaim>) -> Self {
        Self::found(claim, "", None)
    }

    /// The verdict where the text, and the own item that holds most of it, are at hand. Containment decides, not the credit.
    pub fn found(claim: Option<&OriginClaim>, text: &str, own: Option<&OwnItem>) -> Self {
        let said = claim.map(|claim| OriginEvidence::words(claim, text));
        let holds = own.filter(|own| own.containment >= LIKELY_MIN);
        let is_own = claim.is_some_and(|claim| claim.basis == OriginBasis::OwnItem);
        if let Some(own) = holds.filter(|_| !is_own) {
            let verdict = if own.is_certain() { "certain" } else { "likely" };
            let evidence = std::iter::once(OriginEvidence::item(own)).chain(said).collect();
            let others = claim.iter().flat_map(|claim| claim.agencies());
            let others = others.filter(|&name| name != own.agency).map(str::to_owned);
            let agencies = std::iter::once(own.agency.clone()).chain(others).collect();
            return Self { source: Some(own.agency.clone()), agencies, verdict, evidence };
        }
        let verdict = match claim {
            None => "unknown",
            Some(_) if is_own => "certain",
            Some(_) => "claimed",
        };
        Self {
            source: claim.map(|claim| claim.first_agency().to_owned()),
            agencies: claim.iter().flat_map(|claim| claim.agencies()).map(str::to_owned).collect(),
            verdict,
            evidence: said.into_iter().collect(),
        }
    }
}

impl OriginEvidence {
    fn words(claim: &OriginClaim, text: &str) -> Self {
        let found = text.find(&claim.evidence).filter(|_| !claim.evidence.is_empty());
        let start = found.map(|at| text[..at].chars().count());
        Self {
            basis: claim.basis.as_str(),
            text: claim.evidence.clone(),
            start,
            end: start.map(|start| start + claim.evidence.chars().count()),
            version: None,
            containment: None,
        }
    }

    fn item(own: &OwnItem) -> Self {
        Self {
            basis: OriginBasis::OwnItem.as_str(),
            text: String::new(),
            start: None,
            end: None,
            version: Some(own.version.clone()),
            containment: Some(own.containment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(basis: OriginBasis) -> OriginClaim {
        OriginClaim { agency: "NAP".into(), basis, evidence: "ORVALE (NAP)".into() }
    }

    fn own(containment: f64) -> OwnItem {
        OwnItem { agency: "Norland Press".into(), version: "v1".into(), containment }
    }

    #[test]
    fn a_credit_alone_is_a_claim_and_nothing_is_unknown() {
        let verdict = |basis| Origin::new(Some(&claim(basis))).verdict;
        assert_eq!(verdict(OriginBasis::OwnItem), "certain");
        for basis in [
            OriginBasis::Dateline,
            OriginBasis::SignOff,
            OriginBasis::Byline,
            OriginBasis::Metadata,
            OriginBasis::Quote,
        ] {
            assert_eq!(verdict(basis), "claimed");
        }
        assert_eq!(Origin::new(None).verdict, "unknown");
    }

    #[test]
    fn agencies_that_share_a_credit_are_all_told_the_deciding_one_first() {
        let both =
            OriginClaim { agency: "NAP\nNorland Press".into(), ..claim(OriginBasis::SignOff) };
        let said = Origin::new(Some(&both));
        assert_eq!(said.source.as_deref(), Some("NAP"));
        assert_eq!(said.agencies, ["NAP", "Norland Press"]);
        let held = Origin::found(Some(&both), "", Some(&own(0.9)));
        assert_eq!(held.source.as_deref(), Some("Norland Press"));
        assert_eq!(held.agencies, ["Norland Press", "NAP"]);
    }

    #[test]
    fn containment_in_the_agencys_item_decides() {
        let found = |containment| Origin::found(None, "", Some(&own(containment)));
        assert_eq!(
            (found(0.8).verdict, found(0.8).source.as_deref()),
            ("certain", Some("Norland Press"))
        );
        assert_eq!(found(0.5).verdict, "likely");
        assert_eq!((found(0.49).verdict, found(0.49).source), ("unknown", None));
        let both = Origin::found(Some(&claim(OriginBasis::Byline)), "", Some(&own(0.9)));
        let bases: Vec<&str> = both.evidence.iter().map(|evidence| evidence.basis).collect();
        assert_eq!(bases, ["own_item", "byline"]);
        assert_eq!(
            Origin::found(Some(&claim(OriginBasis::Quote)), "", Some(&own(0.3))).verdict,
            "claimed"
        );
        let itself = Origin::found(Some(&claim(OriginBasis::OwnItem)), "", Some(&own(0.6)));
        assert_eq!((itself.verdict, itself.source.as_deref()), ("certain", Some("NAP")));
    }

    #[test]
    fn the_first_that_holds_it_for_certain_decides_else_the_one_that_holds_most() {
        let decides = |found: &[(u64, f64)]| {
            let items = found.iter().map(|&(id, share)| {
                (VersionId(id), OwnItem { version: id.to_string(), ..own(share) })
            });
            OwnItem::deciding(items).map(|own| own.version)
        };
        assert_eq!(decides(&[(9, 0.99), (4, 0.81), (1, 0.7)]).as_deref(), Some("4"));
        assert_eq!(decides(&[(9, 0.6), (4, 0.55), (2, 0.6)]).as_deref(), Some("2"));
        assert_eq!(decides(&[]), None);
    }

    #[test]
    fn words_are_found_again_in_the_text() {
        let text = "Čerň.\nORVALE (NAP) - The harbour";
        let found = Origin::found(Some(&claim(OriginBasis::Dateline)), text, None);
        let (start, end) = (found.evidence[0].start.unwrap(), found.evidence[0].end.unwrap());
        let words: String = text.chars().skip(start).take(end - start).collect();
        assert_eq!(words, "ORVALE (NAP)");
        let outside = Origin::found(Some(&claim(OriginBasis::Metadata)), "The harbour", None);
        assert_eq!(outside.evidence[0].start, None);
    }
}
