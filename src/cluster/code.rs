//! Core words to the bytes that stand for them on disk, and back. A byte once given is never given again.

use super::{LinkKind, Reason, Relation};
#[cfg(any(test, feature = "daemon"))]
use crate::model::SignalPlace;
use crate::model::{OriginBasis, PageKind};

/// Gives each word of an enum its byte, both ways. The match is exhaustive, so a new word does not compile without a byte.
macro_rules! bytes_of {
    ($to:ident, $from:ident, $type:ident: $($word:ident = $byte:literal),+ $(,)?) => {
        pub(crate) const fn $to(word: $type) -> u8 {
            match word { $($type::$word => $byte),+ }
        }
        pub(crate) const fn $from(byte: u8) -> Option<$type> {
            match byte { $($byte => Some($type::$word),)+ _ => None }
        }
    };
}

bytes_of!(of_page_kind, page_kind, PageKind:
    Article = 0, Index = 1, SoftNotFound = 2, LiveBlog = 3, PaywallStub = 4, Other = 5);
bytes_of!(of_basis, basis, OriginBasis:
    OwnItem = 0, Dateline = 1, SignOff = 2, Byline = 3, Metadata = 4, Quote = 5);
// The journal alone keeps these.
#[cfg(any(test, feature = "daemon"))]
bytes_of!(of_signal_place, signal_place, SignalPlace:
    Header = 0, Meta = 1, Tdmrep = 2, Robots = 3);
bytes_of!(of_link_kind, link_kind, LinkKind: Text = 0, Short = 1, Article = 2, Contains = 3,
    Barred = 4, Editor = 5, Passage = 6);
bytes_of!(of_reason, reason, Reason:
    NearlyEqual = 0, LongShared = 1, FiguresAgree = 2, FewFigures = 3, LaterFiguresAgree = 4,
    WordsOfHeadline = 5, SameArticle = 6, HeldWhole = 7, SameAgain = 8, AllAgree = 9, Editor = 10,
    Reextracted = 11, Blend = 12, Passage = 13);
bytes_of!(of_relation, relation, Relation:
    Origin = 0, Copy = 1, Update = 2, Excerpt = 3, Extension = 4, Correction = 5, Localised = 6,
    Blend = 7, Repeat = 8, Contains = 9, Reextracted = 10);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_that_stands_for_a_word_reads_back_as_it() {
        for byte in 0..=u8::MAX {
            assert_eq!(page_kind(byte).map(of_page_kind), (byte < 6).then_some(byte));
            assert_eq!(basis(byte).map(of_basis), (byte < 6).then_some(byte));
            assert_eq!(signal_place(byte).map(of_signal_place), (byte < 4).then_some(byte));
            assert_eq!(link_kind(byte).map(of_link_kind), (byte < 7).then_some(byte));
            assert_eq!(reason(byte).map(of_reason), (byte < 14).then_some(byte));
            assert_eq!(relation(byte).map(of_relation), (byte < 11).then_some(byte));
        }
    }
}
