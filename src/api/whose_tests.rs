//! Whose copy a version is and whose words it has, as the API tells it: before and after the agency's own item is there.

use serde_json::Value;

use super::Params;
use super::sample;
use super::tests::{Served, serve};
use crate::model::{Article, ArticleId, OriginBasis, OriginClaim, Timestamp, VersionId};

const NAP: [&str; 4] = [
    "KVITNES, Norland (NAP) - A crane fell onto the main quay of Kvitnes on Monday and closed the harbour to all but fishing boats, the town said.",
    "The crane, which had stood there for 41 years, came down at dawn after a gust of wind that nobody had forecast, harbour master Odd Sample said.",
    "Two ferries with 318 people on board waited off the breakwater until a tug could take their lines in the afternoon.",
    "Divers are to look at the foundations of the three other cranes before work begins again, which will take a week at least.",
];

const ALBA: [&str; 3] = [
    "The company that built the crane went bankrupt nine years ago, and the town never found another one to look after it, records seen by Alba Press show.",
    "An inspector wrote in spring that rust had eaten a third of the steel at the foot of the crane and asked for it to be taken down before the autumn.",
    "The council put the matter off twice because the harbour would have had to close in the weeks of the herring, its minutes say.",
];

fn article(source: &str, number: u32, title: &str, text: String) -> Article {
    Article {
        source: source.into(),
        url: Some(format!("https://{source}.example/{number}")),
        title: title.to_owned(),
        text,
        lang: Some("en".to_owned()),
        ..Article::default()
    }
}

fn own_item(agency: &str, number: u32, title: &str, lines: &[&str]) -> Article {
    let origin = OriginClaim {
        agency: agency.to_owned(),
        basis: OriginBasis::OwnItem,
        evidence: String::new(),
    };
    let source = agency.to_lowercase();
    Article { origin: Some(origin), ..article(&source, number, title, lines.join("\n")) }
}

async fn desk(day: Vec<Article>) -> Served {
    let at = |minutes: i64| -> Timestamp { sample::NOON.plus_millis(minutes * 60_000 - 7_200_000) };
    let day = (0..).zip(day).map(|(number, article)| (article, at(number)));
    serve(day.collect(), Params::default()).await
}

async fn evidence(desk: &Served, number: u64) -> Value {
    desk.get(&format!("/api/v1/articles/{}", ArticleId(number))).await.json()["evidence"].clone()
}

#[tokio::test]
async fn a_copy_stored_before_the_agencys_item_gets_its_verdict_when_that_comes() {
    let whole = NAP.join("\n");
    let half = format!(
        "{}\n{}\nOur reporter counted eleven lorries of scrap that left the quay by nightfall for the yard at Vell.\n\
         People of the old town had heard the noise and taken it for thunder, as several of them told her on the stairs of the church, \
         where the singing went on.",
        NAP[0], NAP[1]
    );
    let mut copies = vec![
        article("herald", 1, "Crane closes harbour of Kvitnes", whole),
        article("mirror", 2, "Crane falls at Kvitnes", half),
    ];
    let before = desk(copies.clone()).await;
    assert_eq!(evidence(&before, 1).await["origin"]["verdict"], "unknown");
    assert_eq!(evidence(&before, 1).await["shares"], Value::Null);

    copies.push(own_item("NAP", 3, "Crane closes harbour of Kvitnes", &NAP));
    let after = desk(copies).await;
    let copy = evidence(&after, 1).await;
    assert_eq!(
        (&copy["origin"]["verdict"], &copy["origin"]["source"]),
        (&"certain".into(), &"NAP".into())
    );
    assert_eq!(copy["origin"]["evidence"][0]["version"], VersionId(3).to_string());
    assert_eq!(copy["shares"]["agencies"][0]["tenths"], 10);
    let part = evidence(&after, 2).await;
    assert_eq!(part["origin"]["verdict"], "likely", "{part:#}");
    let cluster = after.get("/api/v1/clusters/c0000000000001").await.json();
    assert_eq!(cluster["origin"]["verdict"], "certain");
    assert_eq!(cluster["origin"]["evidence"][0]["version"], VersionId(3).to_string());
}

#[tokio::test]
async fn what_an_editor_put_in_lowers_no_containment_and_is_nobodys_copy() {
    let copy = format!(
        "{}\n{}\nFerries wait for hours\n{}\n{}",
        NAP[0],
        NAP[1],
        NAP[2].replace("a tug", "a tug [from Vell]"),
        NAP[3]
    );
    let day = vec![
        own_item("NAP", 1, "Crane closes harbour of Kvitnes", &NAP),
        article("herald", 2, "Crane closes harbour", copy.clone()),
    ];
    let desk = desk(day).await;
    let found = evidence(&desk, 2).await;
    assert_eq!(found["origin"]["evidence"][0]["containment"], 1.0);
    let passages = found["shares"]["agencies"][0]["passages"].as_array().unwrap();
    let said: Vec<String> = passages
        .iter()
        .map(|passage| {
            let place = |key: &str| passage[key].as_u64().unwrap() as usize;
            copy.chars().skip(place("start")).take(place("end") - place("start")).collect()
        })
        .collect();
    assert!(!said.iter().any(|said| said.contains("[from Vell]") || said.contains("Ferries wait")));
    let diff = desk.get("/api/v1/clusters/c0000000000001/diff").await.json();
    let paragraphs = diff["paragraphs"].as_array().unwrap();
    assert!(paragraphs.iter().any(|one| one["apart"] == "cross_head"), "{diff:#}");
    let runs = paragraphs.iter().flat_map(|one| one["words"].as_array().unwrap());
    let inserted: Vec<&Value> = runs.filter(|run| run["apart"] == "insertion").collect();
    assert_eq!(inserted.len(), 1);
    assert_eq!(
        (&inserted[0]["op"], &inserted[0]["text"]),
        (&"insert".into(), &"[from Vell]".into())
    );
}

