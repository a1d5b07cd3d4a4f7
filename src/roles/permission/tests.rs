use super::*;
use proptest::prelude::*;

const TEAM: &str = "6f9619ff-8b86-4011-b42d-00cf4fc964ff";

fn permission(text: &str) -> Permission {
    Permission::parse(text).unwrap()
}

fn covers(held: &str, required: &str) -> bool {
    let covered = permission(held).covers(&permission(required));
    let set: PermissionSet = [permission(held)].into_iter().collect();
    assert_eq!(set.allows(&permission(required)), covered);
    assert_eq!(set.allows_str(required), covered);
    covered
}

#[test]
fn reads_its_parts() {
    let read = permission("system_account:manage:*");
    assert_eq!((read.resource(), read.action(), read.scope()), ("system_account", "manage", Some("*")));
    let short = permission("payments:refund");
    assert_eq!((short.resource(), short.action(), short.scope()), ("payments", "refund", None));
    let braced = permission(&format!("team:manage:{{{TEAM}}}"));
    assert_eq!(braced.scope(), Some(format!("{{{TEAM}}}").as_str()));
    assert_eq!(braced.to_string(), format!("team:manage:{{{TEAM}}}"));
}

#[test]
fn malformed_texts_are_refused_with_the_text() {
    let long = format!("a:{}", "b".repeat(MAX_LENGTH));
    let simple = format!("team:manage:{{{}}}", TEAM.replace('-', ""));
    let half = format!("team:manage:{{{TEAM}");
    let urn = format!("team:manage:urn:uuid:{TEAM}");
    for text in [
        "",
        "a",
        "a:",
        ":b",
        "a:b:",
        "a::c",
        "a:b:c:d",
        "A:b",
        "a:B",
        "a:b:C",
        "1a:b",
        "_a:b",
        "-a:b",
        "a:-b",
        "a:b:-c",
        "a:b:**",
        "a:**",
        "a:*b",
        "a:*:",
        "a:{b}",
        "a:b:{own}",
        "*:b",
        " a:b",
        "a:b ",
        "a:b:c\n",
        "ä:b",
        "a:b:{}",
        long.as_str(),
        simple.as_str(),
        half.as_str(),
        urn.as_str(),
    ] {
        let refused = Permission::parse(text).unwrap_err().to_string();
        assert!(text.len() > MAX_LENGTH || refused.contains(text), "{text}");
    }
}

#[test]
fn braces_and_case_of_a_uuid_do_not_matter() {
    let bare = permission(&format!("team:manage:{TEAM}"));
    for same in [format!("team:manage:{{{TEAM}}}"), format!("team:manage:{}", TEAM.to_uppercase())] {
        assert_eq!(permission(&same), bare);
        assert!(covers(&same, bare.as_str()) && covers(bare.as_str(), &same));
    }
    assert!(!covers(bare.as_str(), "team:manage:6f9619ff-8b86-4011-b42d-00cf4fc96400"));
    // Texts are kept as they were written, each once.
    let braces = permission(&format!("team:manage:{{{TEAM}}}"));
    let set: PermissionSet = [bare.clone(), braces.clone(), bare.clone(), braces].into_iter().collect();
    assert_eq!(set.len(), 2);
}

#[test]
fn the_documented_permissions_are_well_formed() {
    for text in [
        "ai:*",
        "ai:generation:*",
        "ai:generation:openapi",
        "ai:generation:request-response",
        "ai:generation:test-template",
        "system_account:read:team",
        "secret:read:team",
        "deployment_and_release:record:team",
        "user:manage_scim_attributes:*",
        "user:invite:*",
        "a1:b-2_c:d-3",
        "a:*:*",
        "a:*:own",
    ] {
        assert_eq!(permission(text).as_str(), text);
    }
    // A UUID is one in each spelling, also where it begins with a letter and so looks like a word.
    let bare = permission("team:manage:cf75d7c2-416b-11ea-af5e-53c3b1a4efd8");
    assert_eq!(bare, permission("team:manage:{CF75D7C2-416B-11EA-AF5E-53C3B1A4EFD8}"));
    assert_ne!(bare, permission("team:manage:cf75d7c2-416b-11ea-af5e-53c3b1a4efdx"));
}

/// Rows are held, columns are asked for.
const TABLE: [(&str, &str); 8] = [
    ("ai:*       ", "yes yes yes yes yes yes yes no"),
    ("ai:*:own   ", "no  yes no  no  yes no  no  no"),
    ("ai:read    ", "no  no  yes no  no  no  no  no"),
    ("ai:read:*  ", "no  no  yes yes yes yes no  no"),
    ("ai:read:own", "no  no  no  no  yes no  no  no"),
    ("ai:read:team", "no  no  no  no  no  yes no  no"),
    ("ai:manage:*", "no  no  yes yes yes yes yes no"),
    ("aim:read   ", "no  no  no  no  no  no  no  yes"),
];

