//! The journal judged again on the history it tells: whether the same copy, coming in as it did, would be judged as it was.

use super::Fault;
use super::fold::settings;
use super::rejudge::{is_without_text, prior};
use super::stand::first_clusters;
use super::texts::LiveTexts;
use crate::cluster::{Clusterer, ENGINE, Judged, Prepared, Version, prepare};
use crate::journal::{Reader, Record};
use crate::model::{Seq, VersionId};

/// What came of judging again.
#[derive(Clone, Debug, Default)]
pub struct Deep {
    /// Versions that were judged again.
    pub judged: usize,
    /// Versions that other rules or settings judged: of these nothing can be said.
    pub other_rules: usize,
    /// Versions whose text is gone, and those that were compared with such a text: of these nothing can be said, either.
    pub without_text: usize,
    /// Versions whose verdicts come out otherwise.
    pub differing: Vec<VersionId>,
    /// The newest version whose text is gone.
    bare: Option<VersionId>,
}

/// Judges every version that was judged by the present rules and the settings last in force, each upon the history the journal
/// tells; tells `each` which records are done.
pub fn judge_again(reader: &Reader, each: &mut dyn FnMut(Seq)) -> Result<Deep, Fault> {
    let params = settings(reader)?;
    let mut clusterer = first_clusters(reader, params)?;
    let mut texts = LiveTexts::new(reader.clone(), params.live_max);
    let mut deep = Deep::default();
    for entry in reader.entries(Seq(1)) {
        let (location, entry) = entry?;
        match entry.record {
            Record::Version(version) => {
                let prepared =
                    deep.take(&clusterer, (reader, &mut texts), &version, params.digest());
                clusterer.apply(&version);
                texts.placed(&version, location);
                if let Some(prepared) = prepared.filter(|_| version.reextracted_from().is_none()) {
                    clusterer.admit(version.id, &prepared);
                    texts.keep(version.id, prepared.compared);
                }
            }
            Record::Trim(trim) => {
                clusterer.forget(&trim.gone);
            }
            Record::Override(spoken) => {
                // One that names what is lost was passed over when it was read, too.
                let _ = clusterer.override_with(entry.seq.0, &spoken.word);
            }
            _ => {}
        }
        each(entry.seq);
    }
    Ok(deep)
}

impl Deep {
    /// Judges one version and gives its text made ready, where there is one.
    fn take(
        &mut self,
        clusterer: &Clusterer,
        (reader, texts): (&Reader, &mut LiveTexts),
        version: &Version,
        digest: u64,
    ) -> Option<Prepared> {
        let Version { article, verdicts, .. } = version;
        if is_without_text(version) {
            self.without_text += 1;
            self.bare = Some(version.id);
            return None;
        }
        if (verdicts.engine, verdicts.settings) != (ENGINE, digest) {
            self.other_rules += 1;
            return Some(prepare(&article.title, &article.text, &verdicts.furniture));
        }
        // What was live had a say in which phrases are common, and there is nothing left to ask it.
        if self.bare.is_some_and(|bare| Some(bare) >= clusterer.oldest_live_version()) {
            self.without_text += 1;
            return Some(prepare(&article.title, &article.text, &verdicts.furniture));
        }
        self.judged += 1;
        let mut lend = |other| texts.lend(other);
        let prior = version.reextracted_from().and_then(|of| prior(reader, of));
        let judged = match &prior {
            // What was compared is gone.
            Some(prior) if prior.redacted.is_some() => {
                (self.judged, self.without_text) = (self.judged - 1, self.without_text + 1);
                return None;
            }
            Some(prior) => clusterer.judge_reextracted(article, prior, version.seen_at, &mut lend),
            None => clusterer.judge(article, version.seen_at, &mut lend),
        };
        if let Judged::New { verdicts: again, prepared, .. } = judged
            && *again == *verdicts
        {
            return Some(*prepared);
        }
        self.differing.push(version.id);
        Some(prepare(&article.title, &article.text, &verdicts.furniture))
    }
}
