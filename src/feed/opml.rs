//! OPML 2.0, a list of feeds as readers exchange it, to its outlines and back.

use std::fmt::Write as _;

use super::markup::collapse;
use super::references::{attribute_into, resolve};
use super::scan::{Scanner, Token, attributes};

/// Outlines read of one file.
const OUTLINES_MAX: usize = 10_000;

/// The namespace of what OPML has no word for.
const OWN: &str = "urn:copytaster:opml";

/// One feed of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outline {
    /// Its name for people.
    pub title: String,
    /// Its address.
    pub url: String,
    /// Its language.
    pub lang: Option<String>,
    /// Its categories, and the names of the outlines it lies in.
    pub tags: Vec<String>,
    /// The id of its source; only a list of ours has it.
    pub source: Option<String>,
    /// The kind of its source, likewise.
    pub kind: Option<String>,
    /// The type of its endpoint, likewise.
    pub endpoint: Option<String>,
    /// The priority of its source, likewise.
    pub priority: Option<u8>,
}

/// The outlines of a list that have an address, in order. `None` where it is no OPML.
#[must_use]
pub fn read(text: &str) -> Option<Vec<Outline>> {
    let mut is_opml = false;
    let mut above: Vec<Option<String>> = Vec::new();
    let mut found: Vec<Outline> = Vec::new();
    for token in Scanner::new(text) {
        match token {
            Token::Start(tag) if tag.name.eq_ignore_ascii_case("opml") => is_opml = true,
            Token::Start(tag) if tag.name.eq_ignore_ascii_case("outline") => {
                let given = attributes(tag.rest);
                let value = |name: &str| {
                    let (_, value) =
                        given.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
                    Some(collapse(&resolve(value))).filter(|value| !value.is_empty())
                };
                let title = value("title").or_else(|| value("text")).unwrap_or_default();
                let url = value("xmlUrl");
                if !tag.empty {
                    above.push(Some(title.clone()).filter(|_| url.is_none()));
                }
                let Some(url) = url.filter(|_| found.len() < OUTLINES_MAX) else { continue };
                let mut tags: Vec<String> = above.iter().flatten().cloned().collect();
                let said = value("category").unwrap_or_default();
                tags.extend(said.split([',', '/']).map(|tag| tag.trim().to_owned()));
                found.push(Outline {
                    title,
                    url,
                    lang: value("language"),
                    tags: each_once(tags),
                    source: value("copytaster:source"),
                    kind: value("copytaster:kind"),
                    endpoint: value("copytaster:type"),
                    priority: value("copytaster:priority").and_then(|text| text.parse().ok()),
                });
            }
            Token::End(name) if name.eq_ignore_ascii_case("outline") => drop(above.pop()),
            _ => {}
        }
    }
    is_opml.then_some(found)
}

fn each_once(tags: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        if !tag.is_empty() && !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    kept
}

/// A list of these outlines.
#[must_use]
pub fn write(outlines: &[Outline]) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\" xmlns:copytaster=\"{OWN}\">\n\
         <head><title>copytaster</title></head>\n<body>\n"
    );
    for outline in outlines {
        let _ = write!(out, "<outline type=\"rss\"");
        attribute_into(&mut out, "text", &outline.title);
        attribute_into(&mut out, "title", &outline.title);
        attribute_into(&mut out, "xmlUrl", &outline.url);
        let priority = outline.priority.map(|priority| priority.to_string());
        let tags = Some(outline.tags.join(",")).filter(|tags| !tags.is_empty());
        for (name, value) in [
            ("language", &outline.lang),
            ("category", &tags),
            ("copytaster:source", &outline.source),
            ("copytaster:kind", &outline.kind),
            ("copytaster:type", &outline.endpoint),
            ("copytaster:priority", &priority),
        ] {
            if let Some(value) = value {
                attribute_into(&mut out, name, value);
            }
        }
        out.push_str("/>\n");
    }
    out.push_str("</body>\n</opml>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_take_the_names_of_those_they_lie_in_as_tags() {
        let text = r#"<?xml version="1.0"?><opml version="2.0"><head><title>Mine</title></head><body>
            <outline text="World"><outline text="Europe &amp; more">
              <outline type="rss" text="Orsk Post" xmlUrl="https://orsk.example/rss?a=1&amp;b=2" category="/Floods,World"/>
            </outline></outline>
            <outline text="Velm" xmlurl="https://velm.example/rss"></outline>
            <outline text="A note"/></body></opml>"#;
        let found = read(text).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].url, "https://orsk.example/rss?a=1&b=2");
        assert_eq!(found[0].tags, ["World", "Europe & more", "Floods"]);
        assert_eq!((found[1].title.as_str(), found[1].tags.len()), ("Velm", 0));
        assert_eq!(read("<rss/>"), None);
    }

    #[test]
    fn what_is_written_reads_back() {
        let outline = Outline {
            title: "The \"Orsk\" <Post> & more".to_owned(),
            url: "https://orsk.example/rss?a=1&b='2'".to_owned(),
            lang: Some("en".to_owned()),
            tags: vec!["world".to_owned(), "floods".to_owned()],
            source: Some("orsk".to_owned()),
            kind: Some("agency".to_owned()),
            endpoint: Some("feed".to_owned()),
            priority: Some(80),
        };
        assert_eq!(read(&write(std::slice::from_ref(&outline))), Some(vec![outline]));
    }
}
