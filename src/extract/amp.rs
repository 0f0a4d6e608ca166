//! An AMP page to the same page without what AMP's own elements add to a story.
//!
//! What stands in an element of a player, a post or a picture is for who cannot see it, or does not see it yet.

use dom_query::Document;

/// Menus, boxes over the page, advertisements, lists and next stories that a server fills in, players and posts of other sites.
const CUT: &str = "amp-sidebar, amp-consent, amp-ad, amp-sticky-ad, amp-embed, amp-carousel, amp-base-carousel, amp-inline-gallery, \
    amp-stream-gallery, amp-lightbox, amp-image-lightbox, amp-lightbox-gallery, amp-social-share, amp-addthis, amp-user-notification, \
    amp-iframe, amp-next-page, amp-list, amp-app-banner, amp-web-push, amp-web-push-widget, amp-autocomplete, amp-video, amp-audio, \
    amp-youtube, amp-dailymotion, amp-vimeo, amp-brightcove, amp-jwplayer, amp-twitter, amp-facebook, amp-instagram, amp-reddit, \
    amp-pinterest, amp-tiktok, amp-3q-player, amp-video-iframe, amp-story-player, amp-date-countdown";
/// What stands until such an element is there, instead of it, or over its end.
const STAND_INS: &str =
    "amp-img > *, amp-anim > *, [fallback], [overflow], div[placeholder], blockquote[placeholder]";
/// What is shown to who may not read on: offers, and their buttons.
const OFFERS: &str = "[subscriptions-section='content-not-granted'], [subscriptions-action], [subscriptions-dialog], \
    [amp-access^='NOT '], [amp-access='false']";

/// Cuts them, from AMP pages and from others alike: no other page has them.
pub(crate) fn cut(doc: &Document) {
    doc.select(&[CUT, STAND_INS, OFFERS].join(", ")).remove();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::render::one_line;

    fn check(body: &str, expected: &str) {
        let doc = Document::from(format!("<body>{body}</body>"));
        cut(&doc);
        assert_eq!(one_line(&doc.select("body").text()), expected, "{body}");
    }

    #[test]
    fn what_amp_adds_goes() {
        for name in CUT.split(',').map(str::trim) {
            check(&format!("<p>Kept</p><{name} layout=fill><p>Gone</p></{name}>"), "Kept");
        }
        check(
            "<amp-live-list><p>Kept</p></amp-live-list><amp-accordion>too</amp-accordion>",
            "Kepttoo",
        );
    }

    #[test]
    fn stand_ins_go_with_what_they_stand_for() {
        check(
            "<amp-img src=a><div fallback>No picture</div><noscript>x</noscript></amp-img>Kept",
            "Kept",
        );
        check(
            "<div overflow role=button>More</div><blockquote placeholder>Post</blockquote>Kept",
            "Kept",
        );
        check("<input placeholder='Your address'><blockquote>Kept</blockquote>", "Kept");
    }

    #[test]
    fn offers_go_and_what_is_for_readers_stays() {
        check(
            "<section subscriptions-section=content>Kept</section><section subscriptions-section=content-not-granted>Buy</section>",
            "Kept",
        );
        check(
            "<div amp-access='NOT subscriber'>Buy</div><div amp-access=subscriber>Kept</div>",
            "Kept",
        );
    }
}
