//! Article records in file order to places in clusters, without a store: settings, times and fold of the batch commands.

use super::Usage;
use super::input::{Timeline, seen_at};
use crate::cluster::{Batch, Clusterer, Params, Placed};
use crate::config;
use crate::model::{Article, Timestamp};

/// The settings that `--set` names, over the defaults.
pub(super) fn params(set: &[String]) -> Result<Params, Usage> {
    params_over(Params::default(), set)
}

/// Settings with those changed that `--set` names in its KEY=VALUE words.
pub(super) fn params_over(mut params: Params, set: &[String]) -> Result<Params, Usage> {
    for pair in set {
        let (key, value) =
            pair.split_once('=').ok_or_else(|| Usage(format!("--set {pair}: write KEY=VALUE")))?;
        match key.trim_start_matches("detect.") {
            "window" => {
                let window = config::duration(value)
                    .ok_or_else(|| bad_value(pair, "a duration such as 72h"))?;
                params.window_millis = u64::try_from(window.as_millis()).unwrap_or(u64::MAX);
            }
            "live_max" => {
                params.live_max = value.parse().map_err(|_| bad_value(pair, "a whole number"))?;
            }
            _ => return Err(Usage(format!("--set {pair}: the settings are window and live_max"))),
        }
    }
    Ok(params)
}

fn bad_value(pair: &str, wanted: &str) -> Usage {
    Usage(format!("--set {pair}: the value must be {wanted}"))
}

/// What the lines about an article call it: its id, else its url.
pub(super) fn name(article: &Article) -> String {
    article.id.clone().or_else(|| article.url.clone()).unwrap_or_default()
}

/// A fold over records as they are read. A record travels with a tag that says whose place came out.
pub(super) struct Stream<T> {
    batch: Batch,
    timeline: Timeline<(T, Article)>,
    /// Records that wait to be sorted, where that was asked for.
    held: Option<Vec<((T, Article), Timestamp)>>,
}

impl<T> Stream<T> {
    /// A fold in file order.
    pub(super) fn new(params: Params) -> Self {
        Self { batch: Batch::new(params), timeline: Timeline::new(), held: None }
    }

    /// A fold in order of time, which begins when all is read.
    pub(super) fn sorted(params: Params) -> Self {
        Self { held: Some(Vec::new()), ..Self::new(params) }
    }

    /// Takes the next record; calls `each` with every record that has got its place.
    pub(super) fn push(&mut self, tag: T, article: Article, each: impl FnMut(T, Placed)) {
        let seen_at = seen_at(&article);
        let dated = self.timeline.push((tag, article), seen_at);
        match &mut self.held {
            Some(held) => held.extend(dated),
            None => self.fold(dated, each),
        }
    }

    /// Folds what waited for its time; there is no record after it.
    pub(super) fn finish(&mut self, each: impl FnMut(T, Placed)) {
        let mut dated = self.held.take().unwrap_or_default();
        dated.extend(self.timeline.finish());
        dated.sort_by_key(|&(_, seen_at)| seen_at);
        self.fold(dated, each);
    }

    fn fold(&mut self, dated: Vec<((T, Article), Timestamp)>, mut each: impl FnMut(T, Placed)) {
        for ((tag, article), seen_at) in dated {
            each(tag, self.batch.push(article, seen_at));
        }
    }

    /// The clusters so far.
    pub(super) const fn clusterer(&self) -> &Clusterer {
        self.batch.clusterer()
    }

    /// Records whose time is before an earlier one's.
    pub(super) const fn out_of_order(&self) -> usize {
        self.timeline.out_of_order
    }
}