#[test]
fn the_table_of_what_covers_what() {
    for (held, row) in TABLE {
        for ((required, _), covered) in TABLE.iter().zip(row.split_whitespace()) {
            assert_eq!(covers(held.trim(), required.trim()), covered == "yes", "{held} covers {required}");
        }
    }
}

#[test]
fn covering_follows_the_rules() {
    for (held, required) in [
        ("a:*", "a:*:*"),
        ("a:*:*", "a:*"),
        ("payments:*", "payments:refund"),
        ("payments:*", "payments:refund:team"),
        ("a:manage:team", "a:read:team"),
        ("a:manage", "a:read"),
        ("user:invite:*", "user:invite"),
        ("token:manage:own", "read_token:manage:own"),
        ("token:manage:own", "read_token:read:own"),
        ("token:manage:*", "read_token:manage:own"),
        ("token:*", "read_token:manage:own"),
    ] {
        assert!(covers(held, required), "{held} covers {required}");
    }
    for (held, required) in [
        ("a:b", "a:c"),
        ("a:b", "c:b"),
        ("a:b:own", "a:b:*"),
        ("a:b:own", "a:b:team"),
        ("a:manage:*", "a:invite"),
        ("a:manage:*", "a:*"),
        ("a:manage:team", "a:read:*"),
        ("a:read:*", "a:manage:*"),
        ("payments:refund", "payments:*"),
        ("read_token:manage:own", "token:manage:own"),
        ("read_token:*", "token:manage:own"),
        ("token:introspect", "read_token:manage:own"),
        ("token:manage:own", "read_token:manage:*"),
        ("token:manage:*", "read_token:*"),
    ] {
        assert!(!covers(held, required), "{held} does not cover {required}");
    }
}

#[test]
fn a_set_is_sorted_and_has_no_duplicates() {
    let set: PermissionSet = ["b:read:*", "a:read:own", "b:read:*", "a:read", "a:read:*"].into_iter().map(permission).collect();
    let texts: Vec<&str> = set.iter().map(Permission::as_str).collect();
    assert_eq!(texts, ["a:read", "a:read:*", "a:read:own", "b:read:*"]);
    assert!(!set.allows_str("not a permission"));
    assert!(PermissionSet::default().is_empty());
    assert!(!PermissionSet::default().allows(&permission("a:read")));
}

#[test]
fn granting_needs_all_that_the_role_has() {
    let set = |texts: &[&str]| texts.iter().copied().map(permission).collect::<PermissionSet>();
    assert!(set(&["a:manage:*", "b:c"]).covers_all(&set(&["a:read:own", "b:c"])));
    assert!(!set(&["a:manage:*"]).covers_all(&set(&["a:read:own", "b:c"])));
    assert!(set(&[]).covers_all(&set(&[])));
}

#[test]
fn the_unknown_gets_a_label_from_its_words() {
    assert_eq!(permission("payments:refund").label(), "Refund payments");
    assert_eq!(permission("payment_order:cancel:*").label(), "Cancel payment order (all)");
    assert_eq!(permission("payment:refund:small_sums").label(), "Refund payment (small sums)");
    assert_eq!(permission(&format!("team:manage:{{{TEAM}}}")).label(), format!("Manage team {TEAM}"));
    assert_eq!(permission("payments:*").label(), "Full access to payments");
    assert_eq!(permission("payments:*:own").label(), "Full access to payments (own)");
    assert_eq!(permission("ai:code-review:pull-request").label(), "Code review ai (pull request)");
    assert!(permission("payments:refund").description().starts_with("Refund payments."));
}

proptest! {
    #[test]
    fn any_text_is_kept_or_refused(text in "\\PC*", near in "[a-z_:*{}0-9-]{0,60}") {
        for text in [text, near] {
            if let Ok(read) = Permission::parse(&text) {
                prop_assert_eq!(read.to_string(), text);
                prop_assert!(read.covers(&read));
                prop_assert!(!read.label().is_empty());
            }
        }
    }

    /// Whoever covers what covers a third covers the third, and the texts for a query are those that cover.
    #[test]
    fn covering_is_an_order(texts in prop::collection::vec(
        "(a|b|token|read_token):(manage|read|x|\\*)(:(own|team|\\*|6f9619ff-8b86-4011-b42d-00cf4fc964ff))?", 3
    )) {
        let [a, b, c] = [0, 1, 2].map(|at| permission(&texts[at]));
        prop_assert!(!(a.covers(&b) && b.covers(&c)) || a.covers(&c), "{} {} {}", a, b, c);
        prop_assert_eq!(a.covers(&b), b.covering_texts().iter().any(|text| text == a.as_str()), "{} {}", a, b);
    }
}
