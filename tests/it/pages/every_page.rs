//! What holds for every page alike.

use muster::id::Id;
use muster::roles::predefined;

use super::html::{LIST, all, at, bulk, bulk_flash};
use crate::support::app::{Answer, TestApp};

fn check(name: &str, page: &Answer) {
    let body = &page.body;
    assert!(page.header("content-type").starts_with("text/html"), "{name}: {}", page.header("content-type"));
    assert_eq!(body.matches("<h1").count(), 1, "{name}: one h1");
    assert!(!all(body, "<h1>", "</h1>")[0].trim().is_empty(), "{name}: an h1 with words");
    let titles = all(body, "<title>", "</title>");
    assert!(
        titles.first().is_some_and(|title| title.ends_with(" · Muster") && title.len() > " · Muster".len()),
        "{name}: {titles:?}"
    );
    assert!(body.contains("<html lang=\"en\""), "{name}: lang");
    for tag in all(body, "<", ">") {
        assert!(!tag.contains(" style="), "{name}: {tag}");
        assert!(!tag.split_whitespace().any(|part| part.starts_with("on") && part.contains('=')), "{name}: {tag}");
        assert!(!tag.contains("javascript:"), "{name}: {tag}");
    }
    assert!(!body.contains("<style"), "{name}");
    for script in all(body, "<script", "</script>") {
        assert!(script.contains(" src=\"/static/") && script.ends_with('>'), "{name}: {script}");
    }
    for id in all(body, " id=\"", "\"") {
        assert_eq!(body.matches(&format!(" id=\"{id}\"")).count(), 1, "{name}: the id {id} twice");
    }
    let csp = page.header("content-security-policy");
    for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'"] {
        assert!(csp.contains(part), "{name}: {csp}");
    }
    assert!(!csp.contains("unsafe"), "{name}: {csp}");
    for (header, value) in [("x-content-type-options", "nosniff"), ("x-frame-options", "DENY")] {
        assert_eq!(page.header(header), value, "{name}: {header}");
    }
    // The page of a one-time link names nobody its address.
    assert!(matches!(page.header("referrer-policy"), "same-origin" | "no-referrer"), "{name}");
    assert!(page.header("cache-control").starts_with("no-store"), "{name}");
    for (field, label) in all(body, "<label for=\"", "\"").into_iter().map(|field| (field, "label")) {
        assert!(body.contains(&format!(" id=\"{field}\"")), "{name}: the {label} of {field} leads nowhere");
    }
    for anchor in all(body, "aria-labelledby=\"", "\"").into_iter().chain(all(body, "aria-describedby=\"", "\"")) {
        for id in anchor.split_whitespace() {
            assert!(body.contains(&format!(" id=\"{id}\"")), "{name}: {id} is pointed to and not there");
        }
    }
    for target in all(body, "popovertarget=\"", "\"") {
        assert!(body.contains(&format!(" id=\"{target}\"")), "{name}: {target}");
    }
}

