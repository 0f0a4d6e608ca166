//! Splits, merges and their undoing over a fold of invented texts.

use super::*;
use crate::cluster::{Batch, Params, Placed};
use crate::model::{Article, Timestamp};

/// A text of numbered sentences: texts that share most of them are near.
fn body(sentences: std::ops::Range<u32>) -> String {
    sentences
        .map(|n| {
            format!(
                "Sentence {} tells what pilot {} saw near lock {} that night.",
                n * 7,
                n * 11,
                n * 13
            )
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn push(batch: &mut Batch, source: &str, text: String) -> VersionId {
    let id = text.len().to_string();
    push_as(batch, source, &id, text)
}

fn push_as(batch: &mut Batch, source: &str, id: &str, text: String) -> VersionId {
    let article = Article {
        source: source.into(),
        id: Some(id.to_owned()),
        title: "Locks closed".into(),
        text,
        ..Article::default()
    };
    match batch.push(article, Timestamp::EPOCH) {
        Placed::Version { version, .. } => version.id,
        Placed::Duplicate(version) => version,
    }
}

fn clusters(batch: &Batch, versions: &[VersionId]) -> Vec<u64> {
    versions.iter().map(|&version| batch.clusterer().cluster_of(version).unwrap().0).collect()
}

#[test]
fn a_split_is_final_a_newcomer_joins_its_best_side_and_undoing_brings_all_together() {
    let mut batch = Batch::new(Params::default());
    let mut versions: Vec<VersionId> = [("a", 0..20), ("b", 1..21), ("c", 2..22)]
        .map(|(source, range)| push(&mut batch, source, body(range)))
        .into();
    assert_eq!(clusters(&batch, &versions), [1, 1, 1]);
    let fold = batch.clusterer_mut();
    let word = Override::Split { articles: vec![ArticleId(3)] };
    let changes = fold.override_with(9, &word).unwrap();
    assert!(changes.iter().any(|change| matches!(change, Change::Split { .. })), "{changes:?}");
    assert_eq!(clusters(&batch, &versions), [1, 1, 3]);
    // Nearest to the third, and near the others, too.
    versions.push(push(&mut batch, "d", body(2..23)));
    assert_eq!(clusters(&batch, &versions), [1, 1, 3, 3]);
    let barred = batch
        .clusterer()
        .links_of(versions[3])
        .filter(|link| link.kind == LinkKind::Barred)
        .count();
    assert_eq!(barred, 2);
    let fold = batch.clusterer_mut();
    assert_eq!(
        fold.override_with(10, &Override::Merge { a: ClusterId(1), b: ClusterId(3) }),
        Err(OverrideError::Barred(9))
    );
    fold.override_with(11, &Override::Undo { number: 9 }).unwrap();
    assert_eq!(clusters(&batch, &versions)[..3], [1, 1, 1]);
    assert!(batch.clusterer_mut().override_with(12, &Override::Undo { number: 9 }).is_err());
}

#[test]
fn a_newcomer_of_a_parted_article_that_is_near_another_story_finds_its_place() {
    let mut batch = Batch::new(Params::default());
    let named = |source: &str, id: &str, range| Article {
        source: source.into(),
        id: Some(id.to_owned()),
        text: body(range),
        ..Article::default()
    };
    let take = |batch: &mut Batch, article| batch.push(article, Timestamp::EPOCH).id();
    for (source, id, range) in
        [("a", "1", 0..20), ("b", "2", 1..21), ("c", "3", 2..22), ("d", "4", 100..120)]
    {
        take(&mut batch, named(source, id, range));
    }
    let word = Override::Split { articles: vec![ArticleId(3)] };
    batch.clusterer_mut().override_with(9, &word).unwrap();
    // By its text it is of the fourth's story, by its name the third's next version.
    let newcomer = take(&mut batch, named("c", "3", 101..121));
    let versions = [VersionId(1), VersionId(3), VersionId(4), newcomer];
    assert_eq!(clusters(&batch, &versions), [1, 3, 3, 3]);
}

#[test]
fn an_article_that_brings_two_clusters_together_is_counted_once() {
    let mut batch = Batch::new(Params::default());
    let take = |batch: &mut Batch, source: &str, range| {
        let article = Article {
            source: source.into(),
            id: Some("1".to_owned()),
            text: body(range),
            ..Article::default()
        };
        batch.push(article, Timestamp::EPOCH)
    };
    for (source, range) in [("a", 0..20), ("b", 1..21), ("c", 2..22), ("d", 100..120)] {
        take(&mut batch, source, range);
    }
    // By its text it is of the first story, by its name the fourth's next version; the first set of all keeps its number.
    let Placed::Version { changes, .. } = take(&mut batch, "d", 3..23) else { panic!() };
    let articles: Vec<u32> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Updated { summary, .. } => Some(summary.articles),
            _ => None,
        })
        .collect();
    assert_eq!(articles, [4]);
}

#[test]
fn a_merge_holds_what_texts_do_not_until_it_is_undone() {
    let mut batch = Batch::new(Params::default());
    let versions = [push(&mut batch, "a", body(0..20)), push(&mut batch, "b", body(100..120))];
    let fold = batch.clusterer_mut();
    let word = Override::Merge { a: ClusterId(2), b: ClusterId(1) };
    fold.override_with(7, &word).unwrap();
    assert_eq!(fold.override_with(8, &word), Err(OverrideError::OneAlready));
    assert_eq!(clusters(&batch, &versions), [1, 1]);
    batch.clusterer_mut().override_with(8, &Override::Undo { number: 7 }).unwrap();
    assert_eq!(clusters(&batch, &versions), [1, 2]);
}

#[test]
fn a_split_that_is_none_says_what_is_wrong() {
    let mut batch = Batch::new(Params::default());
    push(&mut batch, "a", body(0..20));
    push(&mut batch, "b", body(100..120));
    let fold = batch.clusterer_mut();
    let split = |articles: &[u64]| Override::Split {
        articles: articles.iter().map(|&id| ArticleId(id)).collect(),
    };
    assert_eq!(fold.override_with(7, &split(&[1])), Err(OverrideError::NotAPart));
    assert_eq!(fold.override_with(7, &split(&[1, 2])), Err(OverrideError::NotAPart));
    assert!(matches!(fold.override_with(7, &split(&[5])), Err(OverrideError::Unknown(_))));
}

#[test]
fn a_new_version_of_a_split_article_may_reach_a_third_cluster() {
    let mut batch = Batch::new(Params::default());
    let mut versions: Vec<VersionId> = [("a", 0..20), ("b", 1..21), ("c", 2..22), ("d", 100..120)]
        .map(|(source, range)| push_as(&mut batch, source, "1", body(range)))
        .into();
    let word = Override::Split { articles: vec![ArticleId(3)] };
    batch.clusterer_mut().override_with(9, &word).unwrap();
    assert_eq!(clusters(&batch, &versions), [1, 1, 3, 4]);
    versions.push(push_as(&mut batch, "c", "1", body(100..121)));
    assert_eq!(batch.clusterer().article_of(versions[4]), Some(ArticleId(3)));
    assert_eq!(clusters(&batch, &versions), [1, 1, 3, 3, 3]);
}
