//! Every way back to a list keeps its filters.

use muster::id::Id;
use muster::roles::predefined;
use muster::tokens::value::Access;

use super::html::{LIST, all, answer_question, at, href, links, plain, value};
use crate::support::app::{Answer, TestApp};

/// As the list prints them.
const FILTERS: &str = "?q=deploy&disabled=1&sort=-used&size=50";

/// Where the forms and buttons of a page post to.
fn posts(answer: &Answer) -> Vec<String> {
    ["<form", "<button"]
        .into_iter()
        .flat_map(|tag| all(&answer.body, tag, ">"))
        .filter_map(|tag| all(tag, "action=\"", "\"").first().map(|url| plain(url)))
        .collect()
}

/// The list in the breadcrumb.
fn crumb(answer: &Answer) -> String {
    plain(all(all(&answer.body, "class=\"crumbs\"", "</nav>")[0], "href=\"", "\"")[0])
}

fn of(id: &Id, rest: &str) -> String {
    format!("{}{FILTERS}", at(id, rest))
}

#[test]
fn the_page_of_an_account_and_all_behind_it_lead_back_to_the_same_list() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("deploy one");
    app.add_token(&id, Access::Read);
    app.add_team("Payments", &[]);
    let list = format!("{LIST}{FILTERS}");
    let opened = href(&admin.get(&list), "deploy one");
    assert_eq!(opened, of(&id, ""));
    let page = admin.get(&opened);
    assert_eq!(crumb(&page), list);
    let own = at(&id, "");
    let mut seen = 0;
    for (label, href) in links(&page) {
        if let Some(rest) = href.strip_prefix(own.as_str()) {
            assert!(rest.contains(FILTERS), "{label}: {href}");
            seen += 1;
        }
    }
    for action in posts(&page) {
        if let Some(rest) = action.strip_prefix(own.as_str()) {
            assert!(rest.ends_with(FILTERS), "{action}");
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen}");
    // What a form returns to.
    let shown = value(&page, "shown");
    let roles = [("shown", shown.as_str()), ("role", &predefined::READ_ONLY.to_string())];
    for (rest, fields) in [
        ("", vec![("name", "deploy one")]),
        ("/roles", roles.to_vec()),
        ("/teams", vec![]),
        ("/disablement", vec![]),
        ("/enablement", vec![]),
    ] {
        let answer = admin.post(&of(&id, rest), &fields);
        assert_eq!((answer.status, answer.location()), (303, opened.as_str()), "{rest}");
    }
    // What is refused comes back with them.
    let refused = admin.post(&of(&id, ""), &[("name", "")]);
    assert_eq!((refused.status, crumb(&refused)), (422, list.clone()));
    assert!(posts(&refused).contains(&of(&id, "/roles")));
    // The page of a new value.
    let created = admin.post(&of(&id, "/tokens"), &[("name", "two"), ("access", "read"), ("expires", "30")]);
    let created = admin.get(created.location());
    assert_eq!((created.status, crumb(&created)), (200, list.clone()));
    assert_eq!(href(&created, "deploy one"), opened);
    assert!(links(&created).iter().all(|(_, href)| !href.starts_with(&own) || href.contains(FILTERS)), "{:?}", links(&created));
}

#[test]
fn questions_lead_back_to_the_same_list() {
    let app = TestApp::start();
    let admin = app.admin();
    let (one, two) = (app.add_account("deploy one"), app.add_account("deploy two"));
    let list = format!("{LIST}{FILTERS}");
    for verb in ["/deletion", "/promotion"] {
        let question = admin.get(&of(&one, verb));
        assert_eq!((crumb(&question), href(&question, "Cancel")), (list.clone(), of(&one, "")), "{verb}");
    }
    // Administrator by Edit Roles is asked about under an address of its own.
    let page = admin.get(&of(&one, ""));
    let fields = [("shown", value(&page, "shown")), ("role", predefined::ADMINISTRATOR.to_string())];
    let asked = admin.post(&of(&one, "/roles"), &fields.each_ref().map(|(name, value)| (*name, value.as_str())));
    let question = admin.get(asked.location());
    assert_eq!((crumb(&question), href(&question, "Cancel")), (list.clone(), of(&one, "")));
    assert_eq!(answer_question(&admin, &question, "").location(), of(&one, ""));
    // What is deleted has no page any more.
    let question = admin.get(&of(&one, "/deletion"));
    assert_eq!(answer_question(&admin, &question, "deploy one").location(), list);
    let instead = admin.get(&of(&two, "/deletion"));
    let disable = posts(&instead).into_iter().find(|url| url.contains("/disablement")).unwrap();
    assert_eq!(admin.post(&disable, &[("do", "disable")]).location(), of(&two, ""));
}

