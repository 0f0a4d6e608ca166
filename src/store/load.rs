//! A whole journal to the rows it comes to: made in memory, where the last word on a row wins, and poured into blocks in the order
//! of keys.
//!
//! For a store that nobody reads before it is done, and that is thrown away where it is not.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, PoisonError};

use super::apply::{EVENT_SEQS_KEPT, enter_all};
use super::draft::{Draft, write_sets};
use super::meta::Meta;
use super::names::Names;
use super::sheet::Sheet;
use super::types::Applied;
use super::{Store, StoreError, keys};
use crate::cluster::{SetId, Summary};
use crate::journal::Record;
use crate::model::Seq;

/// Bytes of keys, rows and what finds them that are held in memory before they are written.
const HELD_BYTES: usize = 64 << 20;

/// Names that are put in order and poured at once.
const NAMES_POURED: usize = 1 << 16;

/// What a set takes whose row is not made yet, with the row.
const SET_BYTES: usize = 1 << 10;

/// Rows being made. [`Load::finish`] makes the store whole; without it there is nothing that can be used.
#[derive(Debug)]
pub struct Load {
    store: Store,
    rows: Sheet,
    /// The last word on sets whose rows are not made yet.
    sets: BTreeMap<SetId, Arc<Summary>>,
    names: Names,
    /// Names are written already, so that not all that wait are new.
    has_names: bool,
    meta: Meta,
    /// The tree holds rows of records up to this one.
    written: Seq,
    /// Events up to this record will be too old to be kept.
    untold: Seq,
    held_max: usize,
}

impl Store {
    /// Begins to make all rows of a journal whose last record is `last`.
    pub fn load(&self, last: Seq) -> Load {
        self.load_in_parts(last, HELD_BYTES)
    }

    /// As [`Store::load`], but with at most `held_max` bytes in memory.
    pub fn load_in_parts(&self, last: Seq, held_max: usize) -> Load {
        let meta = self.meta();
        Load {
            store: self.clone(),
            rows: Sheet::default(),
            sets: BTreeMap::new(),
            names: Names::default(),
            has_names: meta.applied_seq > 0,
            meta,
            written: Seq(meta.applied_seq),
            untold: Seq(last.0.saturating_sub(EVENT_SEQS_KEPT)),
            held_max,
        }
    }
}

impl Load {
    /// Takes what a run of entries changed, as [`Store::apply`] does.
    pub fn take(&mut self, batch: &[Applied<'_>]) -> Result<(), StoreError> {
        if batch.iter().any(|applied| matches!(applied.entry.record, Record::Trim(_))) {
            // What goes is looked for among what is written.
            self.write_all()?;
            let store = self.store.clone();
            store.with("make rows", |packed| store.forget_before(packed, batch))?;
            self.meta = store.meta();
        }
        let untold = self.untold;
        self.draft(|draft| enter_all(draft, batch, untold).map(|_| ()))?;
        let held = self.rows.bytes() + self.sets.len() * SET_BYTES;
        match self.held_max {
            most if self.names.bytes() > most => self.write_all(),
            most if held > most => self.write(),
            _ => Ok(()),
        }
    }

    /// Writes what is left; gives the record up to which the rows are.
    pub fn finish(mut self) -> Result<Seq, StoreError> {
        let old = keys::events(Seq(0))..keys::events(Seq(self.untold.0 + 1));
        self.draft(|draft| draft.remove_all(old))?;
        self.write_all()?;
        // Has sled divide the pages that grew too large, so that no later read has to write.
        self.store.with("read all keys", |packed| {
            let mut keys = packed.bare().iter().keys();
            keys.try_for_each(|key| key.map(|_| ()).map_err(StoreError::from))
        })?;
        Ok(self.written)
    }

    fn draft(
        &mut self,
        work: impl FnOnce(&mut Draft<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.store.clone().with("make rows", |packed| {
            let mut draft = Draft::over(packed, self.meta);
            (draft.rows, draft.sets) = (mem::take(&mut self.rows), mem::take(&mut self.sets));
            (draft.names, draft.written) = (Some(mem::take(&mut self.names)), self.written);
            work(&mut draft)?;
            (self.meta, self.rows, self.sets) = (draft.meta, draft.rows, draft.sets);
            self.names = draft.names.unwrap_or_default();
            Ok(())
        })
    }

    fn write(&mut self) -> Result<(), StoreError> {
        self.draft(write_sets)?;
        let rows = mem::take(&mut self.rows);
        self.pour(&rows)
    }

    /// Writes rows, and the names that wait: as long as there is room for all of them, that is once, at the end. In this order, since
    /// what is poured says that the rows of all records so far are there.
    fn write_all(&mut self) -> Result<(), StoreError> {
        self.write()?;
        let names = self.names.take_in_order();
        for part in names.chunks(NAMES_POURED) {
            let mut rows = Sheet::default();
            self.store.with("look up names", |packed| {
                for &(hash, article) in part {
                    let key = keys::name(hash);
                    if !self.has_names || packed.get(&key)?.is_none() {
                        rows.put(&key, &article)?;
                    }
                }
                Ok(())
            })?;
            self.pour(&rows)?;
        }
        self.has_names |= !names.is_empty();
        Ok(())
    }

    fn pour(&mut self, rows: &Sheet) -> Result<(), StoreError> {
        let store = self.store.clone();
        let _one_writer = store.inner.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let meta = store.with("write rows", |packed| {
            // What a trimmed journal begins with, or what a trim left.
            let meta = packed.write_held(self.meta)?;
            packed.pour(rows, meta)
        })?;
        (self.meta, self.written) = (meta, Seq(meta.applied_seq));
        store.set_meta(meta);
        store.told(self.written);
        Ok(())
    }
}
