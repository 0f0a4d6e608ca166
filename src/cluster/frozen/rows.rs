//! Rows, articles, links, names, claims and the evidence of blocks to bytes and back. What follows from other bytes is left out.

use std::collections::BTreeMap;

use super::{In, Out};
use crate::cluster::types::{Link, SetId};
use crate::cluster::{ArticleRow, Clusterer, Row, code};
use crate::model::{ArticleId, OriginClaim, Timestamp, VersionId};

/// Bits of the byte that holds a relation in its lower half.
const HUB: u8 = 1 << 4;
const CORRECTS: u8 = 1 << 5;
const SPEAKS: u8 = 1 << 6;
const STRAYED: u8 = 1 << 7;

/// Bit of the byte of a link's kind: it rests on a block.
const RESTS: u8 = 1 << 7;

/// How a parent is told: not at all, in full, or as a link of the version, counted from here.
const NO_PARENT: u64 = 0;
const OWN_PARENT: u64 = 1;
const FIRST_LINK: u64 = 2;

impl Clusterer {
    pub(super) fn freeze_rows(&self, out: &mut Out) {
        out.uint(self.dropped);
        out.count(self.rows.len());
        out.count(self.articles.len());
        self.articles.iter().for_each(|article| out.byte(code::of_page_kind(article.kind)));
        let (mut id, mut at) = (0, Timestamp::EPOCH);
        let mut places: Vec<usize> = vec![0; self.articles.len()];
        for (number, row) in (0_u32..).zip(&self.rows) {
            out.uint(row.id.0 - id);
            out.time(row.seen_at, at);
            (id, at) = (row.id.0, row.seen_at);
            if row.is_ghost() {
                out.number(0);
                freeze_ghost(row, out);
                continue;
            }
            out.number(row.article + 1);
            let place = &mut places[row.article as usize];
            out.word(self.articles[row.article as usize].contents[*place]);
            *place += 1;
            freeze_row(row, out);
            let links = self.graph.of(number);
            out.count(links.len());
            for (older, link) in links {
                out.int(i64::from(number) - i64::from(*older));
                freeze_link(link, out);
            }
            let Some(parent) = row.parent else {
                out.uint(NO_PARENT);
                continue;
            };
            if let Some(at) = links.iter().position(|(_, link)| *link == parent) {
                out.uint(FIRST_LINK + at as u64);
            } else {
                out.uint(OWN_PARENT);
                out.uint(parent.other.0);
                freeze_link(&parent, out);
            }
        }
        let out_of_turn: Vec<_> = self.graph.out_of_turn().collect();
        out.count(out_of_turn.len());
        for (older, newer) in out_of_turn {
            out.number(older);
            out.numbers(newer.iter().copied());
        }
    }

    pub(super) fn thaw_rows(&mut self, read: &mut In<'_>) -> Option<()> {
        self.dropped = read.uint()?;
        let (versions, articles) = (read.count()?, read.count()?);
        self.rows.reserve_exact(versions);
        self.articles.reserve_exact(articles);
        for _ in 0..articles {
            let kind = code::page_kind(read.byte()?)?;
            let (id, versions, contents) = (ArticleId(0), Vec::new(), Vec::new());
            self.articles.push(ArticleRow { id, versions, contents, kind });
        }
        let (mut id, mut at, mut known) = (0_u64, Timestamp::EPOCH, 0);
        let mut links: Vec<(u32, Vec<(u32, Link)>)> = Vec::new();
        for number in (0_u32..).take(versions) {
            id = id.checked_add(read.uint()?.max(1))?;
            at = read.time(at)?;
            let Some(article) = read.below(articles + 1)?.checked_sub(1) else {
                let ghost = thaw_ghost(read, VersionId(id), at)?;
                self.rows.push(ghost);
                continue;
            };
            let row = &mut self.articles[article as usize];
            // Articles are numbered in the order of their first versions, and named by them, but for those that lost theirs.
            if row.versions.is_empty() {
                (article == known).then_some(())?;
                row.id = ArticleId(id);
                known += 1;
            }
            row.versions.push(number);
            row.contents.push(read.word()?);
            let mut row = self.thaw_row(read, VersionId(id), article, at)?;
            let of_row: Vec<(u32, Link)> = (0..read.count()?)
                .map(|_| {
                    let older = u32::try_from(i64::from(number).checked_sub(read.int()?)?).ok()?;
                    let other = self.rows.get(older as usize)?.id;
                    Some((older, thaw_link(read, other)?))
                })
                .collect::<Option<_>>()?;
            row.parent = match read.uint()? {
                NO_PARENT => None,
                OWN_PARENT => {
                    let other = VersionId(read.uint()?);
                    Some(thaw_link(read, other)?)
                }
                place => Some(of_row.get((place - FIRST_LINK) as usize)?.1),
            };
            if !of_row.is_empty() {
                links.push((number, of_row));
            }
            self.rows.push(row);
        }
        (known as usize == articles).then_some(())?;
        self.graph = crate::cluster::Graph::of_links(links);
        for _ in 0..read.count()? {
            let older = read.below(versions)?;
            let newer = read.numbers(versions)?;
            self.graph.set_later(older, newer);
        }
        Some(())
    }

