//! An article as found and what its publisher says of its use, to what of it may be kept.

use super::page::Reading;
use crate::config::{Keep, Source, Tdm};
use crate::model::{Article, OriginBasis, Signal, Timestamp};
use crate::rights;

/// What of an article is kept: all of it, or title and link where its publisher reserves its rights and no licence lifts that,
/// or where its source says so. Its times, its language and the publisher's own names for it go with the link. `Err` says why
/// nothing is left.
pub(super) fn granted(
    article: Article,
    signals: Vec<Signal>,
    source: &Source,
    tdm: Tdm,
    now: Timestamp,
) -> Result<Article, String> {
    let respects = tdm == Tdm::Respect && source.licence.is_none();
    let reserved = respects && rights::verdict(&signals, now).reserved;
    let article = Article { signals, ..article };
    if !reserved && source.rights().store == Keep::Text {
        return Ok(article);
    }
    if article.title.is_empty() {
        return Err("no more than a title may be kept, and it has none".to_owned());
    }
    Ok(Article {
        text: String::new(),
        credit: None,
        byline: None,
        ednote: None,
        extra: None,
        // That a source writes its own copy was said by whoever configured it, not by the page.
        origin: article.origin.clone().filter(|claim| claim.basis == OriginBasis::OwnItem),
        ..article
    })
}

/// Who asks for pages, and how what they reserve is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker<'a> {
    /// Our name in `meta` elements.
    pub(crate) agent: &'a str,
    /// What is done with a page whose publisher reserves its rights.
    pub(crate) tdm: Tdm,
    /// The time.
    pub(crate) now: Timestamp,
}

/// A page that was read, with what of it may be kept. `said` is what headers and site say; what its elements say is added.
pub(crate) fn of_reading(
    reading: Reading,
    said: Vec<Signal>,
    source: &Source,
    asker: &Asker<'_>,
) -> Reading {
    let Reading { found, stored } = reading;
    let metas = found.iter().flat_map(|page| &page.reserves);
    let metas = metas.map(|(name, content)| (name.as_str(), content.as_str()));
    let mut signals = said;
    signals.extend(rights::of_metas(metas, asker.agent));
    let signals = rights::bounded(signals);
    let stored = stored
        .and_then(|article| granted(*article, signals, source, asker.tdm, asker.now).map(Box::new));
    Reading { found, stored }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Rights};
    use crate::model::{OriginClaim, SignalPlace};

    fn source(keys: &str) -> Source {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("c.toml");
        std::fs::write(&file, format!("[[source]]\nid = \"alba\"\n{keys}\n")).unwrap();
        let config: Config =
            crate::config::load(Some(&file), &std::collections::BTreeMap::new()).unwrap();
        config.sources[0].clone()
    }

    fn article(basis: OriginBasis) -> Article {
        let origin = OriginClaim { agency: "NAP".into(), basis, evidence: "(NAP)".into() };
        Article {
            source: "alba".into(),
            url: Some("https://alba.example/1".into()),
            title: "Ferry back".into(),
            text: "The ferry is back.".into(),
            byline: Some("By Ann".into()),
            credit: Some("NAP".into()),
            published: Some(Timestamp::from_secs(5)),
            lang: Some("en".into()),
            origin: Some(origin),
            ..Article::default()
        }
    }

    #[test]
    fn of_a_reserved_page_title_and_link_are_kept_unless_a_licence_or_the_setting_lifts_it() {
        let noai = vec![Signal::new(SignalPlace::Header, "noai", "")];
        let search = vec![Signal::new(SignalPlace::Robots, "content-signal", "search=yes")];
        let now = Timestamp::from_secs(9);
        for (keys, signals, tdm, whole) in [
            ("", &noai, Tdm::Respect, false),
            ("", &search, Tdm::Respect, true),
            ("", &noai, Tdm::Record, true),
            ("licence = \"contract 7\"", &noai, Tdm::Respect, true),
            ("rights = { store = \"title\" }", &search, Tdm::Record, false),
            ("licence = \"x\"\nrights = { store = false }", &search, Tdm::Respect, false),
        ] {
            let found = article(OriginBasis::SignOff);
            let kept = granted(found.clone(), signals.clone(), &source(keys), tdm, now).unwrap();
            assert_eq!(&kept.signals, signals, "{keys}: what was said is stored in any case");
            if whole {
                assert_eq!(Article { signals: Vec::new(), ..kept }, found, "{keys}");
            } else {
                let left = Article {
                    source: found.source,
                    url: found.url,
                    title: found.title,
                    lang: found.lang,
                    published: found.published,
                    signals: signals.clone(),
                    ..Article::default()
                };
                assert_eq!(kept, left, "{keys}");
            }
        }
    }

    #[test]
    fn an_own_item_stays_one_and_without_a_title_nothing_is_left() {
        let noai = vec![Signal::new(SignalPlace::Meta, "noai", "")];
        let now = Timestamp::from_secs(9);
        let source = Source { rights: Some(Rights::default()), ..source("") };
        let kept = granted(article(OriginBasis::OwnItem), noai.clone(), &source, Tdm::Respect, now);
        assert!(kept.unwrap().origin.is_some());
        let nameless = Article { title: String::new(), ..article(OriginBasis::Quote) };
        assert!(granted(nameless, noai, &source, Tdm::Respect, now).is_err());
    }
}
