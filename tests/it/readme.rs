//! README's first quarter of an hour, as it is written: its lines in a shell, its buttons in the pages.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

use tempfile::TempDir;

use crate::pages::html::{LIST, bulk_flash, find_href, href, links, plain, row, text_of};
use crate::support::app::Client;
use crate::support::process::Process;
use crate::support::soon::eventually;
use muster::id::Id;

/// Read when the test runs, so that a change of it needs no build.
static README: LazyLock<String> =
    LazyLock::new(|| std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap());
/// Where README's server listens. The test's has a port of its own.
const ADDRESS: &str = "http://127.0.0.1:8080";

/// The numbered steps.
fn steps() -> Vec<&'static str> {
    let (_, section) = README.split_once("## The first quarter of an hour\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let begin = |number: usize| section.find(&format!("\n{number}. ")).unwrap_or(section.len());
    (1..).map(|number| &section[begin(number)..begin(number + 1)]).take_while(|step| !step.is_empty()).collect()
}

/// The lines of a step's shell blocks.
fn lines(step: &str) -> Vec<&str> {
    let blocks = step.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// What a step says in these words is what the test does.
fn says(step: &str, words: &[&str]) {
    let step = step.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(step.contains(word), "{word}: {step}");
    }
}

/// A folder, a `muster` on the path, and a server in the folder, started by README's line.
struct Place {
    folder: TempDir,
    path: String,
    server: Process,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_muster"), bin.join("muster")).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        std::fs::create_dir(folder.path().join("empty")).unwrap();
        let server = Self::serve(&folder.path().join("empty"), &path);
        Self { folder, path, server }
    }

    fn serve(folder: &Path, path: &str) -> Process {
        says(steps()[0], &["in an empty folder with `muster serve`"]);
        let mut shell = Command::new("sh");
        shell.args(["-c", "exec muster serve"]).current_dir(folder).env("PATH", path).env("MUSTER_LISTEN", "127.0.0.1:0");
        Process::of(shell.env_remove("DATABASE_URL"))
    }

    fn restart(&mut self) {
        self.server.ask_to_stop();
        assert!(self.server.wait(), "{}", self.server.output());
        self.server = Self::serve(&self.folder.path().join("empty"), &self.path);
    }

    /// Another shell in the same folder.
    fn shell(&self) -> Shell {
        let mut child = Command::new("sh")
            .current_dir(self.folder.path().join("empty"))
            .env("PATH", &self.path)
            .env("MUSTER_LISTEN", self.server.url.strip_prefix("http://").unwrap())
            .env_remove("DATABASE_URL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Shell { child, input, output, url: self.server.url.clone() }
    }
}

struct Shell {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    url: String,
}

