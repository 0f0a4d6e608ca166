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
];

/// The same address without fragment, credentials, default port and tracking parameters; an AMP copy becomes the page it
/// copies where its address alone says which that is.
#[must_use]
pub fn canonical(url: &Url) -> Url {
    let mut clean = url.clone();
    clean.set_fragment(None);
    // A url that cannot have credentials or a port has none: nothing to undo.
    let _ = clean.set_username("");
    let _ = clean.set_password(None);
    drop_parameters(&mut clean);
    leave_amp(&mut clean);
    if clean.path().len() > 1 && clean.path().starts_with("//") {
        let path = format!("/{}", clean.path().trim_start_matches('/'));
        clean.set_path(&path);
    }
    clean
}

fn is_tracking(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TRACKING.iter().any(|(pattern, _)| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *pattern,
    })
}

/// Keeps the order and the very spelling of what stays: `a=%20` and `a=+` may be two pages.
fn drop_parameters(url: &mut Url) {
    let Some(query) = url.query() else { return };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !is_tracking(pair.split('=').next().unwrap_or(pair)))
        .collect();
    let query = (!kept.is_empty()).then(|| kept.join("&"));
    url.set_query(query.as_deref());
}

/// `/amp/` at the end of the path, `?amp`, `?amp=1`, `?outputType=amp`: the page without it is the same story on every
/// publisher we know. A host `amp.example` or `/amp/` in front is not touched: nothing says what the other host is called.
fn leave_amp(url: &mut Url) {
    if let Some(query) = url.query() {
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_amp_parameter(pair)).collect();
        let query = (!kept.is_empty()).then(|| kept.join("&"));
        url.set_query(query.as_deref());
    }
    let path = url.path().to_owned();
    let page = path.strip_suffix("/amp/").or_else(|| path.strip_suffix("/amp"));
    if let Some(page) = page.filter(|page| page.len() > 1) {
        let slash = if path.ends_with('/') { "/" } else { "" };
        url.set_path(&format!("{page}{slash}"));
    }
}

fn is_amp_parameter(pair: &str) -> bool {
    matches!(
        pair.to_ascii_lowercase().as_str(),
        "amp" | "amp=" | "amp=1" | "amp=true" | "outputtype=amp"
    )
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
        check("https://news.test/amp/story", "https://news.test/amp/story");
        check("https://news.test/amp", "https://news.test/amp");
        check("https://news.test/swamp", "https://news.test/swamp");
    }
}
