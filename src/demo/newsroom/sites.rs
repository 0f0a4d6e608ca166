//! The invented agencies and outlets: who they are, how their pages look and how their servers behave.

/// Whether a site sells copy or runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Writes for others.
    Agency,
    /// Writes for readers.
    Outlet,
}

/// The form of a site's feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedType {
    /// RSS 2.0.
    Rss,
    /// Atom 1.0.
    Atom,
    /// JSON Feed 1.1.
    Json,
    /// A Google News sitemap.
    NewsSitemap,
}

impl FeedType {
    /// Path of the feed on its site.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Rss => "/rss.xml",
            Self::Atom => "/feed.atom",
            Self::Json => "/feed.json",
            Self::NewsSitemap => "/news-sitemap.xml",
        }
    }

    /// Content type it is served with.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Rss => "application/rss+xml; charset=utf-8",
            Self::Atom => "application/atom+xml; charset=utf-8",
            Self::Json => "application/feed+json",
            Self::NewsSitemap => "application/xml",
        }
    }
}

/// How a server fails: for the first `minutes` of every `of` virtual minutes it answers `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Length of the failing part, in minutes.
    pub minutes: u32,
    /// Length of the whole round, in minutes.
    pub of: u32,
    /// 500 or 503.
    pub status: u16,
    /// `Retry-After` in seconds; 0 for none.
    pub retry_after_secs: u32,
}

/// Everything fixed about a site; it gets its port when it is served.
#[derive(Clone, Copy, Debug)]
pub struct SiteSpec {
    /// Id in the script and in the configuration.
    pub id: &'static str,
    /// Name as printed.
    pub name: &'static str,
    /// Agency or outlet.
    pub kind: Kind,
    /// Main language.
    pub lang: &'static str,
    /// Form of its feed.
    pub feed: FeedType,
    /// Path of a story: `{section}`, `{date}` (2026/03/17), `{id}`, `{n}` (place in the script).
    pub path: &'static str,
    /// What feed links carry behind the path: campaign parameters, or nothing.
    pub link_tail: &'static str,
    /// Its page design.
    pub template: &'static str,
    /// `max-age` of feeds and pages in seconds.
    pub max_age_secs: u32,
    /// How long it takes to answer, in milliseconds of its own time.
    pub slow_millis: u64,
    /// When it fails.
    pub outage: Option<Outage>,
    /// True where it compresses.
    pub gzip: bool,
    /// True where pages are sent in windows-1252.
    pub latin: bool,
    /// Section that robots.txt forbids.
    pub disallow: Option<&'static str>,
}

/// A quick, quiet, modern server; each site says where it differs.
const PLAIN: SiteSpec = SiteSpec {
    id: "",
    name: "",
    kind: Kind::Outlet,
    lang: "en",
    feed: FeedType::Rss,
    path: "/{section}/{id}",
    link_tail: "",
    template: "",
    max_age_secs: 60,
    slow_millis: 0,
    outage: None,
    gzip: true,
    latin: false,
    disallow: None,
};

/// The newsroom: four agencies, eight outlets, four languages.
pub const SITES: [SiteSpec; 12] = [
    SiteSpec {
        id: "tpb",
        name: "Tolvane Press Bureau",
        kind: Kind::Agency,
        path: "/wire/{n}",
        template: include_str!("templates/tpb.html"),
        ..PLAIN
    },
    SiteSpec {
        id: "sablewire",
        name: "Sablewire",
        kind: Kind::Agency,
        feed: FeedType::Json,
        path: "/item/{id}",
        template: include_str!("templates/sablewire.html"),
        ..PLAIN
    },
    SiteSpec {
        id: "corvelle",
        name: "Agence Corvelle",
        kind: Kind::Agency,
        lang: "fr",
        feed: FeedType::Atom,
        path: "/depeche/{id}",
        template: include_str!("templates/corvelle.html"),
        ..PLAIN
    },
    SiteSpec {
        id: "kessmar",
        name: "Kessmarer Nachrichtendienst",
        kind: Kind::Agency,
        lang: "de",
        feed: FeedType::NewsSitemap,
        path: "/meldung/{n}/{id}",
        template: include_str!("templates/kessmar.html"),
        ..PLAIN
    },
    SiteSpec {
        id: "lantern",
        name: "The Brellow Lantern",
        lang: "en-gb",
        path: "/{date}/{id}/",
        link_tail: "?utm_source=rss&utm_medium=feed&utm_campaign=lantern",
        template: include_str!("templates/lantern.html"),
        ..PLAIN
    },
    SiteSpec {
        id: "plainspeaker",
        name: "The Sandrel Plainspeaker",
        lang: "en-us",
        path: "/{section}/{id}-{n}.html",
        template: include_str!("templates/plainspeaker.html"),
        slow_millis: 2_000,
        ..PLAIN
    },
    SiteSpec {
        id: "packet",
        name: "Quillmoor Weekday Packet",
        feed: FeedType::Atom,
        path: "/stories/{n}.htm",
        template: include_str!("templates/packet.html"),
        outage: Some(Outage { minutes: 5, of: 67, status: 503, retry_after_secs: 120 }),
        gzip: false,
        ..PLAIN
    },
    SiteSpec {
        id: "tidewharf",
        name: "Tidewharf Now",
        feed: FeedType::Json,
        path: "/{section}/{id}",
        template: include_str!("templates/tidewharf.html"),
        outage: Some(Outage { minutes: 3, of: 101, status: 500, retry_after_secs: 0 }),
        disallow: Some("members"),
        ..PLAIN
    },
    SiteSpec {
        id: "fanal",
        name: "Le Fanal de Vesserie",
        lang: "fr",
        path: "/{section}/{date}/{id}",
        template: include_str!("templates/fanal.html"),
        max_age_secs: 120,
        ..PLAIN
    },
    SiteSpec {
        id: "vigie",
        name: "La Vigie d'Orsanne",
        lang: "fr",
        feed: FeedType::Atom,
        path: "/{id}.html",
        template: include_str!("templates/vigie.html"),
        latin: true,
        ..PLAIN
    },
    SiteSpec {
        id: "turmblatt",
        name: "Karsbrücker Turmblatt",
        lang: "de",
        path: "/{section}/{id},{n}",
        template: include_str!("templates/turmblatt.html"),
        ..PLAIN
    },
    SiteSpec {
        id: "farolero",
        name: "El Farolero de Montavel",
        lang: "es",
        feed: FeedType::NewsSitemap,
        path: "/{section}/{date}/{id}",
        template: include_str!("templates/farolero.html"),
        ..PLAIN
    },
];

/// The site of that id.
pub fn spec(id: &str) -> Option<&'static SiteSpec> {
    SITES.iter().find(|site| site.id == id)
}
