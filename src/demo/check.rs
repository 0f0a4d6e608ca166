//! The script and the clusters that were observed to a report: what came out as planned, what did not, what is not due yet.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::newsroom;
use super::script::{PlannedCluster, Script};

/// A cluster as the API shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ObservedCluster {
    /// Public id.
    pub id: String,
    /// Headline.
    pub title: String,
    /// Versions it holds.
    pub versions: u64,
    /// Sources it comes from.
    pub sources: u64,
    /// Whose copy it is said to be; empty where nobody's.
    pub origin: String,
    /// How sure that is: "certain", "likely", "claimed", "unknown".
    pub verdict: String,
    /// Its articles, each once.
    pub members: Vec<ObservedMember>,
}

/// An article in a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ObservedMember {
    /// The script's name for it; `None` for an address the newsroom does not have.
    pub item: Option<String>,
    /// Address.
    pub url: String,
    /// Source id.
    pub source: String,
    /// Headline.
    pub title: String,
    /// Relation to its parent.
    pub relation: String,
}

/// What the API says of a single article.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Whose copy it is; empty where nobody's.
    pub origin: String,
    /// How sure that is.
    pub verdict: String,
    /// Whose words it has, in tenths; empty where nobody can say.
    pub shares: String,
    /// How many passages show it.
    pub passages: usize,
}

/// How one expectation fared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", content = "detail", rename_all = "snake_case")]
pub enum Outcome {
    /// As planned.
    Ok,
    /// Not as planned; in which way.
    Failed(String),
    /// Nothing was checked; why.
    NotYet(String),
}

/// One expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was expected, in words.
    pub expected: String,
    /// How it fared.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// All expectations of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// In the order of the plan.
    pub checks: Vec<Check>,
}

impl Report {
    /// Whether nothing failed. What is not yet due does not count.
    pub fn came_out(&self) -> bool {
        !self.checks.iter().any(|check| matches!(check.outcome, Outcome::Failed(_)))
    }

    /// How many are ok, failed, not yet.
    pub fn counts(&self) -> (usize, usize, usize) {
        self.checks.iter().fold((0, 0, 0), |(ok, failed, later), check| match check.outcome {
            Outcome::Ok => (ok + 1, failed, later),
            Outcome::Failed(_) => (ok, failed + 1, later),
            Outcome::NotYet(_) => (ok, failed, later + 1),
        })
    }

    fn push(&mut self, expected: String, problems: &[String]) {
        let outcome =
            if problems.is_empty() { Outcome::Ok } else { Outcome::Failed(problems.join("; ")) };
        self.checks.push(Check { expected, outcome });
    }
}

/// Compares what came out with the plan.
pub fn check(script: &Script, observed: &[ObservedCluster]) -> Report {
    let seen = Seen::new(script, observed);
    let mut report = Report::default();
    for planned in &script.plan.clusters {
        let expected = format!(
            "{}: {} articles, one cluster ({})",
            planned.name,
            planned.members.len(),
            planned.about
        );
        let mut problems = seen.together(&planned.members, planned.versions_min);
        for (item, relation) in &planned.relations {
            problems.extend(seen.relation(item, relation));
        }
        problems.extend(planned.origin.as_ref().and_then(|origin| seen.origin(planned, origin)));
        report.push(expected, &problems);
    }
    singles(script, &seen, &mut report);
    for pair in &script.plan.apart {
        let expected = format!("{} and {} stay apart ({})", pair.a, pair.b, pair.why);
        report.push(expected, &seen.apart(&pair.a, &pair.b));
    }
    for alone in &script.plan.alone {
        let expected = format!("{} stands alone ({})", alone.item, alone.why);
        report.push(expected, &seen.alone(alone));
    }
    for absent in &script.plan.absent {
        let found = seen.places.contains_key(absent.item.as_str());
        let problem = found.then(|| format!("{} was taken in", absent.item));
        let expected = format!("{} is not found ({})", absent.item, absent.why);
        report.push(expected, problem.as_slice());
    }
    strays(observed, &mut report);
    for later in &script.plan.not_yet {
        let expected = format!("{}: {}", later.what, later.expect);
        report.checks.push(Check { expected, outcome: Outcome::NotYet(later.why.clone()) });
    }
    report
}

/// Compares what single articles are told to be with the plan; `told` is by item.
pub fn check_copies(script: &Script, told: &BTreeMap<String, Told>, report: &mut Report) {
    for copy in &script.plan.copies {
        let name = newsroom::spec(&copy.origin).map_or(copy.origin.as_str(), |site| site.name);
        let whose = copy.shares.as_deref().map(|shares| format!(", {shares}")).unwrap_or_default();
        let expected = format!("{} is {name}'s, {}{whose}", copy.item, copy.verdict);
        let Some(found) = told.get(&copy.item) else {
            report.push(expected, &[format!("{} is missing", copy.item)]);
            continue;
        };
        let mut problems = Vec::new();
        if (found.origin.as_str(), &found.verdict) != (name, &copy.verdict) {
            problems.push(format!("it is told as {} ({})", found.origin, found.verdict));
        }
        if copy.shares.as_ref().is_some_and(|shares| *shares != found.shares) {
            problems.push(format!("its shares are {}", found.shares));
        }
        if found.passages == 0 {
            problems.push("no passage shows it".to_owned());
        }
        report.push(expected, &problems);
    }
}

