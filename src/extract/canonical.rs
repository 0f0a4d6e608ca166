//! Address to canonical address: the same story under one name, however it was shared.

use url::Url;

/// Query parameters that only say how a reader got here, and who put them there. A `*` at the end stands for any rest.
/// Everything else is kept: `?id=7` may be the article.
const TRACKING: &[(&str, &str)] = &[
    ("utm_*", "Google Analytics campaigns"),
    ("ga_*", "Google Analytics, older form"),
    ("_ga", "Google Analytics across domains"),
    ("_gl", "Google Analytics across domains"),
    ("gclid", "Google Ads click"),
    ("gclsrc", "Google Ads click source"),
    ("dclid", "Google Display click"),
    ("gbraid", "Google Ads click in iOS apps"),
    ("wbraid", "Google Ads click from the web to iOS apps"),
    ("fbclid", "Facebook click"),
    ("fb_action_ids", "Facebook, older form"),
    ("fb_action_types", "Facebook, older form"),
    ("fb_source", "Facebook, older form"),
    ("igshid", "Instagram share"),
    ("igsh", "Instagram share"),
    ("msclkid", "Microsoft Ads click"),
    ("twclid", "Twitter click"),
    ("ttclid", "TikTok click"),
    ("li_fat_id", "LinkedIn click"),
    ("epik", "Pinterest click"),
    ("yclid", "Yandex click"),
    ("ysclid", "Yandex search click"),
    ("mc_cid", "Mailchimp campaign"),
    ("mc_eid", "Mailchimp reader"),
    ("_hsenc", "HubSpot mail"),
    ("_hsmi", "HubSpot mail"),
    ("mkt_tok", "Marketo mail"),
    ("vero_id", "Vero mail"),
    ("wt_mc", "Webtrekk campaign"),
    ("wtmc", "Webtrekk campaign"),
    ("wt_zmc", "Webtrekk campaign"),
    ("at_*", "AT Internet campaigns (BBC, France 24)"),
    ("xtor", "AT Internet, older form"),
    ("cmpid", "campaign of several publishers' systems"),
    ("icid", "internal link campaign"),
    ("ncid", "campaign of several publishers' systems"),
    ("smid", "New York Times share"),
    ("taid", "Reuters and others on Twitter, tweet id"),
    ("guccounter", "Yahoo consent round trip"),
    ("guce_referrer", "Yahoo consent round trip"),
    ("guce_referrer_sig", "Yahoo consent round trip"),
    ("ref_src", "Twitter embeds"),
    ("ref_url", "Twitter embeds"),
    ("ns_mchannel", "Comscore campaign"),
    ("ns_source", "Comscore campaign"),
    ("ns_campaign", "Comscore campaign"),
    ("ns_linkname", "Comscore campaign"),
    ("ns_fee", "Comscore campaign"),
    ("gad_source", "Google Ads"),
    ("gad_campaignid", "Google Ads"),
    ("srsltid", "Google Merchant"),
    ("usqp", "Google's AMP viewer"),
    ("amp_*", "Google's AMP viewer"),
    ("mibextid", "Facebook share"),
    ("__twitter_impression", "Twitter"),
    ("mtm_*", "Matomo campaign"),
    ("matomo_*", "Matomo campaign"),
    ("pk_*", "Matomo campaign, older form"),
    ("piwik_*", "Matomo campaign, older form"),
    ("itm_*", "internal link campaign"),
    ("hsa_*", "HubSpot ads"),
    ("hsctatracking", "HubSpot"),
    ("oly_anon_id", "Omeda mail"),
    ("oly_enc_id", "Omeda mail"),
    ("_openstat", "Openstat campaign"),
    ("_branch_match_id", "Branch app links"),
    ("intcid", "internal link campaign"),
    ("s_cid", "Adobe campaign"),
    ("soc_src", "Yahoo share"),
    ("soc_trk", "Yahoo share"),
    ("ito", "Daily Mail internal link"),
    ("sr_share", "share button"),
    ("wickedid", "Wicked Reports click"),
    ("rb_clickid", "Rocketbolt click"),
    ("spm", "Alibaba referral"),
    ("emci", "EveryAction mail"),
    ("emdi", "EveryAction mail"),
    ("ceid", "EveryAction mail"),
];

/// Parameters that say where a link was read only where their value says so: `?ref=rss`, `?partner=rss&emc=rss`.
const REFERRERS: &[&str] = &[
    "ref",
    "source",
    "src",
    "from",
    "partner",
    "emc",
    "cid",
    "feature",
    "origin",
    "via",
    "feedtype",
    "traffic_source",
    "mod",
    "rss",
    "cmp",
];

