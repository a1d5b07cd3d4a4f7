//! Inviting: the whole list or nobody, and never more than the inviter has.

use muster::auth::principal::Principal;
use muster::id::Id;
use muster::roles::predefined;

use super::{INVITE, LINKS, USERS, accept, invite, link_of, links};
use crate::pages::html::{all, error, names, plain, row, text_of, ticked, value, values};
use crate::support::app::{PASSWORD, TestApp};
use crate::support::snapshot::{assert_unchanged, lines, snapshot};

#[test]
fn two_are_invited_one_follows_the_link_and_signs_in() {
    let app = TestApp::start();
    let admin = app.admin();
    let team = app.add_team("Mobile", &[]);
    let form = admin.get(INVITE);
    assert_eq!(ticked(&form, "role"), [predefined::USER.to_string()]);
    let user = predefined::USER.to_string();
    let fields = [
        ("addresses", "Kaja Holmgren <kaja@halden.example>\r\n\r\nteo@halden.example"),
        ("role", user.as_str()),
        ("team", team.as_str()),
        ("form", &value(&form, "form")),
    ];
    let sent = admin.post_and_follow(INVITE, &fields);
    assert_eq!(sent.status, 200, "{}", sent.text());
    for part in ["Send these 2 links", "Role User, team Mobile", "Kaja Holmgren", "Chooses a name", "No public URL is set"] {
        assert!(sent.text().contains(part), "{part}: {}", sent.text());
    }
    assert_eq!((sent.header("referrer-policy"), sent.header("cache-control")), ("no-referrer", "no-store, no-transform"));
    let made = links(&sent);
    assert_eq!(made.len(), 2);
    assert!(made.iter().all(|link| link.starts_with(&format!("{}/set-password/", app.url))), "{made:?}");
    // The list says that they are invited.
    let list = admin.get(USERS);
    assert_eq!(names(&list), ["Kaja Holmgren", "Maya Lindqvist", "teo@halden.example"]);
    assert!(row(&list, "Kaja Holmgren").contains("Invited link expires in 7 days"), "{}", row(&list, "Kaja Holmgren"));
    // Twice the same form: nobody twice, and no secret again.
    let again = admin.post_and_follow(INVITE, &fields);
    assert_eq!(again.status, 200);
    assert!(again.text().contains("Links are shown once") && links(&again).is_empty(), "{}", again.text());
    // Whose name was given is not asked for it; the other chooses one.
    let stranger = app.anonymous();
    let page = stranger.get(&made[0]);
    assert!(page.text().contains("For Kaja Holmgren , kaja@halden.example"), "{}", page.text());
    assert!(!page.body.contains("name=\"name\""));
    let done = accept(&stranger, &made[0], "");
    assert_eq!((done.status, done.location()), (303, "/"), "{}", done.text());
    assert_eq!(stranger.get("/profile").status, 200);
    let other = app.anonymous();
    assert!(other.get(&made[1]).body.contains("name=\"name\""));
    let nameless = accept(&other, &made[1], "  ");
    assert_eq!((nameless.status, error(&nameless, "name")), (422, "Enter a name.".to_owned()));
    assert_eq!(accept(&other, &made[1], "Teo Baranov").status, 303);
    assert!(other.get("/profile").text().contains("Teo Baranov"));
    let list = admin.get(USERS);
    assert_eq!(names(&list), ["Kaja Holmgren", "Maya Lindqvist", "Teo Baranov"]);
    assert!(row(&list, "Teo Baranov").contains("Mobile") && !row(&list, "Teo Baranov").contains("Invited"));
    let signed_in = app.anonymous().post("/login", &[("email", "KAJA@Halden.example"), ("password", PASSWORD)]);
    assert_eq!(signed_in.status, 303);
    // The links are used up, and look like any other dead one.
    for link in &made {
        assert_eq!(app.anonymous().get(link).status, 404);
        assert_eq!(accept(&app.anonymous(), link, "Eve").status, 404);
    }
    let told = app.read(|conn| {
        Ok(lines(conn, "SELECT type || ' ' || target_name AS line FROM audit_events WHERE type LIKE 'invitation.%' ORDER BY seq"))
    });
    assert_eq!(
        told,
        [
            "invitation.created Kaja Holmgren",
            "invitation.created teo@halden.example",
            "invitation.accepted Kaja Holmgren",
            "invitation.accepted Teo Baranov"
        ]
    );
}

