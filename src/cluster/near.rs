//! A text to the live versions it is near, each verified by the texts of both.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Clusterer;
use super::compared::Compared;
use super::link::{Between, Refusal, rule};
use super::meeting::{Overlap, Probe};
use super::prepared::Prepared;
use super::types::{Link, LinkKind, Reason, SetId};
use crate::model::{SourceId, Timestamp, VersionId};

/// Lends what a live version is compared by; `None` where its text is gone (then nothing is tied to it).
pub type Texts<'a> = dyn FnMut(VersionId) -> Option<Arc<Compared>> + 'a;

/// Agencies' own items that a text's passages are sought in, and texts in which an own item's are.
const ITEMS_MAX: usize = 16;

/// A candidate that was verified.
pub(super) struct Found {
    pub(super) number: u32,
    pub(super) compared: Arc<Compared>,
    pub(super) link: Link,
}

/// What a text is near, and what it is not.
#[derive(Default)]
pub(super) struct Near {
    pub(super) found: Vec<Found>,
    pub(super) refused: Vec<(VersionId, Refusal)>,
    /// Agencies' own items among the candidates, those with most hits first.
    pub(super) items: Vec<(u32, Arc<Compared>)>,
    /// Other texts that are no versions of it, likewise.
    pub(super) strangers: Vec<(u32, Arc<Compared>)>,
}

impl Near {
    /// The sets it is near.
    pub(super) fn sets(&self, clusterer: &Clusterer) -> BTreeSet<SetId> {
        self.found.iter().map(|found| clusterer.rows[found.number as usize].set).collect()
    }
}

impl Clusterer {
    /// The live versions near the text, each verified. A `bare` text is furniture of its source and little else.
    pub(super) fn near(
        &self,
        prepared: &Prepared,
        source: &SourceId,
        seen_at: Timestamp,
        bare: bool,
        texts: &mut Texts<'_>,
    ) -> Near {
        let mut near = Near::default();
        if !prepared.compared.has_body() {
            return near;
        }
        let source = self.sources.find(source.as_str());
        let set_of = |number: u32| self.rows[number as usize].set.0;
        let mut candidates = self.index.candidates(prepared, self.oldest_live(), set_of);
        candidates.retain(|&number| {
            let row = &self.rows[number as usize];
            let outside = row.seen_at.distance_millis(seen_at) > self.params.window_millis;
            if outside {
                near.refused.push((row.id, Refusal::OutsideWindow));
            }
            !outside && !row.hub
        });
        if candidates.is_empty() {
            return near;
        }
        let mut probe = Probe::new(&prepared.compared);
        for number in candidates {
            let row = &self.rows[number as usize];
            let Some(compared) = texts(row.id) else { continue };
            if near.items.len() < ITEMS_MAX && self.own_item(number).is_some() {
                near.items.push((number, Arc::clone(&compared)));
            }
            let overlap = probe.overlap(&compared);
            let between = Between {
                apart_millis: row.seen_at.distance_millis(seen_at),
                same_source: Some(row.source) == source,
            };
            match rule(&overlap, between) {
                Ok(_) if bare && !is_same_page(&overlap) => {
                    near.refused.push((row.id, Refusal::Furniture));
                }
                Ok(reason) => {
                    let mut link = link(row.id, LinkKind::Text, reason, &overlap);
                    if between.same_source {
                        link.rests_on = probe.rests_on(&compared, overlap.shared).unwrap_or(0);
                    }
                    near.found.push(Found { number, compared, link });
                }
                Err(refusal) => {
                    near.refused.push((row.id, refusal));
                    if near.strangers.len() < ITEMS_MAX && self.own_item(number).is_none() {
                        near.strangers.push((number, compared));
                    }
                }
            }
        }
        near
    }
}

/// Two texts that are furniture and little else are versions where they are alike as a whole and so are their headlines.
fn is_same_page(overlap: &Overlap) -> bool {
    overlap.jaccard_at_least(70) && overlap.title_found >= 2
}

pub(super) fn link(other: VersionId, kind: LinkKind, reason: Reason, overlap: &Overlap) -> Link {
    let Overlap { size, other_size, shared, .. } = *overlap;
    Link { other, kind, reason, shared, size, other_size, rests_on: 0 }
}
