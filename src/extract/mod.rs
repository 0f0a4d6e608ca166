//! Page to article.

use url::Url;

/// placeholder until the room lands
pub fn canonical(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_fragment(None);
    url
}
