//! Who and what there is at Halden Freight, an invented haulier. Times are counted back from the start of the demo.

use crate::tokens::value::Access::{self, Read, Write};

/// A role beside the predefined ones: name, description, permissions.
pub type CustomRole = (&'static str, &'static str, &'static [&'static str]);

pub const ROLES: [CustomRole; 3] = [
    (
        "Release Manager",
        "Records deployments and releases in any environment.",
        &["contract_data:read:*", "deployment_and_release:record:*", "environment:manage:*"],
    ),
    ("Webhook Operator", "Creates and edits webhooks and the secrets they use.", &["secret:manage:*", "webhook:manage:*"]),
    (
        "Contract Auditor",
        "Reads all contract data and the audit log.",
        &["audit:read:*", "contract_data:read:*", "system_account:read:*"],
    ),
];

pub const TEAMS: [&str; 10] =
    ["Data", "Growth", "Identity", "Logistics", "Mobile", "Payments", "Platform", "Search", "SRE", "Web"];

/// The three who administer Muster; the first set it up. All that is done is done by them.
pub const ADMINISTRATORS: [&str; 3] = ["Maya Lindqvist", "Tomas Okafor", "Priya Sandoval"];
/// Somebody with the role User, and somebody with the role Read-Only, to sign in as.
pub const USER: &str = "Ines Calloway";
pub const READ_ONLY: &str = "Jonas Achterberg";

/// Everybody but the administrators: their role, and their names.
pub const PEOPLE: [(&str, &[&str]); 3] = [
    (
        "User",
        &[
            USER,
            "Aiko Brandt",
            "Alba Ferreira",
            "Amara Nwosu",
            "Anton Kessler",
            "Beatriz Lund",
            "Bram de Wit",
            "Camille Roux",
            "Chidi Amadi",
            "Clara Jensen",
            "Dana Petrov",
            "Dario Conti",
            "Elif Aydin",
            "Emeka Obi",
            "Erik Sandberg",
            "Farah Haddad",
            "Felix Baumann",
            "Freya Nygaard",
            "Gita Raman",
            "Goran Ilic",
            "Hana Novak",
            "Henrik Dahl",
            "Imani Walker",
            "Isak Berglund",
            "Ivana Horvat",
            "Jasper Quinn",
            "Joana Teixeira",
            "Kai Tanaka",
            "Karim Belhadj",
            "Kirsten Vogel",
            "Lars Holm",
            "Leila Moradi",
            "Linnea Strand",
            "Luca Marchetti",
            "Malik Johnson",
            "Marta Kowalska",
            "Mei Sun",
            "Mira Patel",
            "Nadia Rahman",
            "Noor Siddiqui",
            "Oskar Lindgren",
            "Paula Reyes",
            "Pieter Smit",
            "Rafael Costa",
            "Ruth Abernathy",
            "Sanne Visser",
            "Sofia Andersson",
            "Tariq Mansour",
            "Vera Sokolova",
            "Wen Li",
        ],
    ),
    (
        "Read-Only",
        &[READ_ONLY, "Agnes Thorne", "Benedikt Wolf", "Cora Whitfield", "Edwin Marsh", "Ottilie Krause", "Yusuf Demir"],
    ),
    ("Viewer", &["Gareth Pell", "Lucia Romano", "Stefan Brinkmann", "Una Fitzgerald"]),
];

/// Somebody who has left, and is still the owner of two system accounts.
pub const GONE: &str = "Sten Ravnsborg";
/// Somebody whose invitation expires tomorrow.
pub const INVITED: &str = "Ida Holm";