#[test]
fn what_is_unticked_stays_away() {
    let app = TestApp::start();
    let admin = app.admin();
    let team = app.add_team("Mobile", &[]);
    app.write(|conn| {
        let general = muster::settings::general::General {
            user_role: Some(predefined::USER.into()),
            user_team: Some(team.clone()),
            ..Default::default()
        };
        muster::settings::general::write(conn, &general)
    });
    // What the form starts with is not what is given.
    assert_eq!(invite(&admin, "Bo <bo@example.org>", &[]).status, 200);
    let read_only = predefined::READ_ONLY.to_string();
    assert_eq!(invite(&admin, "Ida <ida@example.org>", &[("role", &read_only)]).status, 200);
    let list = admin.get(USERS);
    assert!(row(&list, "Bo").contains("None None"), "{}", row(&list, "Bo"));
    assert!(row(&list, "Ida").contains("None Read-Only"), "{}", row(&list, "Ida"));
    // Neither is it given when the link is made anew, or accepted.
    let path = format!("{USERS}/{}/invitation", super::id_of(&app, "bo@example.org"));
    assert_eq!(accept(&app.anonymous(), &super::new_link(&admin, &path), "").status, 303);
    let list = admin.get(USERS);
    assert!(row(&list, "Bo").contains("None None"), "{}", row(&list, "Bo"));
}

#[test]
fn a_fault_in_one_line_keeps_everybody_out_until_it_is_mended() {
    let app = TestApp::start();
    let admin = app.admin();
    app.add_user("Tomas Okafor", &[]);
    let before = snapshot(&app);
    let list = "Ida.Holm@Example.ORG\nnonsense\n IDA.HOLM@example.org \nBo <bo@example.org>\ntomas.okafor@example.test\n\
                ida.holm@example.org.\n\"Holm, Ida\" <i@example.org>";
    let wrong = invite(&admin, list, &[]);
    assert_eq!(wrong.status, 422, "{}", wrong.text());
    assert_unchanged(&app, &before, "faults");
    assert!(wrong.text().contains("4 of 7 lines need a change. Nobody has been invited yet."), "{}", wrong.text());
    let told: Vec<(String, String)> =
        values(&wrong, "number").into_iter().map(|number| (number.clone(), error(&wrong, &format!("line-{number}")))).collect();
    let told: Vec<(&str, String)> = told.iter().map(|(number, html)| (number.as_str(), text_of(html))).collect();
    assert_eq!(told[0].0, "2");
    assert!(told[0].1.contains("valid e-mail address"));
    assert_eq!(told[1], ("3", "Also on line 1.".to_owned()));
    assert_eq!(told[2], ("5", "Tomas Okafor already has an account.".to_owned()));
    assert_eq!(told[3], ("6", "Also on line 1.".to_owned()));
    // The good lines stay in the box, those at fault are fields of their own.
    let rest = plain(all(&wrong.body, "aria-describedby=\"addresses-hint\">", "</textarea>")[0]);
    assert_eq!(rest.trim(), "Ida.Holm@Example.ORG\nBo <bo@example.org>\n\"Holm, Ida\" <i@example.org>");
    assert_eq!(
        values(&wrong, "line"),
        ["nonsense", "IDA.HOLM@example.org", "tomas.okafor@example.test", "ida.holm@example.org."]
    );
    // Mended in one, left out in the others.
    let fields = [
        ("addresses", rest.as_str()),
        ("number", "2"),
        ("line", "cleo@example.org"),
        ("number", "3"),
        ("line", ""),
        ("number", "5"),
        ("line", ""),
        ("number", "6"),
        ("line", " "),
    ];
    let sent = admin.post_and_follow(INVITE, &fields);
    assert_eq!(sent.status, 200, "{}", sent.text());
    assert_eq!(links(&sent).len(), 4);
    assert_eq!(names(&admin.get(USERS)).len(), 6);
}

#[test]
fn an_address_that_is_known_is_never_a_second_account() {
    let app = TestApp::start();
    let admin = app.admin();
    let (ida, _) = app.add_user("Ida Holm", &[]);
    super::seats::disable(&app, &ida);
    assert_eq!(invite(&admin, "a@bücher.example", &[]).status, 200);
    let before = snapshot(&app);
    for (again, why) in [
        ("a@xn--bcher-kva.example", "a@bücher.example has already been invited."),
        ("a@XN--BCHER-KVA.example", "has already been invited."),
        ("a@bücher.example.", "has already been invited."),
        ("MAYA.Lindqvist@example.test", "Maya Lindqvist already has an account."),
        ("ida.holm@example.test", "Ida Holm has a disabled account."),
    ] {
        let wrong = invite(&admin, again, &[]);
        assert_eq!(wrong.status, 422, "{again}: {}", wrong.text());
        assert!(text_of(&error(&wrong, "line-1")).contains(why), "{again}: {}", error(&wrong, "line-1"));
        assert_unchanged(&app, &before, again);
    }
    // A machine may have the same address in its name; two spellings in one list are one.
    let twice = invite(&admin, "b@bücher.example\nb@xn--bcher-kva.example", &[]);
    assert!(error(&twice, "line-2").contains("Also on line 1."));
    assert_unchanged(&app, &before, "two spellings");
    // Enabled again only where that is ticked, with the roles that they had.
    let fields = [("addresses", ""), ("number", "1"), ("line", "ida.holm@example.test"), ("enable", ida.as_str())];
    let done = admin.post_and_follow(INVITE, &fields);
    assert_eq!(done.flash(), "Enabled Ida Holm.");
    assert!(!row(&done, "Ida Holm").contains("Invited"));
    // Who may not see users learns no name.
    let inviter = app.add_role("Inviter", &["user:invite"]);
    let inviter = app.user("Hanna Desk", &[inviter]);
    let wrong = invite(&inviter, "ida.holm@example.test", &[]);
    assert_eq!((wrong.status, error(&wrong, "line-1").as_str()), (422, "This address already has an account."));
    let ticked = inviter.post(INVITE, &[("addresses", "ida.holm@example.test"), ("enable", ida.as_str())]);
    assert_eq!(ticked.status, 422, "{}", ticked.text());
}

