//! What the fold takes and gives: versions with their verdicts in, changes out.

use std::sync::Arc;

use crate::model::{Article, ArticleId, ClusterId, OriginClaim, SourceId, Timestamp, VersionId};

/// One state of an article with its place in the journal and all that was judged of it.
///
/// This is what the journal keeps: `apply` needs nothing else, and of the article only source, kind, language, times and origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its place: the seq of its record.
    pub id: VersionId,
    /// The writer's clock when it got its place; never before an earlier version's. Time of the fold.
    pub seen_at: Timestamp,
    /// Number of the extractor that made the text; 0 for records that came as text.
    pub extractor: u16,
    /// What was found.
    pub article: Article,
    /// What was judged of it, at arrival.
    pub verdicts: Verdicts,
    /// What is left of its words where they were removed; `None` where they are there.
    pub redacted: Option<Redacted>,
}

impl Version {
    /// The article it is a version of: the one it was judged to be of, else its own, which goes by its number.
    pub fn article_id(&self) -> ArticleId {
        self.verdicts.article.unwrap_or(ArticleId(self.id.0))
    }

    /// The version of which it is another reading; `None` where its publisher changed something.
    pub fn reextracted_from(&self) -> Option<VersionId> {
        let first = self.verdicts.links.first();
        first.filter(|link| link.reason == Reason::Reextracted).map(|link| link.other)
    }
}

/// What is kept of a version's words once they are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redacted {
    /// It said that it corrects another.
    pub corrects: bool,
    /// How many words its text had.
    pub words: u32,
}

/// Everything `judge` decided about one version; with it, `apply` needs no text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// Number of the judging rules (tokeniser, sketch, link rule) that decided.
    pub engine: u16,
    /// Digest of the settings that decided.
    pub settings: u64,
    /// The article this is a version of; `None` where it founds one.
    pub article: Option<ArticleId>,
    /// Keyed hashes of the names the article goes by (url; source and id), the deciding one first.
    pub keys: Vec<u64>,
    /// Hash of title and text: a second record with the same one is a duplicate.
    pub content: u64,
    /// Hashes of the blocks of the body, in order; `blocks[i]` in `furniture` were left out of the comparison.
    pub blocks: Vec<u64>,
    /// Positions in `blocks` that were furniture of this source at arrival, ascending.
    pub furniture: Vec<u16>,
    /// Positions in `blocks`, ascending, that this page says nothing of: they are most of its text, or what its headline
    /// speaks of.
    pub no_evidence: Vec<u16>,
    /// The longer words of the headline, a bit each.
    pub headline: u64,
    /// Number of distinct shingles compared.
    pub shingles: u32,
    /// Verified links to older versions, best first (containment, then Jaccard, then the older).
    pub links: Vec<Link>,
    /// True for a round-up: it contains each linked version and joins none of their clusters.
    pub hub: bool,
    /// Links said before that hold no longer: what they rested on turned out to be furniture.
    pub withdrawn: Vec<Withdrawn>,
    /// Older versions that turn out to be round-ups now that a second story of theirs is here.
    pub late_hubs: Vec<VersionId>,
    /// Links resting on new furniture that were too many to be judged again at this arrival.
    pub unjudged: u32,
}

/// A link between two older versions that is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Withdrawn {
    /// The version that was linked at its arrival.
    pub newer: VersionId,
    /// The version it was linked to.
    pub older: VersionId,
}

/// How two versions are tied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// Shared text, by the link rule.
    Text,
    /// A headline or flash that fits a story's words.
    Short,
    /// Successive versions of one article.
    Article,
    /// A round-up holds the other whole; glues nothing.
    Contains,
    /// Shared text across a split that an editor made; glues nothing.
    Barred,
    /// An editor's word.
    Editor,
    /// Between a text and an agency's own item that is no version of it: the text has passages of the item. Glues nothing, and
    /// says whose words those are.
    Passage,
}

