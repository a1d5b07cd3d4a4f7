//! What the log keeps of a person who was deleted, where it stands, and that it can be blanked.

use diesel::connection::SimpleConnection;
use muster::roles::predefined;

use super::events::LOG;
use crate::support::app::{Client, PASSWORD, TestApp};

const FIRST: &str = "ida.holm@example.test";
const LATER: &str = "ida@elsewhere.test";

/// The lines of an export that say her name or an address of hers.
fn found(client: &Client) -> Vec<String> {
    let file = client.get(&format!("{LOG}/export?format=jsonl")).body;
    let of_her = |line: &&str| ["Ida Holm", "Ida Berg", FIRST, LATER, "192.0.2.77"].iter().any(|part| line.contains(part));
    file.lines().filter(of_her).map(str::to_owned).collect()
}

#[test]
fn what_is_kept_of_a_person_stands_with_their_uuid_and_can_be_blanked() {
    let app = TestApp::start_with(|config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()]);
    let admin = app.admin();
    let (ida, _) = app.add_user("Ida Holm", &[predefined::ADMINISTRATOR.into()]);
    let (bo, _) = app.add_user("Bo Lindqvist", &[]);
    let from = [("X-Forwarded-For", "192.0.2.77"), ("Sec-Fetch-Site", "same-origin")];
    let hers = app.anonymous();
    // What she does: a failed sign-in and a good one, an account, a token, an owner, a sign-out.
    for password in ["not hers", PASSWORD] {
        hers.send("POST", "/login", &from, &[("email", FIRST), ("password", password)]);
    }
    let made = hers.send("POST", "/settings/system-accounts", &from, &[("name", "robot"), ("description", "")]);
    assert_eq!(made.status, 303, "{}", made.text());
    let robot = made.location().split(['/', '?']).nth(3).unwrap().to_owned();
    hers.send("POST", "/logout", &from, &[]);
    // What is done to her: role, team, ownership given and taken, name and address.
    let user = format!("/settings/users/{ida}");
    let team = app.add_team("Payments", &[]);
    for (path, fields) in [
        (format!("{user}/teams"), vec![("team", team.to_string())]),
        (format!("/settings/system-accounts/{robot}/owner"), vec![("owner", FIRST.to_owned())]),
        (format!("/settings/system-accounts/{robot}/owner"), vec![("owner", "bo.lindqvist@example.test".to_owned())]),
        (format!("{user}/email"), vec![("email", LATER.to_owned())]),
        (user.clone(), vec![("name", "Ida Berg".to_owned())]),
        (format!("{user}/disablement"), vec![]),
    ] {
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = admin.post(&path, &fields);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
    }
    let asked = admin.get(&format!("{user}/deletion"));
    assert!(
        asked.text().contains("keeps their names, changes of their e-mail addresses and the IP addresses of their sign-ins"),
        "{}",
        asked.text()
    );
    let gone = admin.post_and_follow(&format!("{user}/deletion"), &[("confirm", "Ida Berg")]);
    assert_eq!(gone.flash(), "Deleted Ida Berg.");
    assert!(!admin.get("/settings/users?disabled=1").body.contains(ida.as_str()));
    // Each line says whose it is.
    let kept = found(&admin);
    assert!(kept.len() >= 10, "{kept:#?}");
    let (of_her, failed): (Vec<_>, Vec<_>) = kept.iter().partition(|line| !line.contains("session.refused"));
    for line in &of_her {
        assert!(line.contains(ida.as_str()), "{line}");
    }
    assert_eq!(failed.len(), 1, "{failed:?}");
    // An address stands where it was changed and nowhere else: nobody's sign-in repeats it.
    let addresses: Vec<&String> = kept.iter().filter(|line| line.contains(FIRST) || line.contains(LATER)).collect();
    assert_eq!((addresses.len(), addresses[0].contains("account.email_changed")), (1, true), "{addresses:#?}");
    // The way that the help tells.
    let help = include_str!("../../../templates/help/operations.md");
    let sql = help.split("``` SQL\n").nth(1).unwrap().split("```").next().unwrap();
    app.write(|conn| Ok(conn.batch_execute(&sql.replace("UUID", ida.as_str()))?));
    let kept = found(&admin);
    assert!(kept.len() == 1 && kept[0].contains("session.refused") && !kept[0].contains("Ida"), "{kept:#?}");
    // Nobody else's name is gone.
    let file = admin.get(&format!("{LOG}/export?format=jsonl")).body;
    for name in ["Maya Lindqvist", "Bo Lindqvist", "robot", "Erased"] {
        assert!(file.contains(name), "{name}");
    }
    assert!(file.contains(bo.as_str()));
    assert_eq!(admin.get(&format!("{LOG}?target={ida}")).status, 200);
}
