//! Clusters and a report to the table a person reads.

use std::fmt::Write as _;

use super::check::{ObservedCluster, Outcome, Report};

/// Headlines are cut to this many characters.
const TITLE_CHARS: usize = 58;

/// The clusters, the largest first, then the checks and one line of sums.
pub fn table(clusters: &[ObservedCluster], report: &Report) -> String {
    let mut rows: Vec<&ObservedCluster> = clusters.iter().collect();
    rows.sort_by(|a, b| b.members.len().cmp(&a.members.len()).then_with(|| a.id.cmp(&b.id)));
    let mut out =
        format!("{:TITLE_CHARS$}  {:>8}  {:>7}  relations\n", "headline", "articles", "sources");
    for cluster in rows {
        let title = cut(&cluster.title);
        let pad = TITLE_CHARS.saturating_sub(title.chars().count());
        let _ = writeln!(
            out,
            "{title}{:pad$}  {:>8}  {:>7}  {}",
            "",
            cluster.members.len(),
            cluster.sources,
            relations(cluster)
        );
    }
    out.push('\n');
    for check in &report.checks {
        let _ = match &check.outcome {
            Outcome::Ok => writeln!(out, "ok       {}", check.expected),
            Outcome::Failed(why) => writeln!(out, "FAILED   {}\n         → {why}", check.expected),
            Outcome::NotYet(why) => writeln!(out, "not yet  {}\n         → {why}", check.expected),
        };
    }
    let (ok, failed, later) = report.counts();
    let articles: usize = clusters.iter().map(|cluster| cluster.members.len()).sum();
    let _ = writeln!(
        out,
        "\n{articles} articles in {} clusters: {ok} checks ok, {failed} FAILED, {later} not yet",
        clusters.len()
    );
    out
}

fn cut(title: &str) -> String {
    if title.chars().count() <= TITLE_CHARS {
        return title.to_owned();
    }
    title.chars().take(TITLE_CHARS - 1).chain(['…']).collect()
}

/// "origin, update ×2, copy ×4", in the order they first stand.
fn relations(cluster: &ObservedCluster) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for member in &cluster.members {
        match counts.iter_mut().find(|(word, _)| *word == member.relation) {
            Some((_, count)) => *count += 1,
            None => counts.push((&member.relation, 1)),
        }
    }
    let words: Vec<String> = counts
        .into_iter()
        .map(|(word, count)| if count > 1 { format!("{word} ×{count}") } else { word.to_owned() })
        .collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::check::{Check, ObservedMember};

    #[test]
    fn the_table_shows_each_cluster_each_check_and_the_sums() {
        let member = |relation: &str| ObservedMember {
            relation: relation.to_owned(),
            ..ObservedMember::default()
        };
        let clusters = [ObservedCluster {
            id: "c1".to_owned(),
            title: "Cargo ship strikes the old toll bridge at Brellow and everything stops at once"
                .to_owned(),
            versions: 3,
            sources: 2,
            origin: "tpb".to_owned(),
            verdict: "certain".to_owned(),
            members: vec![member("origin"), member("copy"), member("copy")],
        }];
        let check = |outcome| Check { expected: "e".to_owned(), outcome };
        let report = Report {
            checks: vec![
                check(Outcome::Ok),
                check(Outcome::Failed("split".to_owned())),
                check(Outcome::NotYet("states come later".to_owned())),
            ],
        };
        let shown = table(&clusters, &report);
        for part in [
            "…         3        2  origin, copy ×2\n",
            "ok       e\n",
            "FAILED   e\n         → split\n",
            "not yet  e\n         → states come later\n",
            "3 articles in 1 clusters: 1 checks ok, 1 FAILED, 1 not yet\n",
        ] {
            assert!(shown.contains(part), "{part:?} not in:\n{shown}");
        }
    }
}