#[test]
fn what_one_may_not_do_is_not_offered_and_loses_no_line() {
    let app = TestApp::start();
    app.admin();
    let (ida, _) = app.add_user("Ida Holm", &[]);
    super::seats::disable(&app, &ida);
    let inviter = app.add_role("Inviter", &["user:invite", "user:read:*"]);
    let inviter = app.user("Hanna Desk", &[inviter]);
    let list = "Bo <bo@example.org>\nida.holm@example.test";
    let wrong = invite(&inviter, list, &[]);
    assert!(text_of(&error(&wrong, "line-2")).contains("Ida Holm has a disabled account."));
    assert!(!wrong.body.contains("Enable this account again"), "{}", wrong.text());
    let before = snapshot(&app);
    let forced = invite(&inviter, list, &[("enable", ida.as_str())]);
    assert_eq!(forced.status, 403, "{}", forced.text());
    assert!(forced.body.contains("action=\"/settings/users/invite\"") && forced.body.contains("Bo &#60;bo@example.org&#62;"));
    assert_unchanged(&app, &before, "enabling");
    let role = predefined::USER.to_string();
    let refused = invite(&inviter, "Bo <bo@example.org>", &[("role", &role)]);
    assert_eq!(refused.status, 403);
    assert!(
        refused.text().contains("grants more than you have") && refused.body.contains("bo@example.org"),
        "{}",
        refused.text()
    );
}

#[test]
fn who_never_set_a_password_is_enabled_with_a_new_link() {
    let app = TestApp::start();
    let admin = app.admin();
    let old = link_of(&invite(&admin, "Bo <bo@example.org>", &[]));
    let bo = super::id_of(&app, "bo@example.org");
    let (ida, _) = app.add_user("Ida Holm", &[]);
    for id in [&bo, &ida] {
        super::seats::disable(&app, id);
    }
    let wrong = invite(&admin, "bo@example.org", &[]);
    assert!(wrong.text().contains("It keeps its own roles and teams. Those below don't apply."), "{}", wrong.text());
    let list = "bo@example.org\nida.holm@example.test";
    let sent = invite(&admin, list, &[("enable", bo.as_str()), ("enable", ida.as_str())]);
    let link = link_of(&sent);
    assert!(sent.text().contains("Enabled again, no link needed: Ida Holm ."), "{}", sent.text());
    assert_eq!((links(&sent).len(), app.anonymous().get(&old).status), (1, 404));
    assert_eq!(accept(&app.anonymous(), &link, "").status, 303);
    let told = "SELECT target_name AS line FROM audit_events WHERE type = 'invitation.renewed'";
    assert_eq!(app.read(|conn| Ok(lines(conn, told))), ["Bo"]);
}

#[test]
fn nobody_invites_to_more_than_they_have() {
    let app = TestApp::start();
    app.admin();
    let inviter = app.add_role("Inviter", &["user:invite"]);
    let helper = app.user("Hanna Desk", &[inviter]);
    let blue = app.add_team("Blue", &[]);
    assert_eq!(helper.get(INVITE).status, 200);
    assert_eq!(helper.get(USERS).status, 403);
    let before = snapshot(&app);
    for role in [predefined::ADMINISTRATOR, predefined::USER, predefined::READ_ONLY] {
        let answer = invite(&helper, "bo@example.org", &[("role", &role.to_string()), ("administrator", "1")]);
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert_unchanged(&app, &before, "role");
    }
    let answer = invite(&helper, "bo@example.org", &[("team", blue.as_str())]);
    assert_eq!(answer.status, 403, "{}", answer.text());
    // A team of theirs, but with a role that reaches those in it who can do more.
    let own = helper.account.clone().unwrap();
    let reaching = app.add_role("Team operator", &["system_account:manage:team"]);
    let prod = app.add_account_with("deploy-prod", &[predefined::ADMINISTRATOR.into()]);
    app.write(|conn| {
        muster::roles::queries::give(conn, &own, &reaching)?;
        muster::teams::operations::administrators::appoint(conn, &Principal::shell(), &blue, std::slice::from_ref(&own))?;
        crate::support::app::join_team(conn, &blue, &prod)
    });
    let before = snapshot(&app);
    let answer = invite(&helper, "bo@example.org", &[("team", blue.as_str()), ("role", reaching.as_str())]);
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert_unchanged(&app, &before, "team");
    // What they have they give.
    assert_eq!(invite(&helper, "bo@example.org", &[("role", reaching.as_str())]).status, 200);
    for client in [app.viewer(), app.anonymous()] {
        assert!(matches!(invite(&client, "eve@example.org", &[]).status, 303 | 403));
    }
}

