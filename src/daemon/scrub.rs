//! The journal in the background to what `/readyz` and `/metrics` say of it: one closed segment is read again each interval.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, error, info};

use crate::api::Status;
use crate::journal::{Reader, Scrub, Scrubbed};
use crate::telemetry::Metrics;

/// Goes round the journal until the daemon stops.
pub(super) async fn run(
    reader: Reader,
    every: Duration,
    status: Arc<Status>,
    metrics: Arc<Metrics>,
) {
    let mut scrub = Scrub::new(reader);
    let mut damaged = BTreeMap::new();
    loop {
        tokio::select! {
            () = status.stopping.cancelled() => return,
            () = tokio::time::sleep(every) => {}
        }
        let step = tokio::task::spawn_blocking(move || (scrub.step(), scrub)).await;
        let Ok((step, next)) = step else {
            error!("the journal is no longer read in the background: a read of it panicked");
            return;
        };
        scrub = next;
        if let Some(step) = step {
            note(step, &mut damaged, &status);
            metrics.scrubbed(damaged.len());
        }
    }
}

/// Tells what a step found, where that is news.
fn note(step: Scrubbed, damaged: &mut BTreeMap<u32, String>, status: &Status) {
    let Scrubbed { segment, found } = step;
    match found {
        Ok(records) => {
            debug!(segment, records, "segment {segment} of the journal is as it was written");
            if damaged.remove(&segment).is_some() {
                info!(segment, "segment {segment} of the journal is as it was written again");
            }
        }
        Err(fault) => {
            let told = fault.to_string();
            if damaged.insert(segment, told.clone()).as_ref() != Some(&told) {
                error!(segment, "{told}");
            }
        }
    }
    let told: Vec<&str> = damaged.values().map(String::as_str).collect();
    status.note("journal", (!told.is_empty()).then(|| told.join("; ")));
}
