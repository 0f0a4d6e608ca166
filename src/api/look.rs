//! LOCAL
use super::tests::*;
use crate::model::*;
fn art(
    source: &str,
    n: u32,
    lang: &str,
    title: &str,
    text: &str,
    agency: Option<(&str, OriginBasis, &str)>,
    published: Timestamp,
) -> Article {
    Article {
        source: source.into(),
        url: Some(format!("https://{source}.example/{n}")),
        title: title.into(),
        text: text.into(),
        lang: Some(lang.into()),
        published: Some(published),
        origin: agency.map(|(a, b, e)| OriginClaim {
            agency: a.into(),
            basis: b,
            evidence: e.into(),
        }),
        ..Article::default()
    }
}
#[tokio::test(flavor = "multi_thread")]
#[ignore]
async fn look() {
    use OriginBasis::*;
    let t = |m: i64| super::sample::NOON.plus_millis(m * 60_000);
    let dam = ["ORVALE (NAP) - A tailings dam above the town of Orvale gave way early on Sunday, sending a wave of grey mud through two streets and forcing 1,200 people from their homes, the regional governor said.",
      "At least 12 people were hurt, three of them seriously, Governor Ilse Maren told reporters beside the flooded market hall.",
      "\"We heard a bang and then the river was in the kitchen,\" said Tomas Veld, a baker who climbed to his roof with his two children.",
      "The dam belongs to Harrow Minerals, which closed the mine in 2019. The company said in a statement that an inspection in August had found no fault.",
      "Rescue crews from four districts searched house by house until dusk. Helicopters took nine people from roofs, the fire service said.",
      "The railway line to Kestrin is cut and will stay closed for days, the operator said."].join("\n");
    let dam2 = dam
        .replace(
            "At least 12 people were hurt, three of them seriously,",
            "At least 15 people were hurt, four of them seriously,",
        )
        .replace("until dusk", "through the night")
        + "\nPrime Minister Jan Orrel will visit the town on Monday, his office said.";
    let dam_cut = dam.lines().take(3).collect::<Vec<_>>().join("\n");
    let dam_ext = format!(
        "{dam}\nOur correspondent in Orvale saw soldiers fill sandbags along the Lower Quay on Sunday evening.\nThe school in Mill Street is open as a shelter; the town asks for blankets and drinking water.\nReaders who are looking for relatives can call the town hall."
    );
    let fr = "ORVALE (AMN) - Un barrage minier a cédé dimanche matin au-dessus d'Orvale, provoquant une coulée de boue grise dans deux rues et l'évacuation de 1 200 habitants, a annoncé la gouverneure régionale.\nAu moins douze personnes ont été blessées, dont trois grièvement, a précisé Ilse Maren devant les halles inondées.\nLa société Harrow Minerals, propriétaire de l'ouvrage, affirme qu'une inspection menée en août n'avait révélé aucun défaut.\nLa ligne ferroviaire vers Kestrin est coupée pour plusieurs jours, selon l'exploitant.";
    let bank = "FRELLBURG, Oct 12 (Meridian) - The central bank of Frell held its main rate at 4.25 percent on Sunday and said inflation was falling more slowly than it had hoped.\nGovernor Ada Lindqvist said the board had voted seven to two, with both dissenters asking for a cut of a quarter point.\n\"The last mile is the longest,\" she told a news conference.\nThe crown rose 0.4 percent against its basket after the decision. Bond yields were little changed.\nEconomists polled by Meridian had expected no move before February.\n(Reporting by Sol Haden; Editing by Wim Crane)";
    let strike = "Train drivers on the Northern Line will strike for 48 hours from Tuesday after talks over night rosters failed, their union said on Sunday.\nThe operator said it would run one train in three and asked passengers to travel later in the week.\nMediators offered to meet both sides again on Monday.";
    let quake = "A magnitude 5.8 earthquake struck off the coast of Tessaly on Sunday, the seismic institute said. There were no reports of damage.\nThe quake was felt in the capital, where people ran into the streets.";
    let nap = Some(("NAP", OwnItem, ""));
    let dl = Some(("NAP", Dateline, "ORVALE (NAP) -"));
    let mer = Some(("Meridian", OwnItem, ""));
    let so = Some(("Meridian", SignOff, "(Reporting by Sol Haden; Editing by Wim Crane)"));
    let mut day = vec![
        (
            art(
                "tessaly-post",
                1,
                "en",
                "Quake of 5.8 shakes Tessaly coast, no damage reported",
                quake,
                None,
                t(-400),
            ),
            t(-395),
        ),
        (
            art(
                "meridian",
                2,
                "en",
                "Frell central bank holds rate at 4.25 pct, says disinflation slow",
                bank,
                mer,
                t(-200),
            ),
            t(-198),
        ),
        (
            art(
                "ledger",
                3,
                "en",
                "Frell keeps rates on hold as inflation proves sticky",
                bank,
                so,
                t(-190),
            ),
            t(-187),
        ),
        (
            art(
                "kestrin-tribune",
                4,
                "en",
                "Central bank: \"The last mile is the longest\"",
                &bank.lines().take(4).collect::<Vec<_>>().join("\n"),
                Some(("Meridian", Quote, "polled by Meridian")),
                t(-150),
            ),
            t(-149),
        ),
        (art("nap", 5, "en", "Dam breaks above Orvale, 1,200 flee", &dam, nap, t(-122)), t(-120)),
        (
            art(
                "orvale-herald",
                6,
                "en",
                "Mud wave hits two Orvale streets after dam gives way; 1,200 evacuated and railway to Kestrin cut for days",
                &dam_ext,
                dl,
                t(-110),
            ),
            t(-108),
        ),
        (
            art(
                "ledger",
                7,
                "en",
                "Tailings dam collapse forces 1,200 from homes",
                &dam,
                dl,
                t(-100),
            ),
            t(-99),
        ),
        (
            art(
                "amn",
                8,
                "fr",
                "Rupture d'un barrage minier à Orvale : 1 200 évacués",
                fr,
                Some(("AMN", OwnItem, "")),
                t(-95),
            ),
            t(-92),
        ),
        (
            art(
                "le-courrier",
                9,
                "fr",
                "Orvale sous la boue après la rupture d'un barrage",
                fr,
                Some(("AMN", Dateline, "ORVALE (AMN) -")),
                t(-70),
            ),
            t(-66),
        ),
        (
            art("kestrin-tribune", 10, "en", "Dam gives way above Orvale", &dam_cut, dl, t(-80)),
            t(-78),
        ),
        (
            art(
                "northern-star",
                11,
                "en",
                "Train drivers to strike for 48 hours from Tuesday",
                strike,
                None,
                t(-60),
            ),
            t(-58),
        ),
        (
            art(
                "ledger",
                12,
                "en",
                "Northern Line drivers call two-day strike over night rosters",
                strike,
                None,
                t(-40),
            ),
            t(-39),
        ),
    ];
    let mut up = art(
        "nap",
        5,
        "en",
        "UPDATE 1-Dam breaks above Orvale, 15 hurt, premier to visit",
        &dam2,
        nap,
        t(-122),
    );
    up.updated = Some(t(-31));
    day.push((up, t(-30)));
    day.push((
        art(
            "portside-news",
            13,
            "en",
            "<b>Fifteen</b> hurt as Orvale dam breaks & premier heads for the town",
            &dam2,
            dl,
            t(-20),
        ),
        t(-18),
    ));
    day.push((
        art(
            "gazette-de-lume",
            14,
            "fr",
            "Barrage d'Orvale : la ligne de Kestrin coupée plusieurs jours",
            fr,
            Some(("AMN", Dateline, "ORVALE (AMN) -")),
            t(-10),
        ),
        t(-8),
    ));
    day.push((
        art(
            "night-wire",
            15,
            "en",
            "Lighthouse keeper of Sund retires after 41 years",
            "The last lighthouse keeper of Sund handed over his lamp on Sunday.",
            None,
            t(-4),
        ),
        t(-1),
    ));
    let served = serve(day, crate::api::Params::default()).await;
    use crate::api::*;
    let src = |id: &str, name: &str, kind: &str, lang: &str| SourceStatus {
        id: id.into(),
        name: name.into(),
        kind: kind.into(),
        lang: Some(lang.into()),
        state: SourceState::Ok,
        last_success: Some(t(-3)),
        last_poll: Some(t(-3)),
        next_poll: Some(t(2)),
        next_poll_why: Some("every 4 min: newest entry 9 min old".into()),
        endpoints: vec![EndpointStatus {
            kind: "feed".into(),
            url: Some(format!("https://{id}.example/rss.xml")),
            ..EndpointStatus::default()
        }],
        ..SourceStatus::default()
    };
    let mut all = vec![
        src("nap", "North Agency Press", "agency", "en"),
        src("meridian", "Meridian News", "agency", "en"),
        src("amn", "Agence Maritime", "agency", "fr"),
        src("ledger", "The Ledger", "outlet", "en"),
        src("orvale-herald", "Orvale Herald", "outlet", "en"),
        src("kestrin-tribune", "Kestrin Tribune", "outlet", "en"),
        src("le-courrier", "Le Courrier de Lume", "outlet", "fr"),
        src("gazette-de-lume", "Gazette de Lume", "outlet", "fr"),
        src("northern-star", "Northern Star", "outlet", "en"),
        src("night-wire", "Night Wire", "aggregator", "en"),
    ];
    all[2].tags = vec!["maritime".into()];
    all[3].own = true;
    all[5].state = SourceState::Failing;
    all[5].error = Some(SourceFault {
        kind: "status".into(),
        detail: "https://kestrin-tribune.example/rss.xml answered 503 Service Unavailable".into(),
        since: t(-47),
        count: 3,
    });
    all[5].next_poll = Some(t(16));
    all[5].next_poll_why = Some("backing off after 3 failures".into());
    all[9].state = SourceState::New;
    all[9].last_success = None;
    all[9].next_poll_why = Some("not asked yet".into());
    served.state.status.set_sources(all);
    std::fs::write("/tmp/api-look-port", served.address.to_string()).unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(3000)).await;
}
