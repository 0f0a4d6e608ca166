//! A text and the agencies' own items near it to whose passages it holds, whichever came first.

use std::sync::Arc;

use super::Clusterer;
use super::compared::Compared;
use super::meeting::Overlap;
use super::near::link;
use super::types::{Link, LinkKind, Reason};
use crate::model::OriginBasis;
use crate::text;

/// Of a text one part in so many has to be an item's for its passages to be told: shares are told in tenths.
const PART_MIN: usize = 20;

impl Clusterer {
    /// The agency whose own item a version is.
    pub(super) fn own_item(&self, number: u32) -> Option<&str> {
        let claim = self.claims.get(&number)?;
        (claim.basis == OriginBasis::OwnItem).then(|| claim.first_agency())
    }

    /// Says of the best link that the text is a blend, where it has passages of two agencies or more, and names the items that
    /// it has passages of and no link to.
    pub(super) fn by_agencies(
        &self,
        text: &Compared,
        items: &[(u32, Arc<Compared>)],
        links: &mut Vec<Link>,
    ) {
        let mut names = items.iter().filter_map(|(number, _)| self.own_item(*number));
        let first = names.next();
        let one_agency = names.all(|name| Some(name) == first);
        if one_agency && items.iter().all(|(number, _)| self.is_linked(links, *number)) {
            return;
        }
        let sets: Vec<(&str, Vec<u64>)> = items
            .iter()
            .filter_map(|(number, item)| Some((self.own_item(*number)?, item.shingle_set())))
            .collect();
        if text::shares(&text.words, &sets).is_blend() {
            let best = links.iter_mut().find(|link| link.kind.glues());
            if let Some(link) = best.filter(|link| link.kind == LinkKind::Text) {
                link.reason = Reason::Blend;
            }
        }
        for ((number, item), set) in items.iter().zip(&sets) {
            if !self.is_linked(links, *number) && has_part(text, set) {
                links.push(self.passage(*number, &Overlap::of(text, item)));
            }
        }
    }

    /// Names the older texts that have passages of an agency's own item, which came after them, and no link to it.
    pub(super) fn in_texts(
        &self,
        item: &Compared,
        agency: &str,
        texts: &[(u32, Arc<Compared>)],
        links: &mut Vec<Link>,
    ) {
        if texts.is_empty() {
            return;
        }
        let set = (agency, item.shingle_set());
        for (number, text) in texts {
            if !self.is_linked(links, *number) && has_part(text, &set) {
                links.push(self.passage(*number, &Overlap::of(item, text)));
            }
        }
    }

    fn is_linked(&self, links: &[Link], number: u32) -> bool {
        let id = self.rows[number as usize].id;
        links.iter().any(|link| link.other == id)
    }

    fn passage(&self, number: u32, overlap: &Overlap) -> Link {
        link(self.rows[number as usize].id, LinkKind::Passage, Reason::Passage, overlap)
    }
}

/// True where so much of a text is an item's that it is told of.
fn has_part(text: &Compared, item: &(&str, Vec<u64>)) -> bool {
    let share = text::shares(&text.words, std::slice::from_ref(item));
    share.words > 0 && (share.words - share.own) * PART_MIN >= share.words
}
