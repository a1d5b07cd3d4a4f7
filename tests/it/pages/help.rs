//! Help as a part of the product: its pages, and the same text on the command line.

use std::process::Command;

use clap::CommandFactory;
use muster::cli::Cli;
use muster::gateway::recipes::{Gateway, Values};
use muster::routes::PAGES;

use super::html::{all, plain};
use crate::api::Caller;
use crate::support::app::TestApp;
use crate::support::hcl::blocks;

fn muster(words: &[&str], folder: &std::path::Path) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_muster"));
    let output = command.args(words).current_dir(folder).env_remove("DATABASE_URL").output().unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
    text.replace('"', "&#34;").replace('\'', "&#39;")
}

#[test]
fn each_gateway_has_a_page_with_its_recipe() {
    let app = TestApp::start();
    // Whoever is signed in, whatever they may do.
    let client = app.user("Nobody Special", &[]);
    assert_eq!(client.get("/help/gateways").location(), "/help/gateways/nginx");
    let mut values = Values::example(([127, 0, 0, 1], 8080).into());
    values.set_muster("http://10.20.0.5:8080").unwrap();
    values.set_api("http://10.20.0.9").unwrap();
    values.set_path("/v2/payments").unwrap();
    values.set_permission("payments:*").unwrap();
    let query = "muster=http://10.20.0.5:8080&api=http://10.20.0.9&path=/v2/payments&require=payments:*";
    for gateway in Gateway::ALL {
        let page = client.get(&format!("/help/gateways/{}?{query}", gateway.slug()));
        assert_eq!(page.status, 200);
        for (title, text) in gateway.files(&values) {
            assert!(page.body.contains(&format!("<code>{}</code>", escaped(&text))), "{gateway:?} {title}: {}", page.body);
        }
        let tabs = all(&page.body, "<nav class=\"tabs\"", "</nav>")[0];
        assert!(tabs.contains("/help/gateways/envoy?muster=http%3A%2F%2F10.20.0.5%3A8080&#38;api="), "{tabs}");
        assert_eq!(tabs.matches("aria-current").count(), 1);
        let navigation = all(&page.body, "<nav class=\"sidebar\"", "</nav>")[0];
        assert!(navigation.contains("href=\"/help/gateways\" aria-current=\"page\""), "{navigation}");
    }
    for unknown in ["/help/gateways/apache", "/help/gateways/NGINX", "/help/nothing"] {
        assert_eq!(client.get(unknown).status, 404, "{unknown}");
    }
}

#[test]
fn a_wrong_value_comes_back_beside_its_field_and_gets_into_no_recipe() {
    let app = TestApp::start();
    let client = app.admin();
    for (field, value, message) in [
        ("muster", "http://a;%20return%20200", "Enter http://, a host and a port"),
        ("api", "https://api.example.com", "Enter http://, a host and a port"),
        ("path", "/a%20b", "Enter a path such as /refunds"),
        ("require", "payments", "isn’t a permission|isn&#39;t a permission"),
    ] {
        let page = client.get(&format!("/help/gateways/nginx?{field}={value}"));
        assert_eq!(page.status, 422, "{field}");
        assert!(message.split('|').any(|message| page.body.contains(message)), "{field}: {}", page.body);
        assert_eq!(page.body.matches("aria-invalid").count(), 1, "{field}");
        let code: String = all(&page.body, "<code>", "</code>").concat();
        assert!(!code.contains("return 200;\n") && !code.contains("a b") && code.contains("payments:refund"), "{field}: {code}");
    }
    // An empty field is the example.
    assert_eq!(client.get("/help/gateways/nginx?muster=&api=+&path=&require=").status, 200);
    assert_eq!(client.get("/help/gateways/nginx?%ff=%ff&path=/a&path=/b").status, 200);
}

#[test]
fn home_is_no_help_page() {
    let app = TestApp::start();
    assert_eq!(app.user("Nobody Special", &[]).get("/").location(), "/profile");
    let role = app.add_role("Reader of contracts", &["contract_data:read:*"]);
    assert_eq!(app.user("Una Fitzgerald", &[role]).get("/").location(), "/profile");
}

