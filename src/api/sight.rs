//! Who asks and what a publisher grants, to how much of a text is shown.
//!
//! Off loopback a request without a token sees title, link and a short excerpt; what `rights.serve` of a source says holds for
//! everybody; and a text whose publisher closed it on a day is not shown after that day. What is kept is another matter.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::api::{self, guard};
use crate::model::{Article, Timestamp};
use crate::rights;

/// Characters of an excerpt: two lines, as search results have them.
const EXCERPT_CHARS_MAX: usize = 200;

/// How much of a text is shown, the least last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Serve {
    /// All of it.
    #[default]
    Text,
    /// Title, link and the beginning of the text.
    Excerpt,
    /// Title and link.
    Title,
}

impl Serve {
    /// Every word, in the order the documentation names them.
    pub const ALL: [Self; 3] = [Self::Text, Self::Excerpt, Self::Title];

    /// The word used in the file and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Excerpt => "excerpt",
            Self::Title => "title",
        }
    }
}

/// The most that whoever asks may see of any text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sight(pub(super) Serve);

impl FromRequestParts<api::State> for Sight {
    type Rejection = Infallible;

    async fn from_request_parts(ask: &mut Parts, state: &api::State) -> Result<Self, Infallible> {
        let settings = &state.settings;
        let is_known = guard::bears_token(&ask.headers, &settings.tokens);
        Ok(Self(if settings.showing.texts_open || is_known { Serve::Text } else { Serve::Excerpt }))
    }
}

impl Sight {
    /// How much of an article is shown at `now`: the least of what the asker, its source and its page allow.
    pub(super) fn of(self, article: &Article, settings: &Showing, now: Timestamp) -> Serve {
        let source = settings.terms.get(article.source.as_str()).copied().unwrap_or_default();
        let is_over = rights::ends(&article.signals).is_some_and(|end| end <= now);
        let of_page = if is_over && settings.tdm_respected && !source.licensed {
            Serve::Title
        } else {
            Serve::Text
        };
        self.0.max(source.serve).max(of_page)
    }
}

/// How much of a text is shown to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Showing {
    /// True where texts are shown without a token: on loopback. Else such a request sees excerpts.
    pub texts_open: bool,
    /// True where the day counts after which a page says it is closed.
    pub tdm_respected: bool,
    /// What may be shown of the sources of the configuration, by their ids. Of others all is.
    pub terms: BTreeMap<String, Terms>,
}

impl Default for Showing {
    /// All of it, to everybody, but for what a publisher has closed.
    fn default() -> Self {
        Self { texts_open: true, tdm_respected: true, terms: BTreeMap::new() }
    }
}

/// What `config` says of a source's copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// `rights.serve`.
    pub serve: Serve,
    /// True where a licence lifts what its pages reserve.
    pub licensed: bool,
}

/// What is shown of an article. Beside the text those fields go that may hold words of it.
pub(super) fn shown(article: &Article, serve: Serve) -> Article {
    let mut shown = article.clone();
    if serve == Serve::Text {
        return shown;
    }
    shown.text = if serve == Serve::Excerpt { excerpt(&article.text) } else { String::new() };
    (shown.ednote, shown.extra) = (None, None);
    shown
}

