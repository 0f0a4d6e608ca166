//! The body of `GET /api/v1/clusters?expand=members` to what the check looks at.

use serde_json::Value;

use super::check::{ObservedCluster, ObservedMember, Told};

/// Clusters of one page of the list, and the cursor of the next. `item_at` names the script's item at an address.
pub fn clusters<'a>(
    body: &Value,
    item_at: impl Fn(&str) -> Option<&'a str>,
) -> (Vec<ObservedCluster>, Option<String>) {
    let rows = body["items"].as_array().map_or(&[][..], Vec::as_slice);
    let next = body["next"].as_str().map(str::to_owned);
    (rows.iter().map(|row| cluster(row, &item_at)).collect(), next)
}

fn cluster<'a>(row: &Value, item_at: &impl Fn(&str) -> Option<&'a str>) -> ObservedCluster {
    let members = row["members"].as_array().map_or(&[][..], Vec::as_slice);
    ObservedCluster {
        id: text(&row["id"]),
        title: text(&row["title"]),
        versions: row["counts"]["versions"].as_u64().unwrap_or(0),
        sources: row["counts"]["sources"].as_u64().unwrap_or(0),
        origin: text(&row["origin"]["source"]),
        verdict: text(&row["origin"]["verdict"]),
        members: members
            .iter()
            .map(|member| {
                let url = text(&member["url"]);
                ObservedMember {
                    item: item_at(&url).map(str::to_owned),
                    url,
                    source: text(&member["source"]),
                    title: text(&member["title"]),
                    relation: text(&member["relation"]),
                }
            })
            .collect(),
    }
}

/// What an article's body says of whose copy it is.
pub fn told(body: &Value) -> Told {
    let origin = &body["evidence"]["origin"];
    let shares = &body["evidence"]["shares"];
    let agencies = shares["agencies"].as_array().map_or(&[][..], Vec::as_slice);
    let tenths = |of: &Value| of.as_u64().filter(|&tenths| tenths > 0);
    let named = agencies.iter().map(|one| (tenths(&one["tenths"]), text(&one["agency"])));
    let own = (tenths(&shares["own_tenths"]), "own".to_owned());
    let parts: Vec<String> = named
        .chain([own])
        .filter_map(|(tenths, name)| Some(format!("{} {name}", tenths?)))
        .collect();
    let passages = agencies.iter().filter_map(|one| one["passages"].as_array()).map(Vec::len).sum();
    Told {
        origin: text(&origin["source"]),
        verdict: text(&origin["verdict"]),
        shares: parts.join(", "),
        passages,
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_is_read_as_the_api_writes_it() {
        let passage = serde_json::json!({"start": 0, "end": 9});
        let body = serde_json::json!({"evidence": {
            "origin": {"source": "TPB", "verdict": "certain"},
            "shares": {"own": 0.1, "own_tenths": 1, "agencies": [
                {"agency": "TPB", "tenths": 9, "passages": [passage, passage]},
                {"agency": "Sablewire", "tenths": 0, "passages": [passage]},
            ]},
        }});
        let found = told(&body);
        assert_eq!((found.origin.as_str(), found.verdict.as_str()), ("TPB", "certain"));
        assert_eq!((found.shares.as_str(), found.passages), ("9 TPB, 1 own", 3));
        assert_eq!(told(&serde_json::json!({})), Told::default());
    }

    #[test]
    fn a_list_is_read_as_the_contract_writes_it() {
        let body = serde_json::json!({
            "items": [{
                "id": "c0000000000001", "title": "Bridge shut",
                "origin": {"source": "tpb", "verdict": "certain", "evidence": []},
                "counts": {"articles": 2, "versions": 3, "sources": 2, "copies": 1},
                "members": [
                    {"url": "http://127.0.0.1:9/a", "source": "tpb", "title": "A", "relation": "origin"},
                    {"url": "http://127.0.0.1:9/b", "source": "lantern", "title": "B", "relation": "copy"}
                ]
            }],
            "next": "more"
        });
        let (found, next) = clusters(&body, |url| url.ends_with("/a").then_some("bridge-alert"));
        assert_eq!(next.as_deref(), Some("more"));
        assert_eq!((found[0].versions, found[0].sources), (3, 2));
        assert_eq!((found[0].origin.as_str(), found[0].verdict.as_str()), ("tpb", "certain"));
        let items: Vec<_> = found[0].members.iter().map(|m| m.item.as_deref()).collect();
        assert_eq!(items, [Some("bridge-alert"), None]);
        assert_eq!(found[0].members[1].relation, "copy");
    }

    #[test]
    fn a_body_of_another_shape_holds_nothing() {
        let (found, next) = clusters(&serde_json::json!({"title": "problem"}), |_| None);
        assert!(found.is_empty() && next.is_none());
    }
}