#[test]
fn the_api_is_shown_and_found() {
    let app = TestApp::start();
    let admin = app.admin();
    let page = admin.get("/help/api");
    assert_eq!(page.status, 200);
    for route in muster::routes::API {
        let shown = format!("<code>{}</code><span class=\"sub\">{}</span>", route.path, escaped(route.operation.summary));
        assert!(page.body.contains(&shown), "{} {}", route.method, route.path);
    }
    assert!(page.text().contains(&format!("curl -X POST '{}/admin/system-accounts'", app.url)));
    assert!(page.body.contains("href=\"/help/terraform\"") && page.body.contains("href=\"/openapi.json\""));
    let shown = regex::Regex::new(r#"<details class="endpoint" id="[^"]*" data-filter-item="[^"]*">"#).unwrap();
    let count = |query: &str| shown.find_iter(&admin.get(&format!("/help/api?q={query}")).body).count();
    assert_eq!(count(""), muster::routes::API.len() + 1);
    assert_eq!((count("token%3Aintrospect"), count("delete+ROLE%2Fadmin"), count("nothing-like-it")), (3, 1, 0));
    // A group of which nothing is left has no heading.
    let groups = |query: &str| admin.get(&format!("/help/api?q={query}")).body.matches("data-filter-group>").count();
    assert_eq!((groups("token%3Aintrospect"), groups("nothing-like-it"), groups("audit")), (1, 0, 1));
    assert!(admin.get("/help/api?q=%22%3E%3Cb%3E").body.contains("value=\"&#34;&#62;&#60;b&#62;\""));
}

/// Each is in the side bar, marked when it is open, and leads to all others.
#[test]
fn no_help_page_is_a_dead_end() {
    let app = TestApp::start();
    let reader = app.user("Tomas Okafor", &[]);
    let pages = [
        ("/help/gateways/nginx", "Gateways"),
        ("/help/gateways/envoy", "Gateways"),
        ("/help/api", "API reference"),
        ("/help/terraform", "Terraform"),
        ("/help/authzen", "AuthZEN"),
        ("/help/operations", "Operations"),
    ];
    for (path, label) in pages {
        let page = reader.get(path);
        let bar = all(&page.body, "<ul class=\"nav\"", "</ul>").concat();
        let links = all(&bar, "<a ", "</a>");
        let marked: Vec<&&str> = links.iter().filter(|link| link.contains("aria-current=\"page\"")).collect();
        assert!(marked.len() == 1 && marked[0].contains(label), "{path}: {marked:?}");
        for (other, label) in pages {
            let other = if other.starts_with("/help/gateways/") { "/help/gateways" } else { other };
            assert!(
                links.iter().any(|link| link.contains(&format!("href=\"{other}\"")) && link.contains(label)),
                "{path}: no {label}"
            );
        }
    }
}

#[test]
fn the_api_is_found_by_what_it_does_and_has_no_signs_of_its_source() {
    let app = TestApp::start();
    let reader = app.user("Tomas Okafor", &[]);
    let shown = |q: &str| {
        let page = reader.get(&format!("/help/api?q={q}"));
        let ends = all(&page.body, "<details class=\"endpoint\"", ">");
        ends.iter().filter(|tag| !tag.ends_with(" hidden")).count()
    };
    let text = reader.get("/help/api").text();
    let sign =
        text.find('`').map(|at| text[..at].chars().rev().take(60).collect::<Vec<_>>().into_iter().rev().collect::<String>());
    assert_eq!(sign, None);
    assert!(shown("disable") > 0 && shown("overlapSeconds") == 1 && shown("nothing+of+this+kind") == 0);
}

#[test]
fn operations_list_every_metric() {
    let app = TestApp::start();
    let page = app.admin().get("/help/operations");
    assert_eq!(page.status, 200);
    let families = muster::metrics::families();
    assert!(families.len() > 15 && families.iter().any(|(name, _)| name == "muster_http_requests_total"), "{families:?}");
    for (name, meaning) in families {
        assert!(page.body.contains(&format!("<code>{name}</code>")), "{name}");
        assert!(page.body.contains(&escaped(&meaning)), "{meaning}");
    }
}

/// The attributes that the provider has, of version 0.10.
const PROVIDER: [(&str, &[&str]); 5] = [
    ("pact", &["access_token", "host"]),
    ("pact_role", &["name", "scopes"]),
    ("pact_user", &["active", "email", "name", "roles", "type"]),
    ("pact_team", &["administrators", "name", "pacticipants", "users"]),
    ("muster_token", &["sensitive", "type"]),
];

#[test]
fn the_configuration_for_terraform_is_one_and_true() {
    let app = TestApp::start();
    let page = app.user("Nobody Special", &[]).get("/help/terraform");
    assert_eq!(page.status, 200);
    let configuration =
        all(&page.body, "<code>", "</code>").into_iter().map(plain).find(|code| code.contains("provider \"pact\""));
    let configuration = configuration.unwrap();
    let blocks = blocks(&configuration);
    let names: Vec<String> = blocks.iter().map(|block| format!("{} {}", block.kind, block.labels.join("."))).collect();
    let wanted =
        ["terraform ", "variable muster_token", "provider pact", "resource pact_role.refunds", "resource pact_user.deploy"];
    assert_eq!((&names[..5], names[5].as_str(), names.len()), (&wanted.map(String::from)[..], "resource pact_team.mobile", 6));
    for block in &blocks[1..] {
        let known = PROVIDER.iter().find(|(name, _)| *name == block.labels[0]).unwrap().1;
        assert!(block.values.keys().all(|name| known.contains(&name.as_str())), "{block:?}");
    }
    assert_eq!((blocks[2].text("host"), blocks[2].text("access_token")), (app.url.as_str(), "var.muster_token"));
    // What one block says of another is there: this is what the provider sends for it.
    assert_eq!(
        (blocks[4].texts("roles"), blocks[5].texts("users")),
        (vec!["pact_role.refunds.uuid"], vec!["pact_user.deploy.uuid"])
    );
    let caller = Caller::administrator(&app);
    let scopes: Vec<_> = blocks[3].texts("scopes").into_iter().map(|scope| serde_json::json!({ "scope": scope })).collect();
    let made = caller.post("/admin/roles", &serde_json::json!({ "name": blocks[3].text("name"), "permissions": scopes }));
    assert_eq!(made.status, 201, "{}", made.body);
    for role in muster::roles::predefined::PREDEFINED {
        let row = format!("<th scope=\"row\">{}</th><td><code>{}</code></td>", role.name, role.uuid);
        assert_eq!(page.body.contains(&row), role.assignable, "{}", role.name);
    }
}

#[test]
fn the_same_is_printed_without_a_database() {
    let folder = tempfile::tempdir().unwrap();
    for gateway in Gateway::ALL {
        let (done, text) = muster(&["help-page", gateway.slug()], folder.path());
        assert!(done);
        for (title, file) in gateway.files(&Values::example(([127, 0, 0, 1], 8080).into())) {
            assert!(text.contains(&format!("``` {title}\n{file}```\n")), "{gateway:?} {title}: {text}");
        }
    }
    let (done, text) = muster(&["help-page", "operations"], folder.path());
    assert!(done && text.contains("| `muster_promise_kept` | ") && text.contains("## Back up"), "{text}");
    let (done, text) = muster(&["help-page", "authzen"], folder.path());
    assert!(
        done && text.contains("| `system_account` | UUID |") && text.contains("curl http://127.0.0.1:8080/access/v1/"),
        "{text}"
    );
    let (done, text) = muster(&["help-page", "terraform"], folder.path());
    assert!(
        done && text.contains("host         = \"http://127.0.0.1:8080\"") && text.contains("terraform import pact_user."),
        "{text}"
    );
    let (done, text) = muster(&["help-page", "api"], folder.path());
    assert!(done && text.contains("### PUT /admin/users/{uuid}/roles\n\nReplace the roles of an account. "), "{text}");
    assert!(
        text.contains("| `roles` | list | UUIDs. ") && text.contains("\ncurl -X PUT 'http://127.0.0.1:8080/admin/"),
        "{text}"
    );
    // Every page of the help is printed.
    for page in PAGES.iter().filter_map(|route| route.path.strip_prefix("/help/")) {
        assert!(page.starts_with("gateways") || muster(&["help-page", page], folder.path()).0, "{page}");
    }
    let (done, text) = muster(&["systemd-unit"], folder.path());
    assert!(done && text.starts_with("[Unit]\n") && text.contains("\nExecStart=/usr/local/bin/muster serve\n"), "{text}");
    assert!(!muster(&["help-page", "apache"], folder.path()).0);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is made");
}

/// Whatever README and help say of options and variables is what the program has.
#[test]
fn the_options_that_are_named_exist() {
    fn options(command: &clap::Command, found: &mut Vec<String>) {
        for argument in command.get_arguments() {
            found.extend(argument.get_long().map(|long| format!("--{long}")));
            found.extend(argument.get_env().and_then(|name| name.to_str()).map(str::to_owned));
        }
        command.get_subcommands().for_each(|command| options(command, found));
    }
    let mut known = vec!["--help".to_owned(), "--version".to_owned()];
    options(&Cli::command(), &mut known);
    let folder = tempfile::tempdir().unwrap();
    let mut texts = vec![("README", include_str!("../../../README.md").to_owned())];
    for page in ["nginx", "caddy", "traefik", "haproxy", "envoy", "operations", "authzen", "terraform", "api"] {
        texts.push((page, muster(&["help-page", page], folder.path()).1));
    }
    texts.push(("unit", muster(&["systemd-unit"], folder.path()).1));
    let named = regex::Regex::new(r"(?:^|[\s`\[(])(--[a-z][a-z-]+)|\b(MUSTER_[A-Z_]+|DATABASE_URL)\b").unwrap();
    // Other programs' options in the same snippets, and the variable that holds a token.
    let others = ["--release", "--open", "--system", "--home-dir", "--shell", "--now", "MUSTER_TOKEN", "MUSTER_BASE_URL"];
    let mut seen = 0;
    for (text, words) in texts {
        for found in named.captures_iter(&words) {
            let option = found.get(1).or(found.get(2)).unwrap().as_str();
            seen += 1;
            assert!(known.iter().any(|known| known == option) || others.contains(&option), "{text} names {option}");
        }
    }
    assert!(seen > 20, "{seen}");
}

/// The commands that README and help name, likewise.
#[test]
fn the_commands_that_are_named_exist() {
    let command = Cli::command();
    let named = regex::Regex::new(r"(?m)(?:^|[`|(] ?)muster ([a-z][a-z-]+)(?: ([a-z-]+))?").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut text = include_str!("../../../README.md").to_owned();
    for page in ["operations", "terraform"] {
        text.push_str(&muster(&["help-page", page], folder.path()).1);
    }
    let mut seen = 0;
    for found in named.captures_iter(&text) {
        let first = command.find_subcommand(&found[1]);
        let first = first.unwrap_or_else(|| panic!("there is no command {}", &found[0]));
        if first.has_subcommands() {
            let second = found.get(2).map(|word| word.as_str()).unwrap_or_default();
            assert!(first.find_subcommand(second).is_some(), "there is no command {}", &found[0]);
        }
        seen += 1;
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn the_readmes_example_is_the_recipe() {
    let readme = include_str!("../../../README.md");
    for (title, text) in Gateway::Nginx.files(&Values::example(([127, 0, 0, 1], 8080).into())) {
        assert!(readme.contains(&format!("```nginx\n{text}```\n")), "{title}");
    }
    assert!(readme.lines().count() <= 170, "{}", readme.lines().count());
}
