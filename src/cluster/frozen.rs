//! The state of the fold to bytes and back, so that a start need not fold what it has folded before.
//!
//! ```text
//! frozen   format u8 │ kind u8 │ engine u16 │ digest of settings u64 │ body │ xxh3 u64 of all before it      little-endian
//! ```
//! Two parts, each sealed so. The *fold* is what [`Clusterer::apply`] and overrides make: a function of the records alone. What
//! the *short path* remembers is made by [`Clusterer::admit`]; bands and anchors are not kept, they are made again from what makes
//! versions findable. Law: what is thawed goes on as what was frozen. Bytes that are not these exactly are refused, and then the
//! records are folded: slower, never wrong.

mod bytes;
mod rows;

pub(in crate::cluster) use bytes::{In, Out};

use super::{Clusterer, ENGINE, Names, Params};
use crate::model::ArticleId;
use xxhash_rust::xxh3::xxh3_64;

/// Number of the layout. A change of a byte needs a new one, and this one stays readable: what a trimmed journal begins with holds it.
const FORMAT: u8 = 2;

/// Which part it is.
const FOLD: u8 = 1;
const SHORT_PATH: u8 = 2;

/// Bytes of format, part, engine and digest.
const HEAD_BYTES: usize = 2 + 2 + 8;

/// Bytes of the checksum at the end.
const SUM_BYTES: usize = 8;

/// Why bytes are no state to go on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unthawed {
    /// Other rules, other settings, or another layout made them.
    #[error("it was made by other rules, settings or another build")]
    Foreign,
    /// They are not what was frozen.
    #[error("it is damaged")]
    Damaged,
}

impl Clusterer {
    /// The fold as bytes: the same bytes after the same records, whatever was made findable.
    pub fn freeze(&self) -> Vec<u8> {
        let mut out = begin(FOLD, &self.params);
        for names in [&self.sources, &self.languages] {
            out.count(names.names.len());
            names.names.iter().for_each(|name| out.text(name));
        }
        self.freeze_rows(&mut out);
        self.freeze_named(&mut out);
        self.freeze_claims(&mut out);
        self.sets.freeze(&mut out, &self.rows);
        self.freeze_evidence(&mut out);
        out.count(self.orphans.len());
        for (id, &number) in &self.orphans {
            out.uint(id.0);
            out.number(number);
        }
        out.count(self.overrides.len());
        self.overrides.iter().for_each(|word| word.freeze(&mut out));
        seal(out)
    }

    /// What the short path remembers, as bytes.
    pub fn freeze_short_path(&self) -> Vec<u8> {
        let mut out = begin(SHORT_PATH, &self.params);
        self.shorts.freeze(&mut out);
        seal(out)
    }

    /// The fold that was frozen, with nothing findable yet: the live versions have to be admitted.
    pub fn thaw(fold: &[u8], params: Params) -> Result<Self, Unthawed> {
        let mut read = open(fold, FOLD, &params)?;
        let mut thawed = Self::new(params);
        let done = thawed.thaw_fold(&mut read).is_some() && read.0.is_empty();
        done.then_some(thawed).ok_or(Unthawed::Damaged)
    }

    /// The same, where it was frozen under the settings `made_with`, by whatever rules, and goes on under `params`. Where these
    /// compare with more or fewer versions, it is not known any more which blocks were shown.
    pub fn thaw_for(fold: &[u8], made_with: Params, params: Params) -> Result<Self, Unthawed> {
        let body = sealed(fold)?;
        let (head, body) = body.split_at_checked(HEAD_BYTES).ok_or(Unthawed::Damaged)?;
        let ours = begin(FOLD, &made_with).0;
        // Rules judge; the state is the same by whichever rules verdicts were found.
        if head[..2] != ours[..2] || head[4..] != ours[4..] {
            return Err(Unthawed::Foreign);
        }
        let (mut read, mut thawed) = (In(body), Self::new(made_with));
        let done = thawed.thaw_fold(&mut read).is_some() && read.0.is_empty();
        if !done {
            return Err(Unthawed::Damaged);
        }
        if made_with.live_max != params.live_max {
            let Self { index, blocks, .. } = Self::new(params);
            (thawed.index, thawed.blocks) = (index, blocks);
        }
        thawed.params = params;
        Ok(thawed)
    }

    fn thaw_fold(&mut self, read: &mut In<'_>) -> Option<()> {
        self.sources = names(read)?;
        self.languages = names(read)?;
        self.thaw_rows(read)?;
        self.find_idle();
        self.thaw_named(read)?;
        self.thaw_claims(read)?;
        self.thaw_sets(read)?;
        self.thaw_evidence(read)?;
        let (versions, articles) = (self.rows.len(), self.articles.len());
        for _ in 0..read.count()? {
            let (id, number) = (ArticleId(read.uint()?), read.below(articles)?);
            self.articles[number as usize].id = id;
            self.orphans.insert(id, number);
        }
        self.overrides = (0..read.count()?)
            .map(|_| super::InForce::thaw(read, versions, articles))
            .collect::<Option<_>>()?;
        Some(())
    }

    /// Remembers for the short path what was remembered when `bytes` were frozen, and nothing else. Versions that came after that
    /// have to be admitted.
    pub fn thaw_short_path(&mut self, bytes: &[u8]) -> Result<(), Unthawed> {
        let mut read = open(bytes, SHORT_PATH, &self.params)?;
        let thawed = super::Shorts::thaw(&mut read, &self.rows).filter(|_| read.0.is_empty());
        self.shorts = thawed.ok_or(Unthawed::Damaged)?;
        Ok(())
    }
}

fn names(read: &mut In<'_>) -> Option<Names> {
    let mut names = Names::default();
    for number in 0..read.count()? {
        // A name that is there twice would shift the numbers of those behind it.
        (names.number(read.text()?) as usize == number).then_some(())?;
    }
    Some(names)
}

fn begin(part: u8, params: &Params) -> Out {
    let mut out = Out(vec![FORMAT, part]);
    out.0.extend_from_slice(&ENGINE.to_le_bytes());
    out.word(params.digest());
    out
}

fn seal(out: Out) -> Vec<u8> {
    let mut bytes = out.0;
    let sum = xxh3_64(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

/// What stands before a checksum that fits it.
fn sealed(bytes: &[u8]) -> Result<&[u8], Unthawed> {
    let (all, sum) = bytes.split_last_chunk::<SUM_BYTES>().ok_or(Unthawed::Damaged)?;
    let whole = u64::from_le_bytes(*sum) == xxh3_64(all);
    whole.then_some(all).ok_or(Unthawed::Damaged)
}

/// The body of a sealed part of this format and these settings.
fn open<'a>(bytes: &'a [u8], part: u8, params: &Params) -> Result<In<'a>, Unthawed> {
    let all = sealed(bytes)?;
    let body = all.strip_prefix(begin(part, params).0.as_slice()).ok_or(Unthawed::Foreign)?;
    Ok(In(body))
}

#[cfg(test)]
pub(in crate::cluster) mod tests;
