//! The polls of a source's endpoints to what `/sources` shows of it.

use crate::api::{
    EndpointStatus, FlappingPage, RhythmStatus, SourceFault, SourceState, SourceStatus,
};
use crate::config::{Endpoint, Source};
use crate::model::Timestamp;
use crate::schedule::{Fault, Poll};

/// The status of a source whose endpoints stand so at `now`, `next` the poll that is to come.
pub(super) fn source(
    source: &Source,
    polls: &[(&Endpoint, &Poll)],
    next: Option<&Poll>,
    now: Timestamp,
    (flapping, flapping_pages): (usize, Vec<FlappingPage>),
) -> SourceStatus {
    let newest = |of: fn(&Poll) -> Option<Timestamp>| polls.iter().filter_map(|(_, p)| of(p)).max();
    SourceStatus {
        id: source.id.0.clone(),
        name: source.name.clone(),
        kind: source.kind.as_str().to_owned(),
        own: source.own,
        lang: source.lang.clone(),
        tags: source.tags.clone(),
        priority: i32::from(source.priority),
        state: state(polls, now),
        error: fault(polls),
        last_poll: newest(|poll| poll.last_poll),
        last_success: newest(|poll| poll.last_success),
        next_poll: next.map(|poll| poll.next_poll),
        next_poll_why: next.map(|poll| poll.why.to_string()),
        endpoints: polls.iter().map(|(of, poll)| endpoint(of, poll, now)).collect(),
        flapping,
        flapping_pages,
    }
}

/// One endpoint that fails makes a source that fails: the others do not bring what it would.
fn state(polls: &[(&Endpoint, &Poll)], now: Timestamp) -> SourceState {
    if polls.iter().any(|(_, poll)| poll.fault.is_some()) {
        return SourceState::Failing;
    }
    let mut polled = polls.iter().filter(|(_, poll)| poll.last_poll.is_some()).peekable();
    if polled.peek().is_none() {
        SourceState::New
    } else if polled.all(|(_, poll)| poll.is_quiet(now)) {
        SourceState::Quiet
    } else {
        SourceState::Ok
    }
}

/// The fault that has stood longest.
fn fault(polls: &[(&Endpoint, &Poll)]) -> Option<SourceFault> {
    let faults = polls.iter().filter_map(|(_, poll)| Some((poll.fault.as_ref()?, poll.failures)));
    let (fault, count) = faults.min_by_key(|(fault, _)| fault.since)?;
    let Fault { kind, detail, since } = fault.clone();
    Some(SourceFault { kind, detail, since, count })
}

fn endpoint(endpoint: &Endpoint, poll: &Poll, now: Timestamp) -> EndpointStatus {
    EndpointStatus {
        kind: endpoint.kind.as_str().to_owned(),
        url: Some(endpoint.url.to_string()),
        moved_to: poll.moved_to.clone(),
        last_poll: poll.last_poll,
        last_success: poll.last_success,
        next_poll: Some(poll.next_poll),
        next_poll_why: Some(poll.why.to_string()),
        error: poll.fault.as_ref().map(|fault| fault.detail.clone()),
        rhythm: poll.last_success.map(|_| rhythm(poll, now)),
    }
}

fn rhythm(poll: &Poll, now: Timestamp) -> RhythmStatus {
    let rate = poll.rhythm.rate(now);
    RhythmStatus {
        newest_entry: poll.newest,
        entries_per_day: poll.rhythm.average() * 24.0,
        usual_per_hour: rate.usual,
        lately: rate.lately,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::EndpointKind;
    use crate::model::SourceId;

    fn a_source() -> Source {
        Source::named(SourceId("desk".to_owned()), crate::config::SourceKind::Outlet)
    }

    fn an_endpoint() -> Endpoint {
        Endpoint {
            kind: EndpointKind::Feed,
            url: url::Url::parse("https://desk.test/feed").unwrap(),
            min_interval: Duration::from_mins(2),
            max_interval: Duration::from_hours(2),
            fetch_pages: true,
            login: None,
        }
    }

    fn broken(since: i64, failures: u32) -> Poll {
        let fault = Fault {
            kind: "dns".to_owned(),
            detail: format!("since {since}"),
            since: Timestamp::from_secs(since),
        };
        Poll { fault: Some(fault), failures, ..good() }
    }

    fn good() -> Poll {
        Poll {
            last_poll: Some(Timestamp::from_secs(9)),
            last_success: Some(Timestamp::from_secs(9)),
            ..Poll::default()
        }
    }

    #[test]
    fn one_broken_endpoint_is_seen_beside_good_ones_whichever_was_asked_last() {
        let endpoint = an_endpoint();
        let check = |polls: &[Poll], state: SourceState, error: Option<(&str, u32)>| {
            let polls: Vec<_> = polls.iter().map(|poll| (&endpoint, poll)).collect();
            let (now, flapping) = (Timestamp::from_secs(10), (0, Vec::new()));
            let got = source(&a_source(), &polls, None, now, flapping);
            assert_eq!(got.state, state);
            assert_eq!(got.error.as_ref().map(|e| (e.detail.as_str(), e.count)), error);
            let each = polls.iter().map(|(_, poll)| poll.fault.is_some());
            assert!(got.endpoints.iter().map(|e| e.error.is_some()).eq(each));
        };
        check(&[], SourceState::New, None);
        check(&[Poll::default()], SourceState::New, None);
        check(&[Poll::default(), good()], SourceState::Ok, None);
        check(&[good(), broken(5, 2)], SourceState::Failing, Some(("since 5", 2)));
        check(&[broken(7, 1), broken(5, 2), good()], SourceState::Failing, Some(("since 5", 2)));
    }
}
