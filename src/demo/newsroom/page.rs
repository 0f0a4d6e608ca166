//! A story and its site's template to the HTML the site serves.

use std::fmt::Write as _;

use crate::demo::script::{Item, Moment, Story};
use crate::model::Timestamp;

use super::desk::Desk;

/// Words a hurried reader takes in a minute, for "5 min".
const WORDS_A_MINUTE: usize = 60;

/// Headlines of other stories under and beside a page.
const RELATED_MAX: usize = 4;

/// The page of a story as it stands since `changed`.
pub(super) fn story(desk: &Desk<'_>, item: &Item, story: &Story, changed: Moment) -> String {
    let halves = story.paragraphs.len().div_ceil(2);
    let (head, tail) = story.paragraphs.split_at(halves);
    let words: usize = story.paragraphs.iter().map(|p| p.split_whitespace().count()).sum();
    let published = item.published().on(desk.monday);
    let crosshead = story.crosshead.as_ref().map(|text| format!("<h2>{}</h2>", escape(text)));
    let slots = [
        ("title", escape(&story.title)),
        ("site", escape(desk.site.name)),
        ("lang", item.lang.clone()),
        ("section", escape(&item.section)),
        ("url", escape(&desk.url(item))),
        ("head", paragraphs(head)),
        ("tail", paragraphs(tail)),
        ("body", paragraphs(&story.paragraphs)),
        ("first", story.paragraphs.first().map(|p| escape(p)).unwrap_or_default()),
        ("crosshead", crosshead.unwrap_or_default()),
        ("byline", escape(story.byline.as_deref().unwrap_or_default())),
        ("credit", escape(story.credit.as_deref().unwrap_or_default())),
        ("photo", escape(story.photo.as_deref().unwrap_or_default())),
        ("note", escape(story.note.as_deref().unwrap_or_default())),
        ("minutes", words.div_ceil(WORDS_A_MINUTE).to_string()),
        ("published", published.to_string()),
        ("updated", changed.on(desk.monday).to_string()),
        ("date", words_of_date(published)),
        ("related", related(desk, item)),
        ("jsonld", jsonld(desk, item, story, changed)),
        ("home", escape(&desk.base)),
    ];
    fill(desk.site.template, &slots)
}

/// "Page not found" in the site's clothes, whatever the status.
pub(super) fn not_found(desk: &Desk<'_>) -> String {
    let (title, text) = match desk.site.lang {
        "fr" => ("Page introuvable", "Le contenu demandé n'existe pas ou n'est plus disponible."),
        "de" => ("Seite nicht gefunden", "Der angeforderte Inhalt ist nicht (mehr) verfügbar."),
        "es" => ("Página no encontrada", "El contenido solicitado ya no está disponible."),
        _ => (
            "Page not found",
            "The content you requested does not exist or is not available anymore.",
        ),
    };
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"{}\"><title>{title} - {site}</title></head>\
         <body><header><a href=\"/\">{site}</a></header><main><h1>{title}</h1><p>{text}</p>\
         <p><a href=\"/\">{site}</a></p></main></body></html>\n",
        desk.site.lang,
        if desk.site.latin { "windows-1252" } else { "utf-8" },
        site = escape(desk.site.name),
    )
}

/// The front page: links only.
pub(super) fn front(desk: &Desk<'_>) -> String {
    let mut links = String::new();
    for (item, entry) in desk.listed() {
        let _ = writeln!(
            links,
            "<li><a href=\"{}\">{}</a></li>",
            escape(&desk.path(item)),
            escape(entry.title)
        );
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"{}\"><title>{site}</title>\
         <link rel=\"alternate\" type=\"{}\" href=\"{}\"></head>\
         <body><h1>{site}</h1><ul>\n{links}</ul></body></html>\n",
        desk.site.lang,
        if desk.site.latin { "windows-1252" } else { "utf-8" },
        desk.site.feed.content_type(),
        desk.site.feed.path(),
        site = escape(desk.site.name),
    )
}

fn paragraphs(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| format!("<p>{}</p>", escape(text))).collect();
    texts.join("\n")
}

fn related(desk: &Desk<'_>, item: &Item) -> String {
    let others = desk.listed().into_iter().filter(|(other, _)| other.id != item.id);
    let links: Vec<String> = others
        .take(RELATED_MAX)
        .map(|(other, entry)| {
            format!(
                "<li><a href=\"{}\">{}</a></li>",
                escape(&desk.path(other)),
                escape(entry.title)
            )
        })
        .collect();
    links.join("\n")
}

fn jsonld(desk: &Desk<'_>, item: &Item, story: &Story, changed: Moment) -> String {
    let mut authors = Vec::new();
    if let Some(name) = &story.byline {
        authors.push(serde_json::json!({"@type": "Person", "name": name}));
    }
    if let Some(name) = &story.credit {
        authors.push(serde_json::json!({"@type": "Organization", "name": name}));
    }
    let article = serde_json::json!({
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.title,
        "datePublished": item.published().on(desk.monday).to_string(),
        "dateModified": changed.on(desk.monday).to_string(),
        "author": authors,
        "publisher": {"@type": "Organization", "name": desk.site.name},
        "inLanguage": item.lang,
        "mainEntityOfPage": desk.url(item),
    });
    article.to_string().replace("</", "<\\/")
}

/// "17 March 2026, 06:40", for people.
fn words_of_date(at: Timestamp) -> String {
    at.to_utc().format("%-d %B %Y, %H:%M").to_string()
}

/// Text as it stands in HTML and XML, in attributes too.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

/// Fills `{{name}}`; a block `{{?name}} … {{/name}}` stays only where `name` is not empty.
fn fill(template: &str, slots: &[(&str, String)]) -> String {
    let mut page = template.to_owned();
    for (name, value) in slots {
        let (open, close) = (format!("{{{{?{name}}}}}"), format!("{{{{/{name}}}}}"));
        while let Some(start) = page.find(&open) {
            let Some(end) = page[start..].find(&close).map(|end| start + end) else { break };
            let inner = page[start + open.len()..end].to_owned();
            let inner = if value.is_empty() { "" } else { &inner };
            page.replace_range(start..end + close.len(), inner);
        }
    }
    let mut out = String::with_capacity(page.len());
    let mut rest = page.as_str();
    while let Some(start) = rest.find("{{") {
        out.push_str(&rest[..start]);
        let Some(end) = rest[start..].find("}}").map(|end| start + end) else { break };
        let name = &rest[start + 2..end];
        if let Some((_, value)) = slots.iter().find(|(slot, _)| *slot == name) {
            out.push_str(value);
        }
        rest = &rest[end + 2..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_filled_once_and_empty_blocks_go() {
        let slots = [("a", "{{b}}".to_owned()), ("b", String::new()), ("c", "<c>".to_owned())];
        let page = fill("1{{a}}2{{?b}}gone{{/b}}3{{?c}}[{{c}}]{{/c}}{{nobody}}4", &slots);
        assert_eq!(page, "1{{b}}23[<c>]4");
    }

    #[test]
    fn a_headline_cannot_break_out_of_an_attribute() {
        assert_eq!(escape("<a> & \"b\""), "&lt;a&gt; &amp; &quot;b&quot;");
    }
}
