//! What the journal holds of a version and of the agencies' own items near it to why it is where it is and whose words it has.

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

use super::State;
use super::body::{self, Shares};
use super::problem::Problem;
use super::view::version_of;
use crate::cluster::{self, Link, SetId, prepare};
use crate::model::{OriginBasis, VersionId};
use crate::text;

/// Own items that a version is held against: those it is tied to, those that came later and have passages in it, then those of its
/// cluster nearest in time.
const ITEMS_MAX: usize = 24;

/// Why an article is where it is.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct Evidence {
    /// Whose copy it says it is, or turns out to be.
    pub(super) origin: body::Origin,
    /// Whose words it has, by passages of agencies' own items; null where no such item is at hand or the text is gone.
    pub(super) shares: Option<Shares>,
    /// Its verified links to older versions, best first.
    pub(super) links: Vec<LinkEvidence>,
    /// Distinct shingles that were compared.
    pub(super) shingles: u32,
    /// True for a round-up: it contains others and joins none.
    pub(super) hub: bool,
}

/// One verified link to an older version.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct LinkEvidence {
    /// The older version.
    pub(super) version: String,
    /// `text`, `short`, `article`, `contains`, `barred`, or `passage` of an agency's own item that is no version of this text.
    pub(super) kind: &'static str,
    /// The clause of the link rule that said yes; `blend` where the text has passages of several agencies' own items.
    pub(super) reason: &'static str,
    /// Jaccard similarity.
    pub(super) jaccard: f64,
    /// Share of this text found in the older one.
    pub(super) in_other: f64,
    /// Share of the older one found in this text.
    pub(super) of_other: f64,
}

impl Evidence {
    /// The evidence of a version that is in `set`.
    pub(super) fn of(
        state: &State,
        version: &cluster::Version,
        set: SetId,
    ) -> Result<Self, Problem> {
        let items = own_items(state, version, set)?;
        let links = version.verdicts.links.iter().map(|link| LinkEvidence {
            version: link.other.to_string(),
            kind: link.kind.as_str(),
            reason: link.reason.as_str(),
            jaccard: body::rounded(link.jaccard()),
            in_other: body::rounded(link.in_other()),
            of_other: body::rounded(link.of_other()),
        });
        let article = &version.article;
        Ok(Self {
            origin: body::Origin::found(
                article.origin.as_ref(),
                &article.text,
                decides(version, &items).as_ref(),
            ),
            shares: shares(version, &items),
            links: links.collect(),
            shingles: version.verdicts.shingles,
            hub: version.verdicts.hub,
        })
    }
}

/// Whose words two versions of a cluster have.
pub(super) fn shares_of(
    state: &State,
    version: &cluster::Version,
    set: SetId,
) -> Result<Option<Shares>, Problem> {
    Ok(shares(version, &own_items(state, version, set)?))
}

/// Agencies' own items that are tied to a version or in its cluster: the item itself and its agency. A version that is one needs none.
fn own_items(
    state: &State,
    version: &cluster::Version,
    set: SetId,
) -> Result<Vec<cluster::Version>, Problem> {
    if version.article.is_own_item() {
        return Ok(Vec::new());
    }
    let mut rows = Vec::new();
    for link in &version.verdicts.links {
        rows.extend(state.store.version(link.other)?);
    }
    rows.extend(state.store.later_items(version.id)?);
    let mut near: Vec<_> = state.store.members(set)?.into_iter().map(|row| row.version).collect();
    near.sort_by_key(|row| (row.id.0.abs_diff(version.id.0), row.id));
    rows.extend(near);
    let mut known = BTreeSet::from([version.id]);
    let mut items = Vec::new();
    for row in rows {
        let own = row.origin.as_ref().is_some_and(|claim| claim.basis == OriginBasis::OwnItem);
        if own && items.len() < ITEMS_MAX && known.insert(row.id) {
            items.push(version_of(state, &row)?);
        }
    }
    Ok(items)
}

/// How much of a version an item holds: as it was counted when the later of the two came, else by their words.
fn containment(version: &cluster::Version, item: &cluster::Version) -> Option<f64> {
    let to = |links: &[Link], other: VersionId| links.iter().copied().find(|l| l.other == other);
    if let Some(link) = to(&version.verdicts.links, item.id) {
        return Some(link.in_other());
    }
    if let Some(link) = to(&item.verdicts.links, version.id) {
        return Some(link.of_other());
    }
    let words = version.redacted.is_none() && item.redacted.is_none();
    words.then(|| {
        let overlap = cluster::Overlap::of(&compared(version), &compared(item));
        if overlap.size == 0 { 0.0 } else { f64::from(overlap.shared) / f64::from(overlap.size) }
    })
}

/// What a version that is shown is compared by. A page is shown without the furniture at its ends, and then the places of
/// furniture, which are those of the text as it was read, are not those of this one.
fn compared(version: &cluster::Version) -> cluster::Compared {
    let article = &version.article;
    let furniture = if version.extractor == 0 { &version.verdicts.furniture[..] } else { &[] };
    prepare(&article.title, &article.text, furniture).compared
}

/// The item that decides whose copy a version is.
fn decides(version: &cluster::Version, items: &[cluster::Version]) -> Option<body::OwnItem> {
    body::OwnItem::deciding(items.iter().filter_map(|item| {
        let agency = item.article.origin.as_ref()?.first_agency().to_owned();
        let containment = body::rounded(containment(version, item)?);
        Some((item.id, body::OwnItem { agency, version: item.id.to_string(), containment }))
    }))
}

fn shares(version: &cluster::Version, items: &[cluster::Version]) -> Option<Shares> {
    let told: Vec<&cluster::Version> =
        items.iter().filter(|item| item.redacted.is_none()).collect();
    if told.is_empty() || version.redacted.is_some() {
        return None;
    }
    let sets: Vec<(&str, Vec<u64>)> = told
        .iter()
        .filter_map(|item| {
            let agency = item.article.origin.as_ref()?.first_agency();
            Some((agency, compared(item).shingle_set()))
        })
        .collect();
    let located = text::Located::of(&version.article.text);
    let shares = text::shares(&located.words, &sets);
    Some(Shares::new(&version.article.text, &located, &shares))
}