impl LinkKind {
    /// True where the link makes one cluster of its two ends.
    pub const fn glues(self) -> bool {
        !matches!(self, Self::Contains | Self::Barred | Self::Passage)
    }

    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Short => "short",
            Self::Article => "article",
            Self::Contains => "contains",
            Self::Barred => "barred",
            Self::Editor => "editor",
            Self::Passage => "passage",
        }
    }
}

/// One verified tie from a new version to an older one, in exact counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The older version.
    pub other: VersionId,
    /// How they are tied.
    pub kind: LinkKind,
    /// Which clause of the rule said yes; see [`Reason`].
    pub reason: Reason,
    /// Distinct shingles both hold.
    pub shared: u32,
    /// Distinct shingles of the new version.
    pub size: u32,
    /// Distinct shingles of the older version.
    pub other_size: u32,
    /// The block of their source on which at least half of what they share rests; 0 where none does.
    pub rests_on: u64,
}

impl Link {
    /// Jaccard similarity, shared ÷ union; 0 where both are empty.
    pub fn jaccard(&self) -> f64 {
        ratio(self.shared, self.size + self.other_size - self.shared)
    }

    /// Share of the new version found in the older one.
    pub fn in_other(&self) -> f64 {
        ratio(self.shared, self.size)
    }

    /// Share of the older version found in the new one.
    pub fn of_other(&self) -> f64 {
        ratio(self.shared, self.other_size)
    }

    /// Shared ÷ the smaller set.
    pub fn containment(&self) -> f64 {
        ratio(self.shared, self.size.min(self.other_size))
    }
}

fn ratio(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}

/// The clause of the link rule (DESIGN §4.4) that tied two versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// J ≥ .7 within a day.
    NearlyEqual,
    /// Long common copy with its own top and tail, within a day.
    LongShared,
    /// Much shared and the figures agree, within a day.
    FiguresAgree,
    /// Much shared and hardly any figures to disagree, within a day.
    FewFigures,
    /// Much shared and nearly all figures agree, after more than a day.
    LaterFiguresAgree,
    /// The same text with the same figures, after more than a day.
    SameAgain,
    /// Half of the text, and figures, names and headlines agree, within a day.
    AllAgree,
    /// An editor said so.
    Editor,
    /// Nearly all words of a headline-only item stand in a story of the last hours.
    WordsOfHeadline,
    /// Two versions of one article.
    SameArticle,
    /// Held whole beside another story.
    HeldWhole,
    /// The same page, read again by another extractor.
    Reextracted,
    /// The rule says yes, and the newcomer has passages of two or more agencies' own items.
    Blend,
    /// Shared words in a row, and not enough else.
    Passage,
}

impl Reason {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NearlyEqual => "nearly_equal",
            Self::LongShared => "long_shared",
            Self::FiguresAgree => "figures_agree",
            Self::FewFigures => "few_figures",
            Self::LaterFiguresAgree => "later_figures_agree",
            Self::SameAgain => "same_again",
            Self::AllAgree => "all_agree",
            Self::Editor => "editor",
            Self::WordsOfHeadline => "words_of_headline",
            Self::SameArticle => "same_article",
            Self::HeldWhole => "held_whole",
            Self::Reextracted => "reextracted",
            Self::Blend => "blend",
            Self::Passage => "passage",
        }
    }
}

/// How a member stands to its parent (CONTRACT §1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// First of its cluster.
    #[default]
    Origin,
    /// The same text, perhaps edited, elsewhere.
    Copy,
    /// A later state by the same article or source.
    Update,
    /// A part of the parent.
    Excerpt,
    /// The parent and more.
    Extension,
    /// A later state that says it corrects.
    Correction,
    /// The same text in another variety of the language.
    Localised,
    /// Passages of several origins.
    Blend,
    /// The same text again by the same source.
    Repeat,
    /// A round-up; stands alone.
    Contains,
    /// The same state of the article, read again by another extractor: no news.
    Reextracted,
}