/// A text of two agencies, and both agencies' items.
fn blend() -> (String, [Article; 2]) {
    let own = "A woman who sells smoked fish on the quay said she had moved her stall on Friday, for the crane had begun to sing at night.";
    let blend = format!("{}\n{}\n{own}", NAP.join("\n"), ALBA[..2].join("\n"));
    let items = [
        own_item("NAP", 1, "Crane closes harbour of Kvitnes", &NAP),
        own_item("Alba", 2, "Warnings on harbour crane went unheard", &ALBA),
    ];
    (blend, items)
}

#[tokio::test]
async fn a_text_of_two_agencies_is_a_blend_with_its_shares() {
    let (blend, items) = blend();
    let mut told = Vec::new();
    for turned in [false, true] {
        let mut day = items.to_vec();
        if turned {
            day.reverse();
        }
        day.push(article("herald", 3, "Crane closes harbour after warnings", blend.clone()));
        let desk = desk(day).await;
        let found = evidence(&desk, 3).await;
        let shares = &found["shares"];
        let tenths = |at: usize| shares["agencies"][at]["tenths"].as_u64().unwrap();
        assert_eq!(shares["agencies"][0]["agency"], "NAP", "{found:#}");
        assert_eq!(shares["agencies"][1]["agency"], "Alba");
        assert_eq!(tenths(0) + tenths(1) + shares["own_tenths"].as_u64().unwrap(), 10);
        assert!(tenths(0) >= 5 && tenths(1) >= 2 && shares["own_tenths"].as_u64().unwrap() >= 1);
        let kinds: Vec<&Value> =
            found["links"].as_array().unwrap().iter().map(|link| &link["kind"]).collect();
        assert!(kinds.contains(&&"passage".into()) || kinds.len() == 2, "{found:#}");
        let cluster =
            desk.get(&format!("/api/v1/articles/{}", ArticleId(3))).await.json()["cluster"].clone();
        let id = cluster.as_str().unwrap();
        let cluster = desk.get(&format!("/api/v1/clusters/{id}")).await.json();
        let members = cluster["members"].as_array().unwrap();
        let member = members.iter().find(|one| one["source"] == "herald").unwrap();
        assert_eq!(member["relation"], "blend", "{cluster:#}");
        let diff =
            desk.get(&format!("/api/v1/clusters/{id}/diff?to={}", ArticleId(3))).await.json();
        assert_eq!(&diff["shares"]["to"], shares);
        assert_eq!(diff["shares"]["from"], Value::Null, "the agency's own item needs none");
        told.push(shares.clone());
    }
    assert_eq!(told[0], told[1], "the order of items makes no difference");
}

/// What else the item tells from which a passage was taken: too much for it to be a version of the text with the passage.
const ALBA_MORE: [&str; 6] = [
    "In Ossa, two days' drive to the south, a lift bridge has stood open since March because its owner is a firm that was struck off in 2009.",
    "The province pays 11,000 a month for the ferry that takes lorries around it, and has paid for three reports on whose bridge it is.",
    "Brenn sold its swimming baths to a bank in 1998 and leased them back; the bank is gone, and a fund on an island sends the bills.",
    "Of 214 public works that Alba Press asked about, 37 belong to somebody who cannot be found, by the lists of the land registry.",
    "A bill that would let towns take such works over for nothing has lain with a committee since the last election but one.",
    "Its chairwoman, Tam Orrel, said that she would put it to the vote before the summer, and had said so in each of four years.",
];

#[tokio::test]
async fn a_blend_has_its_shares_whichever_of_the_three_came_first() {
    let (blend, [nap, alba]) = blend();
    let alba = Article { text: format!("{}\n{}", alba.text, ALBA_MORE.join("\n")), ..alba };
    let blend = article("herald", 3, "Crane closes harbour after warnings", blend);
    let three = [blend, nap, alba];
    let mut told = Vec::new();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [2, 0, 1], [1, 2, 0]] {
        let place = order.iter().position(|&at| at == 0).unwrap() as u64 + 1;
        let desk = desk(order.map(|at: usize| three[at].clone()).to_vec()).await;
        let shares = evidence(&desk, place).await["shares"].clone();
        assert_eq!(shares["agencies"].as_array().map(Vec::len), Some(2), "{order:?}: {shares:#}");
        told.push(shares);
        let alba = order.iter().position(|&at| at == 2).unwrap() as u64 + 1;
        let cluster = |found: Value| found["cluster"].clone();
        let of = async |number| {
            cluster(desk.get(&format!("/api/v1/articles/{}", ArticleId(number))).await.json())
        };
        assert_ne!(of(place).await, of(alba).await, "{order:?}: passages tie nothing");
    }
    assert!(told.iter().all(|shares| *shares == told[0]), "{told:#?}");
}
