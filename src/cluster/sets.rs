//! Versions to sets: union by size, and a summary of each set kept up to date.

use std::collections::{BTreeMap, BTreeSet};

use super::frozen::{In, Out};
use super::types::{Relation, SetId, Summary};
use super::{ArticleRow, Row};
use crate::model::{ClusterId, OriginBasis, OriginClaim, SourceId, Timestamp};

/// One set: its members and what its summary is made of.
#[derive(Clone, Debug, Default)]
struct Set {
    /// Positions of its versions, ascending.
    members: Vec<u32>,
    /// Articles of each source, by the source's number.
    sources: BTreeMap<u32, u32>,
    /// Versions in each language, by the language's number.
    languages: BTreeMap<u16, u32>,
    /// The version that makes the best claim of origin.
    origin: Option<u32>,
    first_published: Option<Timestamp>,
    lead: u32,
    last_changed: Timestamp,
}

/// All sets, by number; a merged one is gone.
#[derive(Clone, Debug, Default)]
pub(super) struct Sets {
    sets: Vec<Option<Box<Set>>>,
    live: usize,
}

/// What of the fold a set looks at: rows by position, articles by number, claims of origin by position.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) rows: &'a [Row],
    pub(super) articles: &'a [ArticleRow],
    pub(super) claims: &'a BTreeMap<u32, OriginClaim>,
}

impl Seen<'_> {
    /// True where an older version of the article of `number` lies in `set`.
    fn has_older(self, number: u32, set: SetId) -> bool {
        let article = &self.articles[self.rows[number as usize].article as usize];
        article.versions.iter().any(|&other| other < number && self.rows[other as usize].set == set)
    }

    /// True where `number` may speak for a set whose first member is `first`: a state of the text by the desk that had it
    /// first, be it the same article or an update filed as another.
    fn may_lead(self, first: u32, number: u32) -> bool {
        let (first, row) = (&self.rows[first as usize], &self.rows[number as usize]);
        let newer_text = matches!(
            row.relation,
            Relation::Origin | Relation::Update | Relation::Correction | Relation::Contains
        );
        row.source == first.source && newer_text
    }

    fn is_reextracted(self, number: u32) -> bool {
        self.rows[number as usize].relation == Relation::Reextracted
    }

    /// True where `number` is another reading of `lead`.
    fn rereads(self, number: u32, lead: u32) -> bool {
        let parent = self.rows[number as usize].parent;
        self.is_reextracted(number)
            && parent.is_some_and(|link| link.other == self.rows[lead as usize].id)
    }

    /// Of two claims the better one: an agency's own item before a claimed credit, a quote last; then the older version's.
    fn better(self, a: Option<u32>, b: Option<u32>) -> Option<u32> {
        let rank = |number: u32| {
            let basis = match self.claims.get(&number).map(|claim| claim.basis) {
                Some(OriginBasis::OwnItem) => 0,
                Some(OriginBasis::Quote) => 2,
                Some(_) => 1,
                None => 3,
            };
            (basis, number)
        };
        a.into_iter().chain(b).min_by_key(|&number| rank(number))
    }
}

impl Sets {
    /// Number of sets with members.
    pub(super) const fn live(&self) -> usize {
        self.live
    }

    /// A new set of one version.
    pub(super) fn found(&mut self) -> SetId {
        let id = SetId(self.sets.len() as u32);
        self.sets.push(Some(Box::default()));
        self.live += 1;
        id
    }

    /// The sets, but for their members, which the rows tell.
    pub(super) fn freeze(&self, out: &mut Out, rows: &[Row]) {
        out.count(self.sets.len());
        for set in &self.sets {
            out.byte(u8::from(set.is_some()));
            let Some(set) = set else { continue };
            freeze_counts(out, set.sources.iter().map(|(&number, &count)| (number, count)));
            let languages = set.languages.iter();
            freeze_counts(out, languages.map(|(&number, &count)| (u32::from(number), count)));
            out.number(set.origin.map_or(0, |number| number + 1));
            out.int(i64::from(set.lead) - i64::from(set.members[0]));
            let seen_at = rows[set.lead as usize].seen_at;
            out.time(set.last_changed, seen_at);
            out.maybe_time(set.first_published, seen_at);
        }
    }