impl Shell {
    /// Runs a line of README, which must succeed, and returns what it printed.
    fn run(&mut self, line: &str) -> String {
        let line = line.replace(ADDRESS, &self.url);
        writeln!(self.input, "{line}\necho \"ended: $?\"").unwrap();
        let mut said = String::new();
        loop {
            let mut read = String::new();
            assert!(self.output.read_line(&mut read).unwrap() > 0, "the shell ended at {line}: {said}");
            if let Some((before, status)) = read.split_once("ended: ") {
                said.push_str(before);
                assert_eq!(status.trim(), "0", "{line}: {said}");
                return said;
            }
            said.push_str(&read);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Steps 4 and 5, for the account whose token the shell has.
fn is_asked_about(shell: &mut Shell, admin: &Client, name: &str) {
    let [_, _, _, fourth, fifth] = steps()[..] else { panic!("other steps") };
    let [ask, require] = lines(fourth)[..] else { panic!("{fourth}") };
    let unused = row(&admin.get(LIST), name);
    assert!(unused.contains("Never used"), "{unused}");
    let told = shell.run(ask).to_lowercase();
    says(fourth, &["The answer is 200, with headers that say who is calling", "The list shows when the token was used"]);
    assert!(told.starts_with("http/1.1 200 "), "{told}");
    assert!(told.contains("muster-account-name: ") && told.contains("muster-roles: ci/cd"), "{told}");
    eventually("the use in the list", || !row(&admin.get(LIST), name).contains("Never used"));
    says(fourth, &["Then require a permission that the account doesn't have: 403."]);
    assert!(shell.run(require).starts_with("HTTP/1.1 403 "));

    says(fifth, &["**Disable the account** in the browser and ask again: 401", "*Display disabled system accounts*", "*Enable*"]);
    let list = admin.get(LIST);
    let id = Id::parse(href(&list, name).split('?').next().unwrap().rsplit('/').next().unwrap()).unwrap();
    assert_eq!(bulk_flash(admin, "disable", &[&id], &[]).flash(), format!("Disabled {name}."));
    assert!(shell.run(ask).starts_with("HTTP/1.1 401 "));
    let list = admin.get(LIST);
    assert!(find_href(&list, name).is_none() && list.text().contains("Display disabled system accounts"), "{}", list.text());
    assert!(row(&admin.get(&format!("{LIST}?disabled=1")), name).contains("Disabled"));
    bulk_flash(admin, "enable", &[&id], &[]);
    assert!(shell.run(ask).starts_with("HTTP/1.1 200 "));
}

#[test]
fn the_first_quarter_of_an_hour_in_the_browser() {
    let mut place = Place::new();
    let [first, second, third, ..] = steps()[..] else { panic!("other steps") };
    says(first, &["It creates `muster.db` and prints a link, valid for seven days", "every start prints a new one"]);
    assert!(place.folder.path().join("empty/muster.db").exists());
    let before = place.server.setup_link.clone().unwrap();
    place.restart();
    let link = place.server.setup_link.clone().unwrap();
    assert_ne!(before.rsplit('/').next(), link.rsplit('/').next());

    says(second, &["**Open the link** and create the first administrator"]);
    let admin = Client::new(&place.server.url);
    assert_eq!(admin.get(&link).status, 200);
    let password = "correct horse battery";
    let fields = [("name", "Ada"), ("email", "ada@example.org"), ("password", password), ("password_again", password)];
    assert_eq!(admin.post(&link, &fields).status, 303);

    let steps =
        ["*New system account*", "a name such as `payments deploy`", "*Create system account*", "its line *Unix environment*"];
    says(third, &steps);
    let new = href(&admin.get(LIST), "New system account");
    let form = admin.get(&new);
    assert!(form.text().contains("Create system account"), "{}", form.text());
    let ticked: Vec<(&str, String)> = ["role", "token"]
        .into_iter()
        .flat_map(|name| crate::pages::html::ticked(&form, name).into_iter().map(move |value| (name, value)))
        .collect();
    let mut fields = vec![("name", "payments deploy")];
    fields.extend(ticked.iter().map(|(name, value)| (*name, value.as_str())));
    let made = admin.post_and_follow(LIST, &fields);
    let snippet = made.body.split("class=\"snippet\"").find(|part| text_of(part).contains("Unix environment")).unwrap();
    let (_, rest) = snippet.split_once("<code>").unwrap();
    let environment = plain(rest.split_once("</code>").unwrap().0);
    assert!(links(&made).iter().any(|(_, path)| path.contains("/settings/system-accounts/")));
    let mut shell = place.shell();
    shell.run(&environment);
    is_asked_about(&mut shell, &admin, "payments deploy");
}

#[test]
fn the_first_quarter_of_an_hour_in_a_shell() {
    let mut place = Place::new();
    let [_, second, third, ..] = steps()[..] else { panic!("other steps") };
    let mut shell = place.shell();
    says(second, &["from a second shell in the same folder"]);
    for line in lines(second) {
        shell.run(line);
    }
    let admin = Client::new(&place.server.url);
    let fields = [("email", "ada@example.org"), ("password", "correct horse battery")];
    assert_eq!(admin.post("/login", &fields).status, 303, "{second}");
    says(third, &["Or, from the second shell"]);
    let [add, export] = lines(third)[..] else { panic!("{third}") };
    let id = shell.run(add);
    assert!(Id::parse(id.trim()).is_some(), "{id}");
    shell.run(export);
    is_asked_about(&mut shell, &admin, "catalog sync");
    // There is an administrator, so no start prints a link.
    drop(shell);
    place.restart();
    assert_eq!(place.server.setup_link, None);
}
