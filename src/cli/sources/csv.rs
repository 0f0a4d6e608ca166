//! Comma-separated values (RFC 4180) to outlines and back.

use crate::feed::opml::Outline;

/// The columns, in the order they are written. Only `url` has to be there.
const COLUMNS: [&str; 8] = ["id", "name", "kind", "lang", "priority", "tags", "type", "url"];

/// What stands between the tags of one cell.
const TAGS: char = ';';

/// The rows of a file whose first line names a column `url`; rows without one are left out.
pub(super) fn read(text: &str) -> Option<Vec<Outline>> {
    let mut rows = rows(text.trim_start_matches('\u{feff}')).into_iter();
    let names: Vec<String> = rows.next()?.iter().map(|name| name.trim().to_lowercase()).collect();
    names.iter().position(|name| name == "url")?;
    let outline = |row: Vec<String>| {
        let cell = |name: &str| {
            let at = names.iter().position(|known| known == name)?;
            row.get(at).map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty())
        };
        let tags = cell("tags").unwrap_or_default();
        let tags = tags.split(TAGS).map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty());
        Some(Outline {
            title: cell("name").unwrap_or_default(),
            url: cell("url")?,
            lang: cell("lang"),
            tags: tags.collect(),
            source: cell("id"),
            kind: cell("kind"),
            endpoint: cell("type"),
            priority: cell("priority").and_then(|text| text.parse().ok()),
        })
    };
    Some(rows.filter_map(outline).collect())
}

/// Cells by rows. A quoted cell may hold commas, quotes and line breaks.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

/// A line for each outline, below one that names the columns.
pub(super) fn write(outlines: &[Outline]) -> String {
    let mut out = COLUMNS.join(",") + "\n";
    for outline in outlines {
        let said = |value: &Option<String>| value.clone().unwrap_or_default();
        let cells = [
            said(&outline.source),
            outline.title.clone(),
            said(&outline.kind),
            said(&outline.lang),
            outline.priority.map(|priority| priority.to_string()).unwrap_or_default(),
            outline.tags.join(&TAGS.to_string()),
            said(&outline.endpoint),
            outline.url.clone(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| quote(cell)).collect();
        out += &(cells.join(",") + "\n");
    }
    out
}

fn quote(cell: &str) -> String {
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let outline = Outline {
            title: "The \"Orsk\", daily".to_owned(),
            url: "https://orsk.example/rss?a=1,2".to_owned(),
            tags: vec!["world".to_owned(), "floods".to_owned()],
            source: Some("orsk".to_owned()),
            priority: Some(80),
            ..Outline::default()
        };
        assert_eq!(read(&write(std::slice::from_ref(&outline))), Some(vec![outline]));
    }

    #[test]
    fn columns_stand_in_any_order_and_a_row_without_an_address_is_left_out() {
        let found =
            read("\u{feff}URL,Tags,other\r\nhttps://a.example/,x; y,1\r\n,z\r\nhttps://b.example/")
                .unwrap();
        let urls: Vec<&str> = found.iter().map(|outline| outline.url.as_str()).collect();
        assert_eq!(urls, ["https://a.example/", "https://b.example/"]);
        assert_eq!(found[0].tags, ["x", "y"]);
        assert_eq!(read("a,b\n1,2\n"), None);
    }
}