/// Such values, whole; `rss` may have a rest behind it (`rssfeed`, `rss_homepage`).
const READERS: &[&str] = &[
    "feed",
    "feeds",
    "newsletter",
    "twitter",
    "facebook",
    "whatsapp",
    "telegram",
    "share_btn_tw",
    "share_btn_fb",
    "share_btn_url",
    "share",
];

/// Parameters of a print or text view: the name, and the values that ask for it. An empty list: whatever the value.
const VIEWS: &[(&str, &[&str])] = &[
    ("print", &["", "1", "true", "yes", "y", "print"]),
    ("printable", &["", "1", "true", "yes"]),
    ("printer", &["", "1", "true"]),
    ("printmode", &["", "1", "true"]),
    ("printpage", &["", "1", "true"]),
    ("printview", &["", "1", "true"]),
    ("print_view", &["", "1", "true"]),
    ("view", &["print", "amp"]),
    ("mode", &["print"]),
    ("output", &["print", "amp"]),
    ("outputtype", &["print", "amp"]),
    ("format", &["print", "amp"]),
    ("action", &["print"]),
    ("style", &["print"]),
    ("version", &["print"]),
    ("amp", &["", "1", "true"]),
];

/// Names under which servers put a session into an address, whatever its value.
const SESSIONS: &[&str] = &[
    "jsessionid",
    "phpsessid",
    "sessionid",
    "session_id",
    "aspsessionid*",
    "cfid",
    "cftoken",
    "zenid",
    "oscsid",
];

/// Names that are a session's only where the value looks like one: long and without meaning.
const MAYBE_SESSIONS: &[&str] = &["sid", "s", "sess", "session", "token"];

/// Letters and digits that no number of an article has.
const SESSION_CHARS_MIN: usize = 24;

/// The same address without fragment, credentials, default port, tracking parameters and session ids; an AMP or print copy
/// becomes the page it copies where its address alone says which that is.
#[must_use]
pub fn canonical(url: &Url) -> Url {
    let mut clean = url.clone();
    clean.set_fragment(None);
    // What one rule takes away may bring forth what another knows. Each makes the address shorter, so this ends.
    loop {
        let before = clean.clone();
        if let Some(page) = cached(&clean) {
            clean = page;
        }
        // A url that cannot have credentials or a port has none: nothing to undo.
        let _ = clean.set_username("");
        let _ = clean.set_password(None);
        drop_parameters(&mut clean);
        clean_path(&mut clean);
        if clean == before {
            return clean;
        }
    }
}

/// `google.com`, `www.google.co.uk`, and not `google.herald.test`.
fn is_google(host: &str) -> bool {
    let place = host.strip_prefix("www.").unwrap_or(host).strip_prefix("google.");
    place.is_some_and(|place| {
        place.split('.').count() <= 2 && place.split('.').all(|label| label.len() <= 3)
    })
}

/// The page that Google's AMP cache or viewer shows: `…cdn.ampproject.org/c/s/HOST/PATH`, `www.google.com/amp/s/HOST/PATH`; the
/// `s` stands for https.
fn cached(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    let rest = if host.ends_with(".cdn.ampproject.org") {
        ["/c/", "/v/"].iter().find_map(|start| url.path().strip_prefix(start))?
    } else if is_google(host) {
        url.path().strip_prefix("/amp/")?
    } else {
        return None;
    };
    let (scheme, page) = rest.strip_prefix("s/").map_or(("http", rest), |page| ("https", page));
    // A host has a dot, and a path follows: `google.com/amp/help` is a page of its own.
    let (host, _) = page.split_once('/')?;
    let query = url.query().map_or(String::new(), |query| format!("?{query}"));
    host.contains('.').then(|| Url::parse(&format!("{scheme}://{page}{query}")).ok())?
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(name == pattern, |start| name.starts_with(start))
}

/// True where a parameter changes nothing of the story.
fn is_idle(pair: &str) -> bool {
    let pair = pair.to_ascii_lowercase();
    let (name, value) = pair.split_once('=').unwrap_or((&pair, ""));
    let reader = || {
        value.starts_with("rss")
            || READERS.contains(&value)
            || (name == "rss" && matches!(value, "1" | "yes"))
    };
    TRACKING.iter().any(|(pattern, _)| matches(pattern, name))
        || (REFERRERS.contains(&name) && reader())
        || VIEWS.iter().any(|(view, values)| *view == name && values.contains(&value))
        || SESSIONS.iter().any(|pattern| matches(pattern, name))
        || (MAYBE_SESSIONS.contains(&name) && is_session(value))
}