/// Items that stand in no planned cluster and have no line of their own must each have a cluster to themselves.
fn singles(script: &Script, seen: &Seen<'_>, report: &mut Report) {
    let planned: BTreeSet<&str> = script
        .plan
        .clusters
        .iter()
        .flat_map(|c| c.members.iter())
        .chain(script.plan.alone.iter().map(|alone| &alone.item))
        .chain(script.plan.absent.iter().map(|absent| &absent.item))
        .map(String::as_str)
        .collect();
    let singles: Vec<String> = script
        .items
        .iter()
        .filter(|item| !planned.contains(item.id.as_str()))
        .map(|item| item.id.clone())
        .collect();
    let problems: Vec<String> =
        singles.iter().flat_map(|item| seen.together(std::slice::from_ref(item), 0)).collect();
    report.push(format!("{} other stories stand alone", singles.len()), &problems);
}

fn strays(observed: &[ObservedCluster], report: &mut Report) {
    let strays = observed
        .iter()
        .flat_map(|cluster| &cluster.members)
        .filter(|member| member.item.is_none())
        .map(|member| format!("{:?} of {} is no page of the script", member.url, member.source));
    report.push("nothing else was taken in".to_owned(), &strays.collect::<Vec<_>>());
}

/// Where the script's items were observed.
struct Seen<'a> {
    observed: &'a [ObservedCluster],
    /// Item → places in `observed`; more than one is a fault of its own.
    places: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Seen<'a> {
    fn new(script: &Script, observed: &'a [ObservedCluster]) -> Self {
        let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, cluster) in observed.iter().enumerate() {
            for item in cluster.members.iter().filter_map(|member| member.item.as_deref()) {
                if script.item(item).is_some() {
                    places.entry(item).or_default().push(place);
                }
            }
        }
        Self { observed, places }
    }

    /// The clusters an item was seen in.
    fn of(&self, item: &str) -> &[usize] {
        self.places.get(item).map_or(&[], Vec::as_slice)
    }

    fn id(&self, place: usize) -> &str {
        self.observed.get(place).map_or("", |cluster| cluster.id.as_str())
    }

    /// What is wrong with "these and no others share one cluster".
    fn together(&self, members: &[String], versions_min: u64) -> Vec<String> {
        let mut problems = Vec::new();
        let mut clusters: BTreeSet<usize> = BTreeSet::new();
        for member in members {
            match self.of(member) {
                [] => problems.push(format!("{member} is missing")),
                [place] => {
                    clusters.insert(*place);
                }
                more => problems.push(format!("{member} is shown {} times", more.len())),
            }
        }
        if clusters.len() > 1 {
            let parts: Vec<String> = clusters
                .iter()
                .map(|place| {
                    let held = members.iter().filter(|m| self.of(m).contains(place));
                    let held: Vec<&str> = held.map(String::as_str).collect();
                    format!("{} has {}", self.id(*place), held.join(", "))
                })
                .collect();
            problems.push(format!("split: {}", parts.join(" · ")));
        }
        for place in &clusters {
            problems.extend(self.foreigners(*place, members));
        }
        if let ([only], true) =
            (clusters.iter().copied().collect::<Vec<_>>().as_slice(), versions_min > 0)
        {
            let versions = self.observed[*only].versions;
            if versions < versions_min {
                problems.push(format!("{versions} versions, expected at least {versions_min}"));
            }
        }
        problems
    }

    fn foreigners(&self, place: usize, members: &[String]) -> Option<String> {
        let cluster = self.observed.get(place)?;
        let foreign: Vec<&str> = cluster
            .members
            .iter()
            .map(|member| member.item.as_deref().unwrap_or(&member.url))
            .filter(|item| !members.iter().any(|member| member == item))
            .collect();
        (!foreign.is_empty()).then(|| format!("{} also has {}", cluster.id, foreign.join(", ")))
    }

    fn apart(&self, a: &str, b: &str) -> Vec<String> {
        let missing = [a, b].into_iter().filter(|item| self.of(item).is_empty());
        let mut problems: Vec<String> = missing.map(|item| format!("{item} is missing")).collect();
        let both = self.of(a).iter().find(|place| self.of(b).contains(place));
        problems.extend(both.map(|place| format!("both are in {}", self.id(*place))));
        problems
    }

    fn alone(&self, alone: &crate::demo::script::Alone) -> Vec<String> {
        let places = self.of(&alone.item);
        if places.is_empty() && alone.optional {
            return Vec::new();
        }
        let mut problems = self.together(std::slice::from_ref(&alone.item), alone.versions_min);
        if let Some(relation) = &alone.relation {
            problems.extend(self.relation(&alone.item, relation));
        }
        problems
    }

    /// What is wrong with an item's relation; a missing item is complained of elsewhere.
    fn relation(&self, item: &str, relation: &str) -> Option<String> {
        let place = self.of(item).first()?;
        let members = &self.observed.get(*place)?.members;
        let shown = members.iter().find(|member| member.item.as_deref() == Some(item))?;
        let wrong = shown.relation != relation;
        wrong.then(|| format!("relation of {item} is {}, expected {relation}", shown.relation))
    }

    /// What is wrong with the origin told of a planned cluster, by the cluster of its first member.
    fn origin(&self, planned: &PlannedCluster, origin: &str) -> Option<String> {
        let place = self.of(planned.members.first()?).first()?;
        let cluster = self.observed.get(*place)?;
        let name = newsroom::spec(origin).map_or(origin, |site| site.name);
        let right = cluster.verdict == "certain" && [origin, name].contains(&&*cluster.origin);
        (!right).then(|| {
            let Some(told) = Some(&cluster.origin).filter(|told| !told.is_empty()) else {
                return format!("no origin is told, expected {name}");
            };
            format!("origin is {told} ({}), expected {name} (certain)", cluster.verdict)
        })
    }
}

#[cfg(test)]
mod tests;