    fn thaw_row(
        &self,
        read: &mut In<'_>,
        id: VersionId,
        article: u32,
        seen_at: Timestamp,
    ) -> Option<Row> {
        let flags = read.byte()?;
        let relation = code::relation(flags & 0x0F)?;
        let source = read.below(self.sources.names.len())?;
        let set = SetId(read.number()?);
        let published = read.maybe_time(seen_at)?;
        let speaks = flags & SPEAKS != 0;
        let language =
            if speaks { Some(read.below(self.languages.names.len())? as u16) } else { None };
        let headline = read.word()?;
        let strayed = if flags & STRAYED != 0 { read.word()? } else { 0 };
        Some(Row {
            id,
            article,
            source,
            set,
            seen_at,
            published,
            relation,
            parent: None,
            hub: flags & HUB != 0,
            corrects: flags & CORRECTS != 0,
            language,
            headline,
            strayed,
        })
    }

    /// By key, so that the order of the map does not show.
    pub(super) fn freeze_named(&self, out: &mut Out) {
        let mut named: Vec<(u64, u32)> =
            self.named.iter().map(|(&key, &article)| (key, article)).collect();
        named.sort_unstable();
        out.count(named.len());
        for (key, article) in named {
            out.word(key);
            out.number(article);
        }
    }

    pub(super) fn thaw_named(&mut self, read: &mut In<'_>) -> Option<()> {
        let count = read.count()?;
        self.named.reserve(count);
        for _ in 0..count {
            let (key, article) = (read.word()?, read.below(self.articles.len())?);
            self.named.insert(key, article);
        }
        (self.named.len() == count).then_some(())
    }

    pub(super) fn freeze_claims(&self, out: &mut Out) {
        out.count(self.claims.len());
        for (&number, claim) in &self.claims {
            out.number(number);
            out.text(&claim.agency);
            out.byte(code::of_basis(claim.basis));
            out.text(&claim.evidence);
        }
    }

    pub(super) fn thaw_claims(&mut self, read: &mut In<'_>) -> Option<()> {
        let claims = (0..read.count()?).map(|_| {
            let number = read.below(self.rows.len())?;
            let agency = read.text()?.to_owned();
            let basis = code::basis(read.byte()?)?;
            Some((number, OriginClaim { agency, basis, evidence: read.text()?.to_owned() }))
        });
        self.claims = claims.collect::<Option<BTreeMap<_, _>>>()?;
        Some(())
    }

    pub(super) fn thaw_sets(&mut self, read: &mut In<'_>) -> Option<()> {
        self.sets = crate::cluster::Sets::thaw(
            read,
            &self.rows,
            self.sources.names.len(),
            self.languages.names.len(),
        )?;
        Some(())
    }

    /// Which source has shown which block, and which links rest on one.
    pub(super) fn freeze_evidence(&self, out: &mut Out) {
        out.count(self.blocks.lines().count());
        for (place, line) in self.blocks.lines() {
            out.count(place);
            for word in line {
                out.word(word);
            }
        }
        out.count(self.resting.len());
        for (&block, links) in &self.resting {
            out.word(block);
            out.numbers(links.iter().map(|link| link.0));
            out.numbers(links.iter().map(|link| link.1));
        }
    }

    pub(super) fn thaw_evidence(&mut self, read: &mut In<'_>) -> Option<()> {
        for _ in 0..read.count()? {
            let place = usize::try_from(read.uint()?).ok()?;
            let mut line = [0; _];
            for word in &mut line {
                *word = read.word()?;
            }
            self.blocks.set_line(place, line).then_some(())?;
        }
        let versions = self.rows.len();
        let resting = (0..read.count()?).map(|_| {
            let block = read.word()?;
            let (newer, older) = (read.numbers(versions)?, read.numbers(versions)?);
            let links = newer.len() == older.len();
            links.then(|| (block, newer.into_iter().zip(older).collect()))
        });
        self.resting = resting.collect::<Option<BTreeMap<_, _>>>()?;
        Some(())
    }
}

/// What is left of a version that is gone: that it showed a block.
fn freeze_ghost(row: &Row, out: &mut Out) {
    out.number(row.set.0);
    out.word(row.headline);
    out.word(row.strayed);
}

fn thaw_ghost(read: &mut In<'_>, id: VersionId, seen_at: Timestamp) -> Option<Row> {
    let set = SetId(read.number()?);
    let (headline, strayed) = (read.word()?, read.word()?);
    Some(Row::ghost(id, seen_at, set, headline, strayed))
}

fn freeze_row(row: &Row, out: &mut Out) {
    let flag = |yes: bool, bit: u8| if yes { bit } else { 0 };
    out.byte(
        code::of_relation(row.relation)
            | flag(row.hub, HUB)
            | flag(row.corrects, CORRECTS)
            | flag(row.language.is_some(), SPEAKS)
            | flag(row.strayed != 0, STRAYED),
    );
    out.number(row.source);
    out.number(row.set.0);
    out.maybe_time(row.published, row.seen_at);
    if let Some(language) = row.language {
        out.number(u32::from(language));
    }
    out.word(row.headline);
    if row.strayed != 0 {
        out.word(row.strayed);
    }
}

/// All of a link but its other end.
fn freeze_link(link: &Link, out: &mut Out) {
    out.byte(code::of_link_kind(link.kind) | if link.rests_on == 0 { 0 } else { RESTS });
    out.byte(code::of_reason(link.reason));
    for count in [link.shared, link.size, link.other_size] {
        out.number(count);
    }
    if link.rests_on != 0 {
        out.word(link.rests_on);
    }
}

fn thaw_link(read: &mut In<'_>, other: VersionId) -> Option<Link> {
    let kind = read.byte()?;
    let reason = code::reason(read.byte()?)?;
    let (shared, size, other_size) = (read.number()?, read.number()?, read.number()?);
    let rests_on = if kind & RESTS == 0 { 0 } else { read.word()? };
    let kind = code::link_kind(kind & !RESTS)?;
    Some(Link { other, kind, reason, shared, size, other_size, rests_on })
}