/// Long, of letters and digits alone, with both: no number and no word.
fn is_session(value: &str) -> bool {
    value.len() >= SESSION_CHARS_MIN
        && value.bytes().all(|b| b.is_ascii_alphanumeric())
        && value.bytes().any(|b| b.is_ascii_digit())
        && value.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Keeps the order and the very spelling of what stays: `a=%20` and `a=+` may be two pages.
fn drop_parameters(url: &mut Url) {
    let Some(query) = url.query() else { return };
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !is_idle(pair)).collect();
    let query = (!kept.is_empty()).then(|| kept.join("&"));
    url.set_query(query.as_deref());
}

/// Ends of a path that name another form of the page before it, and what stays of them.
const FORMS: &[(&str, &str)] = &[
    ("/amp/", "/"),
    ("/amp", ""),
    ("/print/", "/"),
    ("/print", ""),
    ("/amp.html", ".html"),
    (".amp.html", ".html"),
    (".amp", ""),
    (".print.html", ".html"),
];

/// A path without session ids, without a doubled slash in front, and of the page itself where its end names another form of it.
/// A host `amp.example` or `/amp/` in front is not touched: nothing says what the other host is called.
fn clean_path(url: &mut Url) {
    let mut path = url.path().to_owned();
    if path.len() > 1 && path.starts_with("//") {
        path = format!("/{}", path.trim_start_matches('/'));
    }
    // `;jsessionid=…` of Java servers, `/(S(…))/` of ASP.NET.
    if let Some(at) = path.to_ascii_lowercase().find(";jsessionid=") {
        let end = path[at + 1..].find(['/', ';']).map_or(path.len(), |end| at + 1 + end);
        path.replace_range(at..end, "");
    }
    if let Some(at) = path.find("/(S(")
        && let Some(end) = path[at..].find("))")
    {
        path.replace_range(at..at + end + 2, "");
    }
    while let Some((page, stays)) =
        FORMS.iter().find_map(|(form, stays)| Some((path.strip_suffix(form)?, *stays)))
    {
        if page.trim_matches('/').is_empty() {
            break;
        }
        path = format!("{page}{stays}");
    }
    if path != url.path() {
        url.set_path(&path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: &str) {
        let url = Url::parse(url).unwrap();
        let once = canonical(&url);
        assert_eq!(once.as_str(), expected);
        assert_eq!(canonical(&once), once, "canonical of canonical");
    }

    #[test]
    fn tracking_goes_and_the_rest_stays_as_spelt() {
        check("https://news.test/a?utm_source=x&id=7&UTM_Medium=y", "https://news.test/a?id=7");
        check("https://news.test/a?fbclid=1", "https://news.test/a");
        check("https://news.test/a?q=%20a+b&b=&a", "https://news.test/a?q=%20a+b&b=&a");
        check("https://news.test/a?at_medium=x&attitude=1", "https://news.test/a?attitude=1");
        check("https://news.test/a?", "https://news.test/a");
        check("https://news.test/a?ref=home", "https://news.test/a?ref=home");
    }

    #[test]
    fn fragment_port_and_credentials_go() {
        check("https://News.TEST:443/a#top", "https://news.test/a");
        check("http://news.test:80", "http://news.test/");
        check("http://news.test:8080/a", "http://news.test:8080/a");
        check("https://user:word@news.test/a", "https://news.test/a");
        check("https://news.test//a/b", "https://news.test/a/b");
    }

    #[test]
    fn an_amp_copy_becomes_its_page_only_where_the_address_says_which() {
        check("https://news.test/2016/aleppo/amp/", "https://news.test/2016/aleppo/");
        check("https://news.test/2016/aleppo/amp", "https://news.test/2016/aleppo");
        check("https://news.test/story?amp=1&id=2", "https://news.test/story?id=2");
        check("https://news.test/story?outputType=amp", "https://news.test/story");
        check("https://amp.news.test/story", "https://amp.news.test/story");
        check("https://news.test/story.amp.html", "https://news.test/story.html");
        check("https://news.test/story/amp.html", "https://news.test/story.html");
        check("https://news.test/amp/story", "https://news.test/amp/story");
        check("https://news.test/amp", "https://news.test/amp");
        check("https://news.test/swamp", "https://news.test/swamp");
    }

    #[test]
    fn a_caches_copy_is_its_publishers_page() {
        let page = "https://www.news.test/a/story?id=2";
        check("https://www-news-test.cdn.ampproject.org/c/s/www.news.test/a/story/amp?id=2", page);
        check(
            "https://www-news-test.cdn.ampproject.org/v/s/www.news.test/a/story?id=2&amp_js_v=0.1&usqp=x",
            page,
        );
        check(
            "https://www.google.com/amp/s/www.news.test/a/story/amp/?id=2",
            "https://www.news.test/a/story/?id=2",
        );
        check("https://www.google.co.uk/amp/www.news.test/a", "http://www.news.test/a");
        check(
            "https://www.google.com/amp/s/www.google.com/amp/s/www.news.test/a",
            "https://www.news.test/a",
        );
        check("https://www.google.com/amp/help", "https://www.google.com/amp/help");
        check("https://google.news.test/amp/s/x.test/a", "https://google.news.test/amp/s/x.test/a");
    }

    #[test]
    fn a_print_view_is_its_page() {
        for print in [
            "https://news.test/story/print/",
            "https://news.test/story/print",
            "https://news.test/story?print=1",
            "https://news.test/story?print",
            "https://news.test/story?view=print",
            "https://news.test/story?mode=print&printable=true",
            "https://news.test/story/?outputType=amp",
        ] {
            let slash = if print.contains("/print/") || print.contains("/?") { "/" } else { "" };
            check(print, &format!("https://news.test/story{slash}"));
        }
        check(
            "https://news.test/story?print=3&view=gallery",
            "https://news.test/story?print=3&view=gallery",
        );
        check("https://news.test/print", "https://news.test/print");
        check("https://news.test/print/edition-7", "https://news.test/print/edition-7");
        check("https://news.test/blueprint", "https://news.test/blueprint");
    }

    #[test]
    fn a_session_is_no_part_of_a_name() {
        check("https://news.test/a;jsessionid=1A2B.node3?id=7", "https://news.test/a?id=7");
        check("https://news.test/a;JSESSIONID=1A2B/b.do", "https://news.test/a/b.do");
        check("https://news.test/(S(lit3py55t21z5v55vlm25s55))/a.aspx", "https://news.test/a.aspx");
        check("https://news.test/a?PHPSESSID=abc&id=7", "https://news.test/a?id=7");
        check("https://news.test/a?ASPSESSIONIDCSQRTD=ABC", "https://news.test/a");
        check("https://news.test/a?sid=0123456789abcdef0123456789abcdef", "https://news.test/a");
        // The story's own number, or its name.
        check("https://news.test/a?sid=4711", "https://news.test/a?sid=4711");
        check(
            "https://news.test/a?s=harbour-of-kvitnes-closed-2016",
            "https://news.test/a?s=harbour-of-kvitnes-closed-2016",
        );
        check(
            "https://news.test/a?sid=123456789012345678901234567890",
            "https://news.test/a?sid=123456789012345678901234567890",
        );
    }

    #[test]
    fn where_a_link_was_read_is_no_part_of_a_name() {
        check("https://news.test/a?ref=rss&id=7", "https://news.test/a?id=7");
        check("https://news.test/a?partner=rssnyt&emc=rss", "https://news.test/a");
        check("https://news.test/a?source=rssfeed", "https://news.test/a");
        check("https://news.test/a?CMP=share_btn_tw", "https://news.test/a");
        check(
            "https://news.test/a?source=afp&from=2016",
            "https://news.test/a?source=afp&from=2016",
        );
        check(
            "https://news.test/a?gad_source=1&mtm_campaign=x&pk_kwd=y&itm_source=z",
            "https://news.test/a",
        );
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
        #[test]
        fn what_is_canonical_stays_as_it_is(
            host in "(news.test|www.google.com|a-b.cdn.ampproject.org)",
            path in "(/|//|/amp|/s|/c|/print|/a.b|;jsessionid=x|/\\(S\\(x\\)\\)|\\.amp|\\.html){0,7}",
            query in "((print|amp|id|sid|ref|utm_x)(=(1|rss|print|a1b2c3d4e5f6a1b2c3d4e5f6))?&?){0,4}",
        ) {
            if let Ok(url) = Url::parse(&format!("https://{host}/{path}?{query}")) {
                let once = canonical(&url);
                proptest::prop_assert_eq!(canonical(&once), once);
            }
        }
    }
}
