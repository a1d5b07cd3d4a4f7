//! The public URL as somebody types it.

use clap::Parser as _;
use muster::config::Config;

use super::html::value;
use crate::support::app::{PASSWORD, TestApp};

#[test]
fn an_https_address_is_one_however_it_is_written() {
    for (typed, plain) in [
        ("HTTPS://Muster.Example.TEST", "https://muster.example.test"),
        ("https://muster.example.test//", "https://muster.example.test"),
        ("hTTps://MUSTER.example.test:443/", "https://muster.example.test"),
        ("https://muster.example.test:8443//", "https://muster.example.test:8443"),
    ] {
        let Ok(read) = Config::try_parse_from(["muster", "--public-url", typed]) else {
            // What is no address is refused at the start, and never half understood.
            assert!(typed.ends_with("//"), "{typed}");
            continue;
        };
        assert_eq!(read.public_url.as_deref(), Some(plain), "{typed}");
        let app = TestApp::start_with(|config| config.public_url.clone_from(&read.public_url));
        let link = app.setup_link.clone().unwrap();
        let path = link.strip_prefix(plain).unwrap_or_else(|| panic!("{typed}: {link}"));
        let browser = app.anonymous();
        let form = browser.get(path);
        assert_eq!(form.status, 200, "{typed}: {link}");
        assert_eq!(value(&form, "name"), "");
        let fields = [("name", "Maya"), ("email", "maya@example.test"), ("password", PASSWORD), ("password_again", PASSWORD)];
        let made = browser.post(path, &fields);
        assert_eq!(made.status, 303, "{typed}: {}", made.text());
        let cookie = made.header("set-cookie").to_owned();
        assert!(cookie.contains("muster_session=") && cookie.matches("Secure").count() > 0, "{typed}: {cookie}");
        for answer in [&form, &made, &browser.get("/healthz")] {
            assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{typed}");
        }
    }
}
