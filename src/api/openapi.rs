//! The OpenAPI 3.1 document, made from the very handlers.

use utoipa::OpenApi;
use utoipa::openapi::server::ServerBuilder;

use crate::api::{admin, body, diff, evidence, overrides, problem, push, read, sse, view, watch};

/// Everything but the pages for people, which are no interface.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "copytaster",
        description = "Clusters of near-duplicate wire copy. Times are RFC 3339 in UTC, ids are opaque and time-ordered, \
                       errors are problems (RFC 9457), lists go on by `cursor`. Unknown parameters are refused."
    ),
    paths(
        read::clusters, read::cluster, read::diff, read::articles, read::article, read::article_versions,
        read::sources, read::source, push::articles, sse::stream,
        overrides::split, overrides::merge, overrides::undo, overrides::list, admin::backup,
        watch::healthz, watch::readyz, watch::metrics, watch::openapi,
    ),
    components(schemas(
        body::Cluster, body::Member, body::Version, body::Source, diff::Paragraph, problem::Problem,
        push::PushAnswer, overrides::OverrideAnswer, overrides::OverrideItem, read::Merged, view::DiffBody, evidence::Evidence, sse::StreamEvent,
    )),
    tags(
        (name = "clusters", description = "versions and copies of one story, by shared text"),
        (name = "articles", description = "one publication and its versions"),
        (name = "sources", description = "configured publishers"),
        (name = "stream", description = "what changes, as it changes"),
        (name = "admin", description = "for whoever runs the daemon"),
        (name = "watch", description = "for monitors"),
    )
)]
struct Document;

/// The document of a server under `base_path`.
pub fn document(base_path: &str) -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    if !base_path.is_empty() {
        document.servers = Some(vec![ServerBuilder::new().url(base_path).build()]);
    }
    document
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_names_every_route_that_is_no_page() {
        let pages = ["/", "/clusters/{id}", "/sources", "/assets/{name}"];
        let routes: BTreeSet<&str> = crate::api::TABLE
            .iter()
            .map(|(path, _)| *path)
            .filter(|p| !pages.contains(p))
            .collect();
        let document = document("");
        let told: BTreeSet<&str> = document.paths.paths.keys().map(String::as_str).collect();
        assert_eq!(told, routes);
    }

    #[test]
    fn the_document_is_openapi_3_1_and_says_where_it_is_served() {
        let shown = serde_json::to_value(document("/wire")).unwrap();
        assert!(shown["openapi"].as_str().unwrap().starts_with("3.1"));
        assert_eq!(shown["servers"][0]["url"], "/wire");
        assert!(shown["paths"]["/api/v1/articles"]["post"].is_object());
        assert!(shown["components"]["schemas"]["Cluster"]["properties"]["first_seen"].is_object());
    }
}