/// Who answers for which system accounts; for all others whoever created them.
pub const OWNERS: [(&str, &[&str]); 8] = [
    (GONE, &["jenkins-release", "tariff-engine shadow"]),
    ("Dario Conti", &["buildkite/ios", "circleci/android", "gitlab/mobile-bff"]),
    ("Hana Novak", &["github-actions/web", "drone/edge", "web-bff deploy", "web/storybook"]),
    ("Agnes Thorne", &["customs-api verify", "warehouse verify", "weigh-bridge verify"]),
    ("Farah Haddad", &["data-lake export"]),
    ("Kai Tanaka", &["route-planner publish", "yard-planner publish", "yard-planner verify"]),
    ("Sofia Andersson", &["identity verify", "search-index verify"]),
    ("Luca Marchetti", &["notifications publish", "widget-kit publish", "zendesk-bridge"]),
];

/// Roles that some have beside their own.
pub const EXTRA_ROLES: [(&str, &str); 6] = [
    ("Anton Kessler", "Release Manager"),
    ("Hana Novak", "Release Manager"),
    ("Sofia Andersson", "Release Manager"),
    ("Dario Conti", "Webhook Operator"),
    ("Kai Tanaka", "Webhook Operator"),
    ("Agnes Thorne", "Contract Auditor"),
];

/// The personal tokens of some: whose, how many days old, for how many days, and the token.
pub const PERSONAL: [(&str, i64, DemoToken); 4] = [
    ("Tomas Okafor", 53, token("laptop", Write, Some(37), Some(27))),
    ("Tomas Okafor", 81, token("contract browser", Read, Some(9), None)),
    (USER, 20, token("laptop", Write, Some(70), Some(3 * HOUR))),
    ("Hana Novak", 12, token("dashboard", Read, Some(18), Some(26 * HOUR))),
];

/// A system account.
pub struct Machine {
    pub name: &'static str,
    pub description: &'static str,
    pub teams: &'static [&'static str],
    /// The roles that it was created with.
    pub roles: &'static [&'static str],
    /// Days since its creation, or more where a token is older.
    pub age: i64,
    /// Calls on a day of the week, and on one of the week-end.
    pub calls: (i64, i64),
    pub tokens: &'static [DemoToken],
}

/// A token of a system account.
pub struct DemoToken {
    pub name: &'static str,
    pub access: Access,
    /// Days until it expires, below zero where it has; `None` for never.
    pub expires: Option<i64>,
    /// Minutes since it was last used.
    pub used: Option<i64>,
}

const CI: &[&str] = &["CI/CD"];
const LOOKS: &[&str] = &["Read-Only"];
const HOUR: i64 = 60;
const DAY: i64 = 24 * HOUR;

const fn machine(
    name: &'static str,
    description: &'static str,
    teams: &'static [&'static str],
    roles: &'static [&'static str],
    age: i64,
    calls: (i64, i64),
    tokens: &'static [DemoToken],
) -> Machine {
    Machine { name, description, teams, roles, age, calls, tokens }
}

const fn token(name: &'static str, access: Access, expires: Option<i64>, used: Option<i64>) -> DemoToken {
    DemoToken { name, access, expires, used }
}

/// The account whose page tells the whole story: its release pipeline's token has just been regenerated.
pub const SHOWPIECE: &str = "payments-api deploy";

