//! The sessions of a user, on their own profile and on their page in the list.

use chrono::NaiveDateTime;

use crate::accounts::view::sessions::SessionLine;
use crate::auth::queries::sessions::SessionRow as Stored;
use crate::id::Id;
use crate::web::view::Moment;

/// As a page shows them; that of the browser that asks comes first.
pub fn rows(stored: &[Stored], current: Option<&Id>, now: NaiveDateTime) -> Vec<SessionLine> {
    let row = |row: &Stored| SessionLine {
        id: row.id.to_string(),
        agent: program(row.user_agent.as_deref().unwrap_or_default()),
        address: row.address.clone().unwrap_or_default(),
        started: Moment::made(row.created_at, now),
        seen: Moment::ago(row.last_seen_at, now),
        current: current == Some(&row.id),
    };
    let mut rows: Vec<SessionLine> = stored.iter().map(row).collect();
    rows.sort_by_key(|row| !row.current);
    rows
}

/// A User-Agent in words: "Firefox on Linux". For programs other than browsers, its first word.
fn program(agent: &str) -> String {
    // The order matters: Edge calls itself Chrome, and Chrome calls itself Safari.
    let named = |table: &[(&str, &'static str)]| table.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    let browser =
        named(&[("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")]);
    let system = named(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.into(),
        _ => agent.split_whitespace().next().unwrap_or("Unknown browser").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn browsers_are_named() {
        assert_eq!(program("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), "Firefox on Linux");
        assert_eq!(
            program("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"),
            "Edge on Windows"
        );
        assert_eq!(program("curl/8.5.0"), "curl/8.5.0");
        assert_eq!(program(""), "Unknown browser");
    }
}