    pub(super) fn thaw(
        read: &mut In<'_>,
        rows: &[Row],
        sources: usize,
        languages: usize,
    ) -> Option<Self> {
        let mut members: Vec<Vec<u32>> = vec![Vec::new(); read.count()?];
        for (number, row) in (0_u32..).zip(rows).filter(|(_, row)| !row.is_ghost()) {
            members.get_mut(row.set.0 as usize)?.push(number);
        }
        let sets = members.into_iter().map(|members| {
            if read.byte()? == 0 {
                return members.is_empty().then_some(None);
            }
            let first = *members.first()?;
            let mut set = Set { members, ..Set::default() };
            set.sources = counts(read, sources)?;
            let spoken = counts(read, languages)?;
            set.languages =
                spoken.into_iter().map(|(number, count)| (number as u16, count)).collect();
            set.origin = read.below(rows.len() + 1)?.checked_sub(1);
            set.lead = u32::try_from(i64::from(first).checked_add(read.int()?)?).ok()?;
            let seen_at = rows.get(set.lead as usize)?.seen_at;
            set.last_changed = read.time(seen_at)?;
            set.first_published = read.maybe_time(seen_at)?;
            Some(Some(Box::new(set)))
        });
        let sets = sets.collect::<Option<Vec<_>>>()?;
        let live = sets.iter().flatten().count();
        Some(Self { sets, live })
    }

    /// The sets with members, ascending.
    pub(super) fn ids(&self) -> impl Iterator<Item = SetId> {
        let numbered = (0..).zip(&self.sets);
        numbered.filter(|(_, set)| set.is_some()).map(|(number, _)| SetId(number))
    }

    /// Has these sets cease to be.
    pub(super) fn forget(&mut self, gone: &BTreeSet<SetId>) {
        for set in gone {
            self.live -= usize::from(self.sets[set.0 as usize].take().is_some());
        }
    }

    /// Versions are elsewhere now, in the same order.
    pub(super) fn move_members(&mut self, new: &impl Fn(u32) -> u32) {
        for set in self.sets.iter_mut().flatten() {
            set.members.iter_mut().for_each(|number| *number = new(*number));
            set.lead = new(set.lead);
            set.origin = set.origin.map(new);
        }
    }

    fn get(&self, id: SetId) -> &Set {
        self.sets[id.0 as usize]
            .as_deref()
            .expect("rows name living sets only: a merge rewrites them")
    }

    fn get_mut(&mut self, id: SetId) -> &mut Set {
        self.sets[id.0 as usize]
            .as_deref_mut()
            .expect("rows name living sets only: a merge rewrites them")
    }

    /// True where the set has not been merged into another.
    pub(super) fn lives(&self, id: SetId) -> bool {
        self.sets.get(id.0 as usize).is_some_and(Option::is_some)
    }

    /// Positions of the set's versions, ascending.
    pub(super) fn members(&self, id: SetId) -> &[u32] {
        &self.get(id).members
    }

    /// Makes a set of `members` (ascending) again from nothing. Their rows name it already.
    pub(super) fn remake(&mut self, id: SetId, members: &[u32], seen: Seen<'_>) {
        *self.get_mut(id) = Set::default();
        for &number in members {
            self.join(id, number, seen);
        }
    }

    /// Puts a version newer than all in `id` into it. Its row names the set already.
    pub(super) fn join(&mut self, id: SetId, number: u32, seen: Seen<'_>) {
        let row = &seen.rows[number as usize];
        let known = seen.has_older(number, id);
        let set = self.get_mut(id);
        set.members.push(number);
        *set.sources.entry(row.source).or_default() += u32::from(!known);
        if let Some(language) = row.language {
            *set.languages.entry(language).or_default() += 1;
        }
        set.first_published = earlier(set.first_published, row.published);
        let claim = seen.claims.contains_key(&number).then_some(number);
        set.origin = seen.better(set.origin, claim);
        if set.members[0] == number || seen.may_lead(set.members[0], number) {
            set.lead = number;
            set.last_changed = row.seen_at;
        } else if seen.rereads(number, set.lead) {
            // The same state of the text: nothing has changed.
            set.lead = number;
        }
    }

    /// The two sets by size, the one to keep first; of equals the one with the older member stays.
    pub(super) fn larger_first(&self, a: SetId, b: SetId) -> (SetId, SetId) {
        let size =
            |id: SetId| (self.get(id).members.len(), std::cmp::Reverse(self.get(id).members[0]));
        if size(a) >= size(b) { (a, b) } else { (b, a) }
    }