/// The beginning of a text, whole words of it.
fn excerpt(text: &str) -> String {
    let line = text.replace('\n', " ");
    let Some((end, _)) = line.char_indices().nth(EXCERPT_CHARS_MAX) else { return line };
    let head = &line[..end];
    let cut = head.rfind(char::is_whitespace).filter(|&at| at > end / 2).unwrap_or(end);
    format!("{} …", head[..cut].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{sample, tests, view};
    use crate::model::{Signal, SignalPlace};

    fn article() -> Article {
        Article {
            source: "alba".into(),
            title: "Ferry back".to_owned(),
            text: "word ".repeat(100).trim_end().to_owned(),
            ednote: Some("Adds quote".to_owned()),
            extra: Some("{\"body\":\"word\"}".to_owned()),
            ..Article::default()
        }
    }

    #[test]
    fn an_excerpt_is_short_and_ends_with_a_word() {
        let cut = shown(&article(), Serve::Excerpt);
        assert!(cut.text.chars().count() <= EXCERPT_CHARS_MAX + 2 && cut.text.ends_with("word …"));
        assert_eq!((cut.title.as_str(), cut.ednote, cut.extra), ("Ferry back", None, None));
        assert_eq!(excerpt("Short.\nIt is."), "Short. It is.");
        assert_eq!(excerpt(&"あ".repeat(300)).chars().count(), EXCERPT_CHARS_MAX + 2);
        assert_eq!(shown(&article(), Serve::Title).text, "");
        assert_eq!(shown(&article(), Serve::Text), article());
    }

    #[test]
    fn the_least_of_what_asker_source_and_page_allow_is_shown() {
        let now = Timestamp::from_secs(1_476_295_200);
        let with = |serve, licensed| {
            let terms = [("alba".to_owned(), Terms { serve, licensed })].into();
            Showing { terms, ..Showing::default() }
        };
        let plain = with(Serve::Text, false);
        let excerpts = with(Serve::Excerpt, false);
        let open = article();
        let mut over = article();
        let until = |day: &str| vec![Signal::new(SignalPlace::Header, "unavailable_after", day)];
        over.signals = until("2016-10-12");
        let mut later = article();
        later.signals = until("2016-10-13");
        for (asker, article, settings, expected) in [
            (Serve::Text, &open, &plain, Serve::Text),
            (Serve::Excerpt, &open, &plain, Serve::Excerpt),
            (Serve::Text, &open, &excerpts, Serve::Excerpt),
            (Serve::Excerpt, &open, &with(Serve::Title, true), Serve::Title),
            (Serve::Text, &over, &plain, Serve::Title),
            (Serve::Text, &later, &plain, Serve::Text),
            (Serve::Text, &over, &with(Serve::Text, true), Serve::Text),
            (Serve::Text, &over, &Showing { tdm_respected: false, ..plain.clone() }, Serve::Text),
        ] {
            assert_eq!(Sight(asker).of(article, settings, now), expected);
        }
    }
    #[tokio::test]
    async fn who_has_no_token_off_loopback_reads_an_excerpt_and_sees_no_texts_compared() {
        let settings = api::Params {
            tokens: vec!["right".to_owned()],
            showing: Showing { texts_open: false, ..Showing::default() },
            ..api::Params::default()
        };
        let mut other = Article { source: "bora".into(), ..article() };
        other.text.push_str(" and more");
        let day = [article(), other].map(|mut article| {
            article.url = Some(format!("https://{}.example/1", article.source));
            (article, sample::NOON)
        });
        let served = tests::serve(day.into(), settings).await;
        let state = served.state.clone();
        let see = async |token: Option<&str>| {
            let mut ask = axum::http::Request::builder().uri("/");
            if let Some(token) = token {
                ask = ask.header("authorization", format!("Bearer {token}"));
            }
            let (mut parts, ()) = ask.body(()).unwrap().into_parts();
            Sight::from_request_parts(&mut parts, &state).await.unwrap()
        };
        for (token, serve) in
            [(None, "excerpt"), (Some("wrong"), "excerpt"), (Some("right"), "text")]
        {
            let sight = see(token).await;
            let id = crate::model::ArticleId(1);
            let body = view::article(&state, sight, &id.to_string()).unwrap();
            assert_eq!(body["served"], serve, "{token:?}");
            let whole = body["text"].as_str() == Some(article().text.as_str());
            assert_eq!(whole, serve == "text");
            assert_eq!(
                body.get("body").is_some(),
                serve == "text",
                "what we have no field for may hold the text"
            );
            let cluster = crate::model::ClusterId(1);
            let view::Found::Here(diff) =
                view::diff(&state, sight, &cluster.to_string(), None, None).unwrap()
            else {
                panic!("it is there")
            };
            assert_eq!(diff.withheld.len(), if serve == "text" { 0 } else { 2 });
            assert_eq!(diff.paragraphs.is_empty(), serve != "text");
        }
    }
}