#[test]
fn every_page_is_whole_and_harmless() {
    let app = TestApp::start();
    let setup = app.setup_link.clone().unwrap();
    check("set up", &app.anonymous().get(&setup));
    check("set up, refused", &app.anonymous().post(&setup, &[]));
    check("sign in", &app.anonymous().get("/login"));
    check("signed out", &app.anonymous().get("/login?notice=signed-out"));
    check("sign in, refused", &app.anonymous().post("/login", &[("email", "x"), ("password", "y")]));
    let admin = app.admin();
    check("first run", &admin.get(LIST));
    let ids: Vec<Id> = (0..30)
        .map(|n| app.add_account_with(&format!("robot {n}"), &[predefined::CI_CD.into(), predefined::ADMINISTRATOR.into()]))
        .collect();
    let team = app.add_team("Platform", &[&ids[0]]);
    for path in ["", "/new", &format!("/{team}"), &format!("/{team}/members/new?q=r"), &format!("/{team}/deletion"), "?q=none"] {
        check(path, &admin.get(&format!("/settings/teams{path}")));
    }
    check("team, refused", &admin.post("/settings/teams", &[("name", "platform")]));
    check("renamed team, refused", &admin.post(&format!("/settings/teams/{team}"), &[("name", "")]));
    check("members, refused", &admin.post(&format!("/settings/teams/{team}/members"), &[("account", "x"), ("q", "r")]));
    for (name, fields) in [
        ("t1", [("name", "a"), ("access", "read"), ("expires", "30")]),
        ("t2", [("name", "b"), ("access", "write"), ("expires", "never")]),
    ] {
        check(name, &admin.post_and_follow(&at(&ids[0], "/tokens"), &fields));
    }
    let account = admin.get(&at(&ids[0], ""));
    let token = all(&account.body, "id=\"revoke-", "\"")[0].to_owned();
    let regenerated = admin.post(&at(&ids[0], &format!("/tokens/{token}/regeneration")), &[("overlap", "24h")]);
    check("regenerated", &admin.get(regenerated.location()));
    check("shown before", &admin.get(regenerated.location()));
    let first = all(&admin.get("/settings/tokens").body, "name=\"id\" value=\"", "\"")[0].to_owned();
    let chosen = admin.post("/settings/tokens/selections", &[("id", first.as_str())]).location().to_owned();
    for path in ["", "?q=none", "?expires=soon&used=never&access=read", "?after=1.a", "/find"] {
        check(path, &admin.get(&format!("/settings/tokens{path}")));
    }
    check("chosen tokens", &admin.get(&chosen));
    check("pasted nothing", &admin.post("/settings/tokens/find", &[("text", "nothing")]));
    check("own tokens", &admin.get("/settings/api-tokens"));
    let own = [("name", "laptop"), ("access", "read"), ("expires", "30")];
    check("own token", &admin.post_and_follow("/settings/api-tokens", &own));
    check("own tokens, one", &admin.get("/settings/api-tokens"));
    check("own token, refused", &admin.post("/settings/api-tokens", &[("expires", "date")]));
    check("overlap refused", &admin.post(&at(&ids[1], "/tokens/x/regeneration"), &[]));
    admin.post(&at(&ids[1], "/disablement"), &[]);
    for path in [
        LIST.into(),
        format!("{LIST}?disabled=1&sort=-used&expiring=14"),
        format!("{LIST}?q=nothing"),
        format!("{LIST}/new"),
        at(&ids[0], ""),
        at(&ids[1], ""),
        at(&ids[0], "/deletion"),
        at(&ids[0], "/promotion"),
        "/settings/roles".into(),
        "/help/gateways/nginx".into(),
        "/help/gateways/envoy".into(),
        "/help/gateways/caddy?muster=nonsense%22%3E&path=%3Cb%3E".into(),
        "/help/operations".into(),
        "/help/authzen".into(),
        "/help/api".into(),
        "/settings/roles/new".into(),
        format!("/settings/roles/new?from={}", predefined::ADMINISTRATOR),
        format!("/settings/roles/{}", predefined::ADMINISTRATOR),
        format!("/settings/roles/{}", predefined::USER),
        format!("/settings/roles/{}/reset", predefined::USER),
        "/settings/token-policy".into(),
        "/settings/token-policy?page=2".into(),
        "/settings/audit-log".into(),
        "/settings/audit-log?kind=tokens&from=2026-01-01".into(),
        "/settings/audit-log?address=x&kind=y&from=z&to=z&change=z&target=%00".into(),
        "/settings/audit-log/retention".into(),
        "/settings/audit-log/retention?keep=days&days=30".into(),
        "/settings/audit-log/retention?keep=days&days=0".into(),
        "/settings/users/invite".into(),
        "/settings/invitations".into(),
        "/profile".into(),
        "/nowhere".into(),
        at(&Id::new(), ""),
    ] {
        check(&path, &admin.get(&path));
    }
    check("created, refused", &admin.post(LIST, &[("name", "")]));
    check("renamed, refused", &admin.post(&at(&ids[0], ""), &[]));
    check("roles, refused", &admin.post(&at(&ids[0], "/roles"), &[("role", "x")]));
    check("teams, refused", &admin.post(&at(&ids[0], "/teams"), &[("team", "x")]));
    check("token, refused", &admin.post(&at(&ids[0], "/tokens"), &[("expires", "date")]));
    check("deletion, refused", &admin.post(&at(&ids[0], "/deletion"), &[("confirm", "x")]));
    check("selected", &bulk_flash(&admin, "select_matching", &[], &[]));
    check("bulk, refused", &bulk_flash(&admin, "disable", &[], &[]));
    check("bulk deletion", &bulk(&admin, "delete", &[&ids[0], &ids[1]], &[]));
    check("bulk promotion", &bulk(&admin, "make_administrator", &[&ids[0], &ids[1]], &[]));
    check("no such action", &bulk(&admin, "x", &[&ids[0]], &[]));
    check("password, refused", &admin.post("/profile/password", &[]));
    check("undo of nothing", &admin.post(&format!("/settings/changes/{}/undo", Id::new()), &[]));
    check("wrong method", &admin.send("DELETE", LIST, &[("Sec-Fetch-Site", "same-origin")], &[]));
    check("message, refused", &admin.post("/settings/token-policy/stop", &[("message", "a\nb")]));
    admin.post("/settings/token-policy/stop", &[("message", "Until <Monday>.")]);
    for path in ["/settings/token-policy".into(), format!("{LIST}/new"), at(&ids[0], "")] {
        check(&format!("stopped {path}"), &admin.get(&path));
    }
    let role = app.add_role("Clerk", &["payments:refund"]);
    check("a role", &admin.get(&format!("/settings/roles/{role}")));
    check("deleting a role", &admin.get(&format!("/settings/roles/{role}/deletion")));
    check("a role, refused", &admin.post(&format!("/settings/roles/{role}"), &[("more", "Not one")]));
    check("a role, previewed", &admin.post(&format!("/settings/roles/{role}"), &[("name", "Clerk"), ("do", "preview")]));
    check("a locked role, refused", &admin.post(&format!("/settings/roles/{}", predefined::VIEWER), &[("name", "Viewer")]));
    let viewer = app.viewer();
    for path in [LIST.into(), at(&ids[0], ""), "/settings/roles".into(), format!("{LIST}/new")] {
        check(&format!("viewer {path}"), &viewer.get(&path));
    }
}

// Another site's page cannot act here.
#[test]
fn a_form_from_another_site_does_nothing() {
    let app = TestApp::start();
    let admin = app.admin();
    let id = app.add_account("robot");
    for headers in [
        [("Sec-Fetch-Site", "cross-site"), ("X", "")],
        [("Sec-Fetch-Site", "same-site"), ("X", "")],
        [("Origin", "https://evil.test"), ("X", "")],
        [("Origin", "null"), ("X", "")],
        [("X", ""), ("Y", "")],
    ] {
        let refused = admin.send("POST", &at(&id, "/disablement"), &headers, &[]);
        assert_eq!(refused.status, 403, "{headers:?}");
    }
    assert_eq!(app.totals(), (1, 0));
}