#[test]
fn a_team_and_all_behind_it_lead_back_to_the_same_list() {
    let app = TestApp::start();
    let admin = app.admin();
    let (one, robot) = (app.add_team("Payments one", &[]), app.add_account("deploy one"));
    app.add_team("Payments two", &[]);
    let list = "/settings/teams?q=pay&administrators=none";
    let opened = href(&admin.get(list), "Payments one");
    let own = format!("/settings/teams/{one}");
    let at = |rest: &str| format!("{own}{rest}?list=q%3Dpay%26administrators%3Dnone");
    assert_eq!(opened, at(""));
    let added = admin.post(&at("/members"), &[("account", robot.as_str())]);
    assert_eq!(added.location(), opened);
    for page in ["", "/members/new", "/deletion"].map(|rest| admin.get(&at(rest))) {
        assert_eq!((page.status, crumb(&page)), (200, list.to_owned()));
        let below = links(&page).into_iter().map(|(_, href)| href).chain(posts(&page)).filter(|url| url.starts_with(&own));
        for url in below.filter(|url| url != &format!("{own}/members/new")) {
            assert!(url.contains("?list=q%3Dpay"), "{url}");
        }
    }
    // A form that searches sends what it has.
    assert_eq!(value(&admin.get(&at("/members/new")), "list"), "q=pay&administrators=none");
    for (rest, fields) in
        [("", vec![("name", "Payments 1")]), ("/applications", vec![("applications", "a")]), ("/members/removal", vec![])]
    {
        assert_eq!(admin.post(&at(rest), &fields).location(), opened, "{rest}");
    }
    let refused = admin.post(&at(""), &[("name", "")]);
    assert_eq!((refused.status, crumb(&refused)), (422, list.to_owned()));
    assert_eq!(admin.post(&at("/deletion"), &[]).location(), list);
    // What is no filter of the list leads nowhere else.
    let odd = admin.get(&format!("/settings/teams/{}?list=%2F%2Fevil.example%3Fq%3D1", app.add_team("Odd", &[])));
    assert_eq!(crumb(&odd), "/settings/teams");
}

#[test]
fn an_event_leads_back_to_the_same_page_of_the_log() {
    let app = TestApp::start();
    let admin = app.admin();
    for number in 0..60 {
        let made = admin.post("/settings/teams", &[("name", &*format!("Team {number}"))]);
        assert_eq!(made.status, 303);
    }
    let log = "/settings/audit-log?kind=teams";
    let first = admin.get(log);
    let second = links(&first).into_iter().find(|(said, _)| said.contains("Older")).unwrap().1;
    assert!(second.starts_with(log) && second.contains("before="), "{second}");
    for list in [log, &second] {
        let opened = all(&admin.get(list).body, "/settings/audit-log/", "\"")
            .into_iter()
            .find(|rest| rest.contains("kind="))
            .map(plain)
            .unwrap();
        let event = admin.get(&format!("/settings/audit-log/{opened}"));
        assert_eq!((event.status, crumb(&event)), (200, list.to_owned()));
        let beside = links(&event).into_iter().filter(|(said, _)| said.ends_with(" event"));
        assert!(beside.map(|(_, href)| href).all(|href| href.contains("?kind=teams")));
    }
}

#[test]
fn a_new_account_leads_back_to_the_same_list() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_account("deploy one");
    let list = format!("{LIST}{FILTERS}");
    let form = admin.get(&href(&admin.get(&list), "New system account"));
    assert_eq!((crumb(&form), href(&form, "Cancel")), (list.clone(), list.clone()));
    let refused = admin.post(&list, &[("name", "")]);
    assert_eq!((refused.status, href(&refused, "Cancel")), (422, list.clone()));
    let made = admin.post(&list, &[("name", "deploy two")]);
    assert!(made.status == 303 && made.location().ends_with(FILTERS), "{}", made.location());
    let with_token = admin.post(&list, &[("name", "deploy three"), ("token", "rw-90")]);
    assert_eq!(crumb(&admin.get(with_token.location())), list);
    let asked = admin.post(&list, &[("name", "deploy four"), ("role", &predefined::ADMINISTRATOR.to_string())]);
    assert_eq!(href(&admin.get(asked.location()), "Cancel"), list);
}