#[rustfmt::skip]
pub const MACHINES: [Machine; 41] = [
    machine("buildkite/ios", "Consumer tests of the iOS application", &["Mobile"], CI, 320, (140, 22),
        &[token("pipeline", Write, Some(88), Some(2 * HOUR))]),
    machine("catalog-sync", "Copies integrations into the service catalogue", &["Platform"], LOOKS, 260, (24, 24),
        &[token("nightly copy", Read, Some(110), Some(30 * HOUR))]),
    machine("circleci/android", "Consumer tests of the Android application", &["Mobile"], CI, 310, (95, 10),
        &[token("pipeline", Write, Some(25), Some(2 * DAY)), token("local runs", Read, Some(70), Some(9 * DAY))]),
    machine("contract-janitor", "Removes merged branches and stale versions each hour", &["Platform"], CI, 365, (24, 24),
        &[token("clean-up", Write, Some(29), Some(63))]),
    machine("customs-api verify", "Provider verification for customs declarations", &["Logistics"], CI, 8, (0, 0),
        &[token("verify", Write, Some(85), None)]),
    machine("data-lake export", "Weekly export of verification results", &["Data"], LOOKS, 210, (6, 0),
        &[token("export", Read, Some(64), Some(27 * DAY))]),
    machine("deploy-gate/production", "Asks can-i-deploy before every production release",
        &["Platform", "SRE", "Web", "Mobile"], &["CI/CD", "Read-Only"], 380, (210, 35),
        &[token("gate", Read, None, Some(26))]),
    machine("drone/edge", "Edge proxy builds, moved to GitHub Actions in August", &["Web"], &["CI/CD", "Release Manager"], 340,
        (0, 0), &[token("pipeline", Write, Some(9), Some(97 * DAY))]),
    machine("fraud-rules publish", "Publishes the rules contract after review", &["Payments"], CI, 150, (18, 2),
        &[token("publish", Write, Some(17), Some(3 * HOUR))]),
    machine("github-actions/web", "All workflows in the web monorepo", &["Web"], CI, 390, (860, 120),
        &[token("publish", Write, Some(41), Some(12)), token("verify", Read, Some(75), Some(15)),
          token("release", Write, None, Some(19 * HOUR))]),
    machine("gitlab/mobile-bff", "Verifies the mobile back end on every merge", &["Mobile"], CI, 240, (120, 14),
        &[token("merge checks", Write, Some(12), Some(48)), token("releases", Write, Some(61), Some(3 * DAY))]),
    machine("identity verify", "Provider verification for sign-in and sessions", &["Identity"], CI, 300, (75, 8),
        &[token("verify", Write, Some(52), Some(5 * HOUR)), token("dashboards", Read, Some(80), Some(26 * HOUR))]),
    machine("jenkins-nightly", "Nightly verification of every provider", &["Platform"],
        &["CI/CD", "Webhook Operator", "Read-Only"], 385, (310, 310), &[token("nightly", Write, Some(3), Some(9 * HOUR + 31))]),
    machine("jenkins-release", "Old release train, still used by the tariff engine", &["Logistics"],
        &["CI/CD", "Release Manager"], 388, (9, 0), &[token("train", Write, Some(-2), Some(6 * DAY))]),
    machine("k6 load tests", "Reads contracts to shape the load profile", &["SRE"], LOOKS, 170, (40, 0),
        &[token("profiles", Read, Some(19), Some(13 * DAY))]),
    machine("ledger-api deploy", "Publishes pacts for the ledger service", &["Payments"], CI, 330, (230, 30),
        &[token("deploy", Write, Some(63), Some(19))]),
    machine("notifications publish", "Publishes message contracts for email and push", &["Growth"], CI, 200, (35, 4),
        &[token("publish", Write, Some(33), Some(26 * HOUR))]),
    machine("partner-sandbox", "For the carrier onboarding sandbox", &["Growth"], CI, 1, (0, 0), &[]),
    machine(SHOWPIECE, "Publishes pacts and records releases of the payments API", &["Payments"], CI, 266, (520, 85),
        &[token("verify", Read, Some(6), Some(38)), token("local debugging", Read, Some(-43), Some(44 * DAY))]),
    machine("renovate dry run", "Trial of contract bumps by bot", &["Platform"], CI, 5, (0, 0), &[]),
    machine("route-planner publish", "Publishes the planner contract", &["Logistics"], CI, 250, (0, 0),
        &[token("publish", Write, Some(122), Some(58 * DAY))]),
    machine("search-index verify", "Provider verification for search", &["Search"], CI, 280, (66, 6),
        &[token("verify", Write, Some(70), Some(11 * HOUR))]),
    machine("tariff-engine shadow", "Shadow traffic checks for the tariff engine", &["Logistics"],
        &["CI/CD", "Release Manager"], 230, (0, 0), &[token("shadow", Read, Some(-51), Some(143 * DAY))]),
    machine("terraform/environments", "Keeps environments and webhooks as code", &["Platform", "SRE"], CI, 370, (16, 2),
        &[token("state", Write, None, Some(20 * HOUR))]),
    machine("warehouse verify", "Provider verification for stock and picking", &["Logistics"], CI, 190, (50, 5),
        &[token("verify", Write, Some(49), Some(3 * DAY))]),
    machine("web-bff deploy", "Publishes the pacts of the web back end", &["Web"], CI, 290, (180, 20),
        &[token("deploy", Write, Some(57), Some(41))]),
    machine("web/storybook", "Reads contracts to build component fixtures", &["Web"], LOOKS, 140, (30, 3),
        &[token("fixtures", Read, Some(66), Some(4 * HOUR))]),
    machine("webhook-relay", "Forwards contract events to build pipelines", &["Platform"], CI, 360, (420, 60),
        &[token("relay", Write, None, Some(2))]),
    machine("weigh-bridge verify", "Provider verification for the depot scales", &["Logistics"], CI, 120, (22, 2),
        &[token("verify", Write, Some(38), Some(7 * HOUR))]),
    machine("widget-kit publish", "Publishes the contracts of the embeddable tracker", &["Growth"], CI, 180, (14, 0),
        &[token("publish", Write, Some(45), Some(28 * HOUR))]),
    machine("wiremock-sync", "Builds stubs from the latest contracts", &["Platform"], LOOKS, 220, (48, 48),
        &[token("stubs", Read, Some(82), Some(35))]),
    machine("workflows/shared", "Reusable workflows of every team", &["Platform", "Web", "Mobile"], CI, 350, (340, 40),
        &[token("publish", Write, Some(30), Some(8)), token("verify", Read, Some(30), Some(9))]),
    machine("yard-planner publish", "Publishes the yard planner's contract", &["Logistics"], CI, 160, (12, 1),
        &[token("publish", Write, Some(54), Some(5 * DAY))]),
    machine("yard-planner verify", "Provider verification for the yard planner", &["Logistics"], CI, 160, (28, 3),
        &[token("verify", Write, Some(54), Some(6 * HOUR))]),
    machine("zendesk-bridge", "Reads delivery contracts for the support desk", &["Growth"], LOOKS, 130, (20, 12),
        &[token("lookups", Read, Some(77), Some(90))]),
    machine("zone-pricing verify", "Provider verification for zone prices", &["Logistics", "Payments"], CI, 110, (44, 4),
        &[token("verify", Write, Some(22), Some(10 * HOUR))]),
    machine("zuul/gate", "Gate of the infrastructure repositories", &["SRE"], CI, 345, (64, 12),
        &[token("gate", Write, Some(48), Some(3 * HOUR)), token("dashboards", Read, None, Some(8 * DAY))]),
    // The last four are gone, or disabled: `chronicle` tells when.
    machine("bamboo/legacy", "Replaced by jenkins-nightly", &["Platform"], CI, 405, (0, 0), &[]),
    machine("tracking-api deploy", "Publishes pacts of the parcel tracker", &["Logistics"], CI, 275, (90, 9),
        &[token("deploy", Write, Some(36), Some(3 * HOUR + 40))]),
    machine("bitrise/watch", "Consumer tests of the watch application", &["Mobile"], CI, 300, (0, 0), &[]),
    machine("travis/legacy", "Builds of the old shop", &["Web"], CI, 396, (0, 0), &[]),
];

/// When a system account last signed in to Muster's own API, in days.
pub const LOGINS: [(&str, i64); 4] =
    [("contract-janitor", 34), ("jenkins-release", 210), ("terraform/environments", 121), ("bamboo/legacy", 402)];

/// Refused calls: whose, how many days ago, how many.
pub const REFUSALS: [(&str, i64, i64); 9] = [
    (SHOWPIECE, 12, 64),
    (SHOWPIECE, 11, 21),
    ("jenkins-release", 1, 9),
    ("jenkins-release", 0, 12),
    ("github-actions/web", 17, 38),
    ("circleci/android", 6, 14),
    ("k6 load tests", 14, 5),
    ("workflows/shared", 8, 27),
    ("webhook-relay", 3, 4),
];