    /// Takes the members of `gone` into `kept`. The rows still name their old sets; the caller rewrites them and then calls
    /// [`Sets::settle`]. Returns the positions that moved, ascending.
    pub(super) fn merge(&mut self, kept: SetId, gone: SetId, seen: Seen<'_>) -> Vec<u32> {
        let gone = self.sets[gone.0 as usize]
            .take()
            .expect("rows name living sets only: a merge rewrites them");
        self.live -= 1;
        let set = self.get_mut(kept);
        for (language, count) in gone.languages {
            *set.languages.entry(language).or_default() += count;
        }
        for (source, count) in gone.sources {
            *set.sources.entry(source).or_default() += count;
        }
        set.first_published = earlier(set.first_published, gone.first_published);
        set.origin = seen.better(set.origin, gone.origin);
        if gone.members[0] < set.members[0] {
            set.last_changed = gone.last_changed;
        }
        set.members.extend_from_slice(&gone.members);
        set.members.sort_unstable();
        gone.members
    }

    /// After a merge and the rewriting of rows: counts articles that were in both sets once, and finds the lead.
    pub(super) fn settle(&mut self, id: SetId, moved: &[u32], seen: Seen<'_>) {
        let set = self.get_mut(id);
        let mut articles: Vec<u32> =
            moved.iter().map(|&number| seen.rows[number as usize].article).collect();
        articles.sort_unstable();
        articles.dedup();
        for article in articles {
            let versions = &seen.articles[article as usize].versions;
            let here = |number: &&u32| seen.rows[**number as usize].set == id;
            let stayed =
                versions.iter().filter(here).any(|number| moved.binary_search(number).is_err());
            let source = versions.first().map(|&number| seen.rows[number as usize].source);
            if let (true, Some(source)) = (stayed, source) {
                set.sources.entry(source).and_modify(|count| *count -= 1);
            }
        }
        let first = set.members[0];
        let newest = set.members.iter().rev().find(|&&number| seen.may_lead(first, number));
        set.lead = newest.copied().unwrap_or(first);
        for &number in &set.members {
            if seen.rereads(number, set.lead) {
                set.lead = number;
            }
        }
    }

    /// Public id of a set: its oldest version's.
    pub(super) fn cluster(&self, id: SetId, rows: &[Row]) -> ClusterId {
        ClusterId(rows[self.get(id).members[0] as usize].id.0)
    }

    /// The row of a set as it stands.
    pub(super) fn summary(
        &self,
        id: SetId,
        rows: &[Row],
        names: &[String],
        languages: &[String],
        claims: &BTreeMap<u32, OriginClaim>,
    ) -> Summary {
        let set = self.get(id);
        let first = &rows[set.members[0] as usize];
        let articles: u32 = set.sources.values().sum();
        let own = set.sources.get(&first.source).copied().unwrap_or(0);
        let mut sources: Vec<SourceId> =
            set.sources.keys().map(|&source| SourceId(names[source as usize].clone())).collect();
        sources.sort();
        let mut spoken: Vec<String> = set
            .languages
            .keys()
            .map(|&language| languages[usize::from(language)].clone())
            .collect();
        spoken.sort();
        let members = set.members.iter().rev().map(|&number| &rows[number as usize]);
        let mut news = members.filter(|row| row.relation != Relation::Reextracted);
        let newest = news.next().unwrap_or(first);
        Summary {
            cluster: ClusterId(first.id.0),
            lead: rows[set.lead as usize].id,
            articles,
            versions: set.members.len() as u32,
            sources,
            copies: articles - own,
            first_seen: first.seen_at,
            first_published: set.first_published,
            last_changed: set.last_changed,
            last_activity: newest.seen_at,
            languages: spoken,
            origin: set.origin.and_then(|number| claims.get(&number)).cloned(),
        }
    }
}

fn freeze_counts(out: &mut Out, counts: impl ExactSizeIterator<Item = (u32, u32)>) {
    out.count(counts.len());
    for (number, count) in counts {
        out.number(number);
        out.number(count);
    }
}

/// Counts by numbers below `bound`.
fn counts(read: &mut In<'_>, bound: usize) -> Option<BTreeMap<u32, u32>> {
    (0..read.count()?).map(|_| Some((read.below(bound)?, read.number()?))).collect()
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
