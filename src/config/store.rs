//! The section `[store]`: what is kept, where, and for how long.

use std::time::Duration;

use super::crawl::INTERVAL;
use super::fields;
use super::problem::Problem;
use super::sheet::Sheet;
use super::types::{KeepRaw, Store};
use super::units::show_duration;

pub(super) fn read(mut sheet: Sheet<'_>, window: Duration, problems: &mut Vec<Problem>) -> Store {
    let default = Store::default();
    let days = fields::whole(0, 36_500);
    let store = Store {
        path: sheet.take("path", default.path, fields::path),
        cache: sheet.take("cache", default.cache, fields::size(1 << 20, 4 << 30)),
        scrub_interval: sheet.take(
            "scrub_interval",
            default.scrub_interval,
            fields::duration(INTERVAL.0, INTERVAL.1),
        ),
        text_days: sheet.take("text_days", default.text_days, |raw| days(raw).map(|n| n as u16)),
        text_bytes: Some(sheet.take("text_bytes", 0, fields::size(0, 1 << 60)))
            .filter(|&bytes| bytes > 0),
        history_days: sheet
            .take("history_days", default.history_days, |raw| days(raw).map(|n| n as u16)),
        keep_raw: sheet.take(
            "keep_raw",
            default.keep_raw,
            fields::word(&KeepRaw::ALL, KeepRaw::as_str),
        ),
    };
    if store.history().is_some_and(|age| age < window) {
        let (days, window) = (store.history_days, show_duration(window));
        let what = format!(
            "`history_days = {days}` in [store] is shorter than `window` in [detect] ({window}): versions are compared that long; \
             give it more days or the window less"
        );
        sheet.complain("history_days", what);
    } else if store.history_days > 0 && store.history_days < store.text_days {
        let (days, text_days) = (store.history_days, store.text_days);
        let what = format!(
            "`history_days = {days}` is shorter than `text_days = {text_days}`: no text outlives its history; give it {text_days} \
             days or more, or `text_days` fewer"
        );
        sheet.complain("history_days", what);
    } else if store.text_age().is_some_and(|age| age < window) {
        let (days, window) = (store.text_days, show_duration(window));
        let what = format!(
            "`text_days = {days}` in [store] is shorter than `window` in [detect] ({window}): texts are compared that long; give \
             it more days or the window less"
        );
        sheet.complain("text_days", what);
    }
    problems.extend(sheet.finish());
    store
}
