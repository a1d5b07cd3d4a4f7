//! The theme: a cookie, read before anybody signs in.

use super::html::value;
use crate::support::app::TestApp;

#[test]
fn a_theme_is_kept_in_a_cookie_and_drawn_on_every_page() {
    let app = TestApp::start();
    let admin = app.admin();
    assert!(!admin.get("/profile").body.contains("data-theme=\""));
    let next = "/settings/system-accounts?disabled=1";
    for theme in ["dark", "light"] {
        let answer = admin.post("/preferences/theme", &[("theme", theme), ("next", next)]);
        assert_eq!((answer.status, answer.location()), (303, next));
        let cookie = answer.header("set-cookie");
        for part in [format!("theme={theme}").as_str(), "HttpOnly", "SameSite=Lax", "Path=/"] {
            assert!(cookie.contains(part), "{part}: {cookie}");
        }
        for path in [next, "/profile", "/settings/roles", "/nowhere"] {
            assert!(admin.get(path).body.contains(&format!("<html lang=\"en\" data-theme=\"{theme}\">")), "{theme} {path}");
        }
        let pressed = format!("value=\"{theme}\" data-theme-choice aria-pressed=\"true\"");
        assert!(admin.get("/profile").body.contains(&pressed));
    }
    admin.post("/logout", &[]);
    assert!(admin.get("/login").body.contains("data-theme=\"light\""));
    let back = admin.post("/preferences/theme", &[("theme", "system")]);
    assert_eq!((back.status, back.location()), (303, "/"));
    assert!(!admin.get("/login").body.contains("data-theme=\""));
}

#[test]
fn nonsense_is_the_systems_theme_and_leads_nowhere_else() {
    let app = TestApp::start();
    let visitor = app.anonymous();
    visitor.post("/preferences/theme", &[("theme", "\"><script>"), ("next", "/login")]);
    let page = visitor.get_with("/login", &[("Cookie", "theme=\"><script>alert(1)</script>")]);
    assert!(!page.body.contains("alert(1)") && !page.body.contains("data-theme=\""), "{}", page.body);
    for evil in ["https://evil.test", "//evil.test", "/\\evil.test", "\\\\evil.test", "javascript:alert(1)"] {
        assert_eq!(visitor.post("/preferences/theme", &[("theme", "dark"), ("next", evil)]).location(), "/", "{evil}");
    }
    // Theme returns to the page it was chosen on, with its filters.
    let app = TestApp::start();
    let page = app.admin().get("/settings/system-accounts?q=a%26b&sort=-used");
    assert_eq!(value(&page, "next"), "/settings/system-accounts?q=a%26b&sort=-used");
}
