//! The times a page gives to when it was published and changed: JSON-LD before meta elements before what a reader sees.

use dom_query::Document;

use super::dates::{self, Written};
use super::jsonld::Described;
use super::render::one_line;

/// Longest visible line that says when and nothing else, in characters.
const LINE_CHARS_MAX: usize = 120;
/// Elements looked at for such a line.
const PLACES_MAX: usize = 20_000;

/// Words that open it.
const LABELS: &[&str] = &[
    "published",
    "posted",
    "created",
    "issued on",
    "date:",
    "veröffentlicht",
    "erstellt",
    "datum",
    "publié",
    "publicado",
    "pubblicato",
    "gepubliceerd",
    "publicerad",
    "publisert",
    "udgivet",
    "julkaistu",
    "opublikowano",
    "yayınlanma",
    "опубликовано",
    "дата",
    "发布",
    "發布",
    "公開",
    "掲載",
    "입력",
    "등록",
];

const PUBLISHED: &[&str] = &[
    "article:published_time",
    "og:published_time",
    "datepublished",
    "article:published",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dcterms.created",
    "dc.date",
    "pubdate",
    "publishdate",
    "publish-date",
    "publication_date",
    "cxenseparse:recs:publishtime",
    "date",
    "datecreated",
    "article.published",
    "last-modified-date",
];

const UPDATED: &[&str] = &[
    "article:modified_time",
    "og:updated_time",
    "datemodified",
    "article:modified",
    "dcterms.modified",
    "dc.date.modified",
    "lastmod",
    "article.updated",
];

/// Published and updated, as written.
pub(crate) fn times(
    doc: &Document,
    json: &Described,
    meta: &dyn Fn(&[&str]) -> Option<String>,
) -> (Option<Written>, Option<Written>) {
    let stated = |name: &&str| meta(&[*name]).as_deref().and_then(dates::moment);
    let in_json = json.published.as_deref().and_then(dates::moment);
    let changed_in_json = json.modified.as_deref().and_then(dates::moment);
    let in_metas: Vec<Written> = PUBLISHED.iter().filter_map(stated).collect();
    let changed_in_metas: Vec<Written> = UPDATED.iter().filter_map(stated).collect();
    let stated: Vec<Written> = in_json.into_iter().chain(in_metas.iter().copied()).collect();
    let published = finest(&stated).or_else(|| visible(doc));
    let updated = changed_in_json.or_else(|| changed_in_metas.first().copied());
    let all: Vec<Written> = in_json
        .into_iter()
        .chain(in_metas)
        .chain(changed_in_json)
        .chain(changed_in_metas)
        .collect();
    let published = published.map(|said| with_zone(said, &all));
    let updated = updated.map(|said| with_zone(said, &all));
    // A change before the publication is a default of the template.
    (published, updated.filter(|said| published.is_none_or(|first| said.at >= first.at)))
}

/// The first; where it gives but a day, the first of that day that gives the hour.
fn finest(all: &[Written]) -> Option<Written> {
    let first = all.first().copied()?;
    let day = |said: &Written| said.wall_minutes().div_euclid(24 * 60);
    let finer = || all.iter().copied().find(|said| said.hour && day(said) == day(&first));
    if first.hour { Some(first) } else { finer().or(Some(first)) }
}

/// A time without a zone in the zone of another that shows the same clock, else in the one zone that the page writes
/// times in.
fn with_zone(said: Written, all: &[Written]) -> Written {
    if said.zone.is_some() || !said.hour {
        return said;
    }
    let zones = || all.iter().filter_map(|other| Some((other, other.zone?)));
    let same = zones().find(|(other, _)| other.wall_minutes() == said.wall_minutes());
    let place = same.or_else(|| zones().find(|(_, zone)| *zone != 0));
    place.map_or(said, |(_, zone)| said.in_zone(zone))
}

fn visible(doc: &Document) -> Option<Written> {
    const MARKED: &[&str] = &[
        "[itemprop='datePublished'][datetime], [itemprop='datePublished'][content]",
        "article time[datetime]",
        "main time[datetime], header time[datetime]",
        "time[datetime]",
    ];
    let marked = MARKED.iter().find_map(|selector| {
        doc.select(selector).iter().take(4).find_map(|node| {
            let text = node.attr("datetime").or_else(|| node.attr("content"))?;
            dates::moment(&text)
        })
    });
    marked.or_else(|| labelled(doc))
}

/// A short line that opens with the word for it: "Published: 12 October 2016, 18:05".
fn labelled(doc: &Document) -> Option<Written> {
    const PLACES: &str = "span, li, p, time, div, small, td";
    doc.select(PLACES).iter().take(PLACES_MAX).find_map(|node| {
        // Most elements are told by the first piece of their text.
        let first = node
            .nodes()
            .first()?
            .descendants_it()
            .find(|n| n.is_text() && !n.text().trim().is_empty())?;
        let opening = first.text().trim().to_lowercase();
        LABELS.iter().find(|label| opening.starts_with(**label))?;
        let line = one_line(&node.text());
        (line.chars().count() <= LINE_CHARS_MAX).then(|| dates::in_words(&line)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, metas: &[(&str, &str)], body: &str, expected: (&str, Option<i32>)) {
        let doc = Document::from(format!("<body>{body}</body>"));
        let described = Described {
            published: (!json.is_empty()).then(|| json.to_owned()),
            ..Described::default()
        };
        let meta = |names: &[&str]| {
            metas
                .iter()
                .find(|(name, _)| names.contains(name))
                .map(|(_, value)| (*value).to_owned())
        };
        let (published, _) = times(&doc, &described, &meta);
        let got = published.map(|said| (said.at.to_string(), said.zone));
        assert_eq!(got, Some((expected.0.to_owned(), expected.1)), "{json} {metas:?} {body}");
    }

    #[test]
    fn a_time_without_a_zone_takes_that_of_the_page() {
        let zoned = [("date", "2016-10-12T18:05:00+02:00")];
        check("2016-10-12 18:05:00.0", &zoned, "", ("2016-10-12T16:05:00Z", Some(120)));
        check("2016-10-12 17:00:00", &zoned, "", ("2016-10-12T15:00:00Z", Some(120)));
        check("2016-10-12T17:00:00Z", &zoned, "", ("2016-10-12T17:00:00Z", Some(0)));
        check("2016-10-12 17:00:00", &[], "", ("2016-10-12T17:00:00Z", None));
        check("2016-10-11", &zoned, "", ("2016-10-11T00:00:00Z", None));
    }

    #[test]
    fn a_day_alone_gives_way_to_the_hour_of_that_day() {
        let zoned = [("date", "2016-10-12T18:05:00+02:00")];
        check("2016-10-12", &zoned, "", ("2016-10-12T16:05:00Z", Some(120)));
    }

    #[test]
    fn a_visible_line_is_read_last() {
        let line = "<span class='meta_date'>erstellt: <b>12. Oktober 2016, 18:05</b></span>";
        check("", &[], line, ("2016-10-12T18:05:00Z", None));
        check("", &[("date", "2016-10-11")], line, ("2016-10-11T00:00:00Z", None));
        let marked = "<time datetime='2016-10-12T18:05:00+02:00'>yesterday</time>";
        check("", &[], marked, ("2016-10-12T16:05:00Z", Some(120)));
    }
}