#[test]
fn to_invite_administrators_is_said_twice() {
    let app = TestApp::start();
    let admin = app.admin();
    let before = snapshot(&app);
    let role = predefined::ADMINISTRATOR.to_string();
    let asked = invite(&admin, "bo@example.org", &[("role", &role)]);
    assert_eq!(asked.status, 422);
    assert!(asked.text().contains("Make them administrators") && asked.text().contains("pass every permission check"));
    assert_unchanged(&app, &before, "asked");
    let sent = invite(&admin, "bo@example.org", &[("role", &role), ("administrator", "1")]);
    assert_eq!(sent.status, 200, "{}", sent.text());
    // Whoever is only invited cannot be the administrator who remains (2.9).
    let own = admin.account.clone().unwrap();
    let refused = admin.post_and_follow(&format!("{USERS}/{own}/demotion"), &[]);
    assert!(refused.flash().contains("last administrator who can sign in"), "{}", refused.flash());
    let bo = super::id_of(&app, "bo@example.org");
    let refused = admin
        .post_and_follow(&format!("{USERS}/bulk"), &[("id", own.as_str()), ("id", bo.as_str()), ("do", "remove_administrator")]);
    assert!(refused.flash().contains("Maya Lindqvist"), "{}", refused.flash());
    assert_eq!(accept(&app.anonymous(), &link_of(&sent), "Bo").status, 303);
    // Whoever gives up their own is asked first, and ends on a page that they may see.
    let question = admin.post_and_follow(&format!("{USERS}/{own}/demotion"), &[]);
    let done = crate::pages::html::answer_question(&admin, &question, "");
    assert_eq!(admin.get(done.location()).location(), "/");
    assert_eq!(admin.get(admin.get("/").location()).flash(), "Maya Lindqvist is no longer an administrator.");
    assert_eq!(admin.get(USERS).status, 403, "no longer a manager");
}

#[test]
fn what_is_typed_is_refused_with_a_sentence() {
    let app = TestApp::start();
    let admin = app.admin();
    let before = snapshot(&app);
    for list in ["", " \n\t\n", &"a@example.org\n".repeat(201), "a\0b@example.org", "a@example.org\u{2028}b@example.org"] {
        let answer = invite(&admin, list, &[]);
        assert_eq!(answer.status, 422, "{list:?}: {}", answer.text());
        assert!(answer.body.contains("field-error"));
    }
    for (name, value) in [("role", "x"), ("role", Id::new().as_str()), ("team", Id::new().as_str()), ("enable", "x")] {
        assert_eq!(invite(&admin, "a@example.org", &[(name, value)]).status, 422, "{name}");
    }
    assert_eq!(admin.post(INVITE, &[("addresses", "a@example.org"), ("addresses", "b@example.org")]).status, 400);
    assert_unchanged(&app, &before, "nonsense");
    let many: Vec<String> = (0..200).map(|at| format!("Person {at} <p{at}@example.org>")).collect();
    let sent = invite(&admin, &many.join("\n"), &[]);
    assert_eq!((sent.status, links(&sent).len()), (200, 200));
}

#[test]
fn the_links_name_the_public_url_whatever_a_request_says() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let public = format!("http://localhost:{}", free.port());
    let app = TestApp::start_with(|config| {
        config.listen = free;
        config.public_url = Some(public.clone());
    });
    let admin = app.admin();
    let headers = [("Sec-Fetch-Site", "same-origin"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https")];
    let made = admin.send("POST", INVITE, &headers, &[("addresses", "bo@example.org")]);
    assert!(made.location().starts_with(LINKS), "{}", made.location());
    let sent = admin.get_with(made.location(), &headers[1..]);
    assert!(links(&sent)[0].starts_with(&format!("{public}/set-password/")), "{:?}", links(&sent));
    assert!(!sent.text().contains("No public URL") && !sent.body.contains("evil"));
}
