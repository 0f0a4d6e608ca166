//! What a site lists at a moment to its feed: RSS, Atom, JSON Feed or a news sitemap.

use std::fmt::Write as _;

use serde_json::json;

use super::desk::{Desk, Listed};
use super::page::escape;
use super::sites::FeedType;
use crate::demo::script::Item;
use crate::model::Timestamp;

/// The feed in the site's form.
pub(super) fn feed(desk: &Desk<'_>) -> String {
    let listed = desk.listed();
    match desk.site.feed {
        FeedType::Rss => rss(desk, &listed),
        FeedType::Atom => atom(desk, &listed),
        FeedType::Json => json_feed(desk, &listed),
        FeedType::NewsSitemap => sitemap(desk, &listed),
    }
}

type Entries<'a> = [(&'a Item, Listed<'a>)];

fn rss(desk: &Desk<'_>, listed: &Entries<'_>) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\">\n<channel>\n\
         <title>{}</title>\n<link>{}/</link>\n<description>{}</description>\n\
         <language>{}</language>\n<ttl>5</ttl>\n\
         <atom:link rel=\"self\" type=\"application/rss+xml\" href=\"{}{}\"/>\n",
        escape(desk.site.name),
        desk.base,
        escape(desk.site.name),
        desk.site.lang,
        desk.base,
        desk.site.feed.path(),
    );
    for (item, entry) in listed {
        let _ = write!(
            out,
            "<item>\n<title>{}</title>\n<link>{}</link>\n\
             <guid isPermaLink=\"false\">{}-{}</guid>\n<pubDate>{}</pubDate>\n\
             <category>{}</category>\n<description>{}</description>\n</item>\n",
            escape(entry.title),
            escape(&desk.link(item)),
            desk.site.id,
            item.id,
            mail_date(entry.changed),
            escape(&item.section),
            escape(&format!("<p>{}</p>", escape(entry.summary))),
        );
    }
    out.push_str("</channel>\n</rss>\n");
    out
}

fn atom(desk: &Desk<'_>, listed: &Entries<'_>) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"{}\">\n<title>{}</title>\n\
         <id>tag:{}.example,2026:feed</id>\n<updated>{}</updated>\n\
         <link rel=\"self\" href=\"{}{}\"/>\n<link href=\"{}/\"/>\n",
        desk.site.lang,
        escape(desk.site.name),
        desk.site.id,
        desk.changed(),
        desk.base,
        desk.site.feed.path(),
        desk.base,
    );
    for (item, entry) in listed {
        let _ = write!(
            out,
            "<entry>\n<title>{}</title>\n<link rel=\"alternate\" href=\"{}\"/>\n\
             <id>tag:{}.example,2026:{}</id>\n<published>{}</published>\n<updated>{}</updated>\n\
             <author><name>{}</name></author>\n<summary>{}</summary>\n</entry>\n",
            escape(entry.title),
            escape(&desk.link(item)),
            desk.site.id,
            item.id,
            entry.published,
            entry.changed,
            escape(desk.site.name),
            escape(entry.summary),
        );
    }
    out.push_str("</feed>\n");
    out
}

fn json_feed(desk: &Desk<'_>, listed: &Entries<'_>) -> String {
    let items: Vec<_> = listed
        .iter()
        .map(|(item, entry)| {
            json!({
                "id": format!("{}/{}", desk.site.id, item.id),
                "url": desk.link(item),
                "title": entry.title,
                "summary": entry.summary,
                "date_published": entry.published.to_string(),
                "date_modified": entry.changed.to_string(),
                "language": item.lang,
                "tags": [item.section],
            })
        })
        .collect();
    let feed = json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": desk.site.name,
        "home_page_url": format!("{}/", desk.base),
        "feed_url": format!("{}{}", desk.base, desk.site.feed.path()),
        "language": desk.site.lang,
        "items": items,
    });
    format!("{feed:#}\n")
}

fn sitemap(desk: &Desk<'_>, listed: &Entries<'_>) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
         xmlns:news=\"http://www.google.com/schemas/sitemap-news/0.9\">\n",
    );
    for (item, entry) in listed {
        let _ = write!(
            out,
            "<url>\n<loc>{}</loc>\n<lastmod>{}</lastmod>\n<news:news>\n<news:publication>\
             <news:name>{}</news:name><news:language>{}</news:language></news:publication>\n\
             <news:publication_date>{}</news:publication_date>\n<news:title>{}</news:title>\n\
             </news:news>\n</url>\n",
            escape(&desk.link(item)),
            entry.changed,
            escape(desk.site.name),
            item.lang,
            entry.published,
            escape(entry.title),
        );
    }
    out.push_str("</urlset>\n");
    out
}

/// RFC 822 date of RSS.
fn mail_date(at: Timestamp) -> String {
    at.to_utc().format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}
