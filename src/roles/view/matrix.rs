//! The boxes of a role's form: what is allowed, for whose things.

use crate::auth::principal::Principal;
use crate::roles::permission::{Permission, PermissionSet};

/// What can be ticked: resources, and of each its actions with what they mean and the permission for own, team and all.
type Actions = &'static [(&'static str, &'static str, [&'static str; 3])];

const RESOURCES: &[(&str, &str, Actions)] = &[
    (
        "contract_data",
        "Contract data",
        &[
            ("Read", "Contracts and verification results", ["", "", "contract_data:read:*"]),
            (
                "Manage",
                "Publish, verify, change and delete",
                ["contract_data:manage:own", "contract_data:manage:team", "contract_data:manage:*"],
            ),
            (
                "Delete in bulk",
                "Many contracts at once",
                ["contract_data:bulk_delete:own", "contract_data:bulk_delete:team", "contract_data:bulk_delete:*"],
            ),
        ],
    ),
    (
        "deployment_and_release",
        "Deployments and releases",
        &[(
            "Record",
            "Which version is deployed or released",
            ["", "deployment_and_release:record:team", "deployment_and_release:record:*"],
        )],
    ),
    (
        "environment",
        "Environments",
        &[
            ("Read", "View environments", ["", "environment:read:team", "environment:read:*"]),
            ("Manage", "Create, change and delete", ["", "", "environment:manage:*"]),
        ],
    ),
    (
        "secret",
        "Secrets",
        &[
            ("Read", "View their names", ["", "secret:read:team", ""]),
            ("Manage", "Create, change and delete", ["", "secret:manage:team", "secret:manage:*"]),
        ],
    ),
    ("webhook", "Webhooks", &[("Manage", "Create, change and delete", ["", "webhook:manage:team", "webhook:manage:*"])]),
    ("ai", "AI features", &[("Use", "Every AI feature of the guarded API", ["", "", "ai:*"])]),
    (
        "system_account",
        "System accounts",
        &[
            ("Read", "View them, but not the details of their tokens", ["", "system_account:read:team", "system_account:read:*"]),
            (
                "Manage",
                "All: create, disable and delete, with roles and tokens. Team: disable, enable and handle tokens",
                ["", "system_account:manage:team", "system_account:manage:*"],
            ),
        ],
    ),
    (
        "token",
        "API tokens",
        &[
            ("Manage", "Create, regenerate and revoke", ["token:manage:own", "", ""]),
            ("Manage read-only", "Create, regenerate and revoke read-only tokens", ["read_token:manage:own", "", ""]),
            ("Introspect", "Check what another account's token can do", ["", "", "token:introspect"]),
        ],
    ),
    (
        "user",
        "Users",
        &[
            ("Read", "View users", ["", "", "user:read:*"]),
            ("Invite", "People who have no account yet", ["", "", "user:invite"]),
            ("Manage", "Create, change, disable and delete", ["", "", "user:manage:*"]),
        ],
    ),
    (
        "team",
        "Teams",
        &[
            ("Read", "View teams and their members", ["", "", "team:read:*"]),
            ("Manage", "Create, change and delete", ["", "", "team:manage:*"]),
        ],
    ),
    (
        "role",
        "Roles",
        &[
            ("Read", "View what each role allows", ["", "", "role:read:*"]),
            ("Manage", "Create, change and delete", ["", "", "role:manage:*"]),
        ],
    ),
    ("audit", "Audit log", &[("Read", "Who changed what, when and from where", ["", "", "audit:read:*"])]),
    (
        "settings",
        "Settings",
        &[
            ("Manage authentication", "How people sign in to the guarded API", ["", "", "authentication_settings:manage:*"]),
            ("Manage preferences", "What applies to everyone", ["", "", "system_preference:manage:*"]),
        ],
    ),
];

/// The actions of one resource.
#[derive(Clone, Debug)]
pub struct MatrixGroup {
    pub id: &'static str,
    pub title: &'static str,
    pub rows: Vec<MatrixRow>,
}

#[derive(Clone, Debug)]
pub struct MatrixRow {
    pub action: &'static str,
    pub about: &'static str,
    /// Own, team, all.
    pub cells: [Option<MatrixCell>; 3],
}

/// A box.
#[derive(Clone, Debug)]
pub struct MatrixCell {
    pub permission: String,
    pub label: String,
    pub checked: bool,
    /// Whether the actor may not change it. A ticked one is sent all the same.
    pub fixed: bool,
}

/// Whether a permission has a box.
pub fn has_box(text: &str) -> bool {
    boxes().any(|permission| permission == text)
}

fn boxes() -> impl Iterator<Item = &'static str> {
    let cells = RESOURCES.iter().flat_map(|(_, _, actions)| actions.iter().flat_map(|(_, _, cells)| cells));
    cells.copied().filter(|permission| !permission.is_empty())
}

/// The boxes, ticked as `permissions` has them. What the actor does not have cannot be ticked or unticked.
pub fn groups(permissions: &[String], actor: &Principal, locked: bool) -> Vec<MatrixGroup> {
    let cell = |text: &&'static str| Permission::parse(text).ok().map(|permission| cell(&permission, permissions, actor, locked));
    let row = |(action, about, cells): &(&'static str, &'static str, [&'static str; 3])| MatrixRow {
        action,
        about,
        cells: cells.each_ref().map(cell),
    };
    let group = |(id, title, actions): &(&'static str, &'static str, Actions)| MatrixGroup {
        id,
        title,
        rows: actions.iter().map(row).collect(),
    };
    RESOURCES.iter().map(group).collect()
}

/// The box of a permission.
pub fn cell(permission: &Permission, permissions: &[String], actor: &Principal, locked: bool) -> MatrixCell {
    let may_have = actor.may_grant(&PermissionSet::from_iter([permission.clone()]));
    let checked = permissions.iter().any(|held| held == permission.as_str());
    MatrixCell { permission: permission.to_string(), label: permission.label(), checked, fixed: locked || !may_have }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roles::predefined::PREDEFINED;

    #[test]
    fn everything_that_comes_with_muster_has_a_box_of_its_own_name() {
        assert!(PREDEFINED.iter().flat_map(|role| role.permissions).all(|permission| has_box(permission)));
        let mut labels: Vec<String> = boxes().map(|text| Permission::parse(text).unwrap().label()).collect();
        let all = labels.len();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!((labels.len(), boxes().count()), (all, all));
    }
}
