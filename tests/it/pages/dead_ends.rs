//! What is named leads to its page, for those who may see it, and what is counted to a list of it.

use muster::roles::predefined;

use super::html::{LIST, href, links};
use crate::support::app::{Answer, TestApp};

fn target(answer: &Answer, said: &str) -> Option<String> {
    links(answer).into_iter().find(|(name, _)| name == said).map(|(_, href)| href)
}

#[test]
fn who_made_an_account_and_who_invited_a_user_are_a_link() {
    let app = TestApp::start();
    let admin = app.admin();
    let own = format!("/settings/users/{}", admin.account.as_ref().unwrap());
    let made = admin.post(LIST, &[("name", "deploy")]);
    let page = admin.get(made.location());
    assert!(page.text().contains("by Maya Lindqvist"), "{}", page.text());
    let by = &page.body[page.body.find("by <a").unwrap()..];
    assert!(by.starts_with(&format!("by <a href=\"{own}\"><bdi>Maya Lindqvist</bdi></a>")), "{}", &by[..120]);
    // Who may not see users reads a name.
    let machines = app.user("Only Machines", &[app.add_role("Machines", &["system_account:read:*"])]);
    let page = machines.get(made.location());
    assert!(page.text().contains("by Maya Lindqvist") && !page.body.contains("/settings/users/"), "{}", page.text());
    // One who is gone has no page.
    let other = app.user("Bo Berg", &[predefined::ADMINISTRATOR.into()]);
    let made = other.post(LIST, &[("name", "left behind")]);
    let gone = other.account.clone().unwrap();
    assert_eq!(admin.post(&format!("/settings/users/{gone}/deletion"), &[("confirm", "Bo Berg")]).status, 303);
    let page = admin.get(made.location());
    assert!(page.text().contains("by Bo Berg") && !page.body.contains(gone.as_str()), "{}", page.text());
    let invitation = [("addresses", "ida@example.test"), ("role", &*predefined::USER.to_string())];
    assert_eq!(admin.post("/settings/users/invite", &invitation).status, 303);
    let ida = links(&admin.get("/settings/users?q=ida")).into_iter().find(|(name, _)| name.contains("ida@")).unwrap().1;
    let page = admin.get(&ida);
    assert!(page.text().contains("Invited by Maya Lindqvist") && href(&page, "Maya Lindqvist") == own, "{}", page.text());
}

#[test]
fn a_teams_members_and_administrators_are_links() {
    let app = TestApp::start();
    let admin = app.admin();
    let (robot, (bo, _)) = (app.add_account("deploy"), app.add_user("Bo Berg", &[predefined::USER.into()]));
    let team = app.add_team("Payments", &[&robot, &bo]);
    assert_eq!(admin.post(&format!("/settings/teams/{team}/administrators"), &[("account", bo.as_str())]).status, 303);
    let page = admin.get(&format!("{LIST}/{robot}"));
    assert_eq!(target(&page, "Payments"), Some(format!("/settings/teams/{team}")));
    assert_eq!(target(&page, "1 user"), Some(format!("/settings/users?team={team}")));
    assert_eq!(target(&page, "1 system account"), Some(format!("{LIST}?team={team}")));
    assert_eq!(target(&admin.get("/settings/teams"), "Bo Berg"), Some(format!("/settings/users/{bo}")));
    let machines = app.user("Only Machines", &[app.add_role("Machines", &["system_account:read:*", "team:read:*"])]);
    let page = machines.get(&format!("{LIST}/{robot}"));
    assert_eq!((target(&page, "1 user"), target(&page, "1 system account")), (None, Some(format!("{LIST}?team={team}"))));
    let teams = machines.get("/settings/teams");
    assert!(teams.text().contains("1 administrator") && !teams.body.contains("Bo Berg"));
}

#[test]
fn an_event_leads_to_what_the_reader_may_see() {
    let app = TestApp::start();
    let admin = app.admin();
    let own = format!("/settings/users/{}", admin.account.as_ref().unwrap());
    let team = admin.post("/settings/teams", &[("name", "Payments")]).location().to_owned();
    let log = admin.get("/settings/audit-log?kind=team.created");
    let event = links(&log).into_iter().find(|(said, _)| said.contains("Created team")).unwrap().1;
    let page = admin.get(&event);
    assert_eq!((target(&page, "Payments"), target(&page, "Maya Lindqvist")), (Some(team), Some(own)));
    let auditor = app.user("Only Audit", &[app.add_role("Auditor", &["audit:read:*"])]);
    let page = auditor.get(&event);
    assert_eq!((page.status, target(&page, "Payments"), target(&page, "Maya Lindqvist")), (200, None, None));
}
