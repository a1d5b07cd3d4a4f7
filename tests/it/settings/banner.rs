//! What everybody reads: the banner, and whom to ask.

use muster::roles::predefined;

use super::{save, unnamed};

#[test]
fn a_banner_is_text_outside_of_every_form() {
    let app = unnamed();
    let admin = app.admin();
    let typed = "<img src=x onerror=1> javascript:alert(1)\r\nhttps://evil.example \u{202e}gnihsihp";
    save(&app, &admin, &[("banner", typed)]);
    let login = app.anonymous().get("/login");
    let (_, banner) = login.body.split_once("<aside class=\"notice banner\"").unwrap();
    let (banner, rest) = banner.split_once("</aside>").unwrap();
    assert!(banner.contains("&#60;img src=x onerror=1&#62; javascript:alert(1)\nhttps://evil.example gnihsihp"), "{banner}");
    assert!(!banner.contains("<a") && !banner.contains("<img") && !banner.contains('\u{202e}'), "{banner}");
    assert!(rest.contains("<form"), "before the form, and not in it");
    // On the sign-in page only.
    for page in ["/settings/system-accounts", "/settings/nothing"] {
        assert!(!admin.get(page).body.contains("class=\"notice banner\""), "{page}");
    }
    save(&app, &admin, &[("banner_place", "every_page")]);
    for page in ["/settings/system-accounts", "/settings/nothing", "/profile"] {
        assert!(admin.get(page).body.contains("class=\"notice banner\""), "{page}");
    }
    save(&app, &admin, &[("banner", " \u{200b} \n ")]);
    for page in ["/settings/system-accounts", "/profile"] {
        assert!(!admin.get(page).body.contains("class=\"notice banner\""), "{page}");
    }
    assert!(!app.anonymous().get("/login").body.contains("class=\"notice banner\""));
}

#[test]
fn whom_to_ask_is_named_where_somebody_lacks_a_right() {
    let app = unnamed();
    let admin = app.admin();
    let robot = app.add_account("robot");
    let viewer = app.user("Ines Calloway", &[predefined::USER.into()]);
    let pages =
        ["/settings/system-accounts".to_owned(), format!("/settings/system-accounts/{robot}"), "/settings/general".to_owned()];
    for page in &pages {
        assert!(viewer.get(page).text().contains("Ask Maya Lindqvist"), "{page}: {}", viewer.get(page).text());
    }
    save(&app, &admin, &[("ask", "the <platform> team"), ("ask_link", "https://chat.example.test/?a=1&b=\"2\"")]);
    for page in &pages {
        let answer = viewer.get(page);
        assert!(
            answer.text().contains("Ask the &#60;platform&#62; team") || answer.text().contains("Ask the <platform> team"),
            "{page}: {}",
            answer.text()
        );
        assert!(answer.body.contains("<a href=\"https://chat.example.test/?a=1&#38;b=&#34;2&#34;\">"), "{page}: {}", answer.body);
        assert!(!answer.text().contains("Ask Maya"), "{page}");
    }
}