impl Relation {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Copy => "copy",
            Self::Update => "update",
            Self::Excerpt => "excerpt",
            Self::Extension => "extension",
            Self::Correction => "correction",
            Self::Localised => "localised",
            Self::Blend => "blend",
            Self::Repeat => "repeat",
            Self::Contains => "contains",
            Self::Reextracted => "reextracted",
        }
    }
}

/// Internal number of a set of versions; survives merges and renames of the public id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(pub u32);

/// A version as a member of its set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The version.
    pub version: VersionId,
    /// Its article.
    pub article: ArticleId,
    /// How it stands to its parent.
    pub relation: Relation,
    /// Its best link at arrival; `None` for a first member and for a hub.
    pub parent: Option<Link>,
    /// True where a newer version of its article exists, in whichever set: views show the newest only.
    pub superseded: bool,
}

/// The row of a cluster: what a list shows of it, kept up to date with each record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Public id.
    pub cluster: ClusterId,
    /// The member that represents it: the newest state of the text by the source that had it first.
    pub lead: VersionId,
    /// Articles with at least one version here.
    pub articles: u32,
    /// Versions.
    pub versions: u32,
    /// Distinct sources, sorted.
    pub sources: Vec<SourceId>,
    /// Articles by other sources than the first member's.
    pub copies: u32,
    /// When the first member was seen.
    pub first_seen: Timestamp,
    /// Earliest time any member claims to have been published, if one does.
    pub first_published: Option<Timestamp>,
    /// When the lead's text last became materially newer.
    pub last_changed: Timestamp,
    /// When the newest member was seen.
    pub last_activity: Timestamp,
    /// Languages of its members, sorted.
    pub languages: Vec<String>,
    /// Best claim of origin among its members: an agency's own item before a claimed credit, the older first.
    pub origin: Option<OriginClaim>,
}

/// What one record changed, in the order it happened. The store writes these down; the stream tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A set and its public cluster came to be.
    Created {
        /// The set.
        set: SetId,
        /// Its public id.
        cluster: ClusterId,
    },
    /// A version entered a set. Sent after `Created` where it is the first.
    Joined {
        /// The set.
        set: SetId,
        /// The newcomer.
        member: Member,
        /// True where the article has no older version.
        new_article: bool,
    },
    /// A member of a set is shown differently (a newer version of its article came).
    Restated {
        /// The set.
        set: SetId,
        /// The member as it stands now.
        member: Member,
    },
    /// Members went from one set to another (the smaller side of a merge, or a part split off).
    Moved {
        /// Where they were.
        from: SetId,
        /// Where they are.
        to: SetId,
        /// Who, ascending.
        versions: Vec<VersionId>,
    },
    /// A public id now redirects to another; its set `gone` is empty.
    Merged {
        /// The younger id.
        from: ClusterId,
        /// The older id.
        into: ClusterId,
        /// The set that keeps the rows.
        kept: SetId,
        /// The set that ceased to be.
        gone: SetId,
    },
    /// A cluster fell apart because a link was withdrawn.
    Split {
        /// The id that was one.
        from: ClusterId,
        /// The ids it is now, the oldest first.
        into: Vec<ClusterId>,
    },
    /// A cluster has had its time, and nothing of it is known any more.
    Forgotten {
        /// The set.
        set: SetId,
        /// Its public id.
        cluster: ClusterId,
        /// Its members.
        versions: Vec<VersionId>,
        /// The articles whose first version is among them.
        articles: Vec<ArticleId>,
        /// The names (`Verdicts::keys`) these went by.
        names: Vec<u64>,
    },
    /// The set's row as it stands after this record. Sent once for each set the record touched, last.
    Updated {
        /// The set.
        set: SetId,
        /// The row; whoever makes rows keeps the last of a set for a while.
        summary: Arc<Summary>,
    },
}
