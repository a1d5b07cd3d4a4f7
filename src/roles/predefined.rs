//! The roles that come with Muster. Their UUIDs are published: clients of the admin API have them written down.

use super::permission::{Permission, PermissionSet};
use crate::id::Id;
use uuid::{Uuid, uuid};

/// Full control. Locked, and given only by an administrator.
pub const ADMINISTRATOR: Uuid = uuid!("cf75d7c2-416b-11ea-af5e-53c3b1a4efd8");
/// The role that a new user gets.
pub const USER: Uuid = uuid!("e9282e22-416b-11ea-a16e-57ee1bb61d18");
/// The role that a new system account gets.
pub const CI_CD: Uuid = uuid!("c1878b8e-d09e-11ea-8fde-af02c4677eb7");
/// Sees, and changes nothing but its own read-only tokens. Called Viewer until 2025.
pub const READ_ONLY: Uuid = uuid!("9fa50562-a42b-4771-aa8e-4bb3d623ae60");
/// For people who only look at the screens: it grants no token. Locked. Called Guest until 2025.
pub const VIEWER: Uuid = uuid!("d6938de2-e37c-11eb-b80e-3f68328092ca");
/// Follows from being administrator of a team: never given by hand.
pub const TEAM_ADMINISTRATOR: Uuid = uuid!("d635f960-88f2-4f13-8043-4641a02dffa0");

/// A role as it comes with Muster, and as "Reset" gives it back.
#[derive(Debug)]
pub struct PredefinedRole {
    /// What people call it; unique among roles.
    pub name: &'static str,
    /// Its published identity, the same in every installation.
    pub uuid: Uuid,
    /// One sentence for the roles page and the forms that offer it.
    pub description: &'static str,
    /// Whether its permissions can never be edited.
    pub locked: bool,
    /// Whether it can be given to an account by hand.
    pub assignable: bool,
    /// Its default permissions, sorted. Those of Team Administrator depend on the teams, so none stands here.
    pub permissions: &'static [&'static str],
}

/// Everything that the predefined Administrator grants: full control.
pub fn administrator_permissions() -> PermissionSet {
    default_permissions(&ADMINISTRATOR.into()).unwrap_or_default()
}

/// What the predefined role of this UUID comes with; `None` for any other role.
pub fn default_permissions(id: &Id) -> Option<PermissionSet> {
    let role = PREDEFINED.iter().find(|role| Id::from(role.uuid) == *id)?;
    Some(role.permissions.iter().filter_map(|permission| Permission::parse(permission).ok()).collect())
}

/// All of them, in the order in which a list shows them.
pub const PREDEFINED: &[PredefinedRole] = &[
    PredefinedRole {
        name: "Administrator",
        uuid: ADMINISTRATOR,
        description: "Full control, including users, roles and system accounts.",
        locked: true,
        assignable: true,
        permissions: &[
            "audit:read:*",
            "authentication_settings:manage:*",
            "contract_data:bulk_delete:*",
            "contract_data:manage:*",
            "deployment_and_release:record:*",
            "environment:manage:*",
            "role:manage:*",
            "secret:manage:*",
            "system_account:manage:*",
            "system_preference:manage:*",
            "team:manage:*",
            "token:introspect",
            "token:manage:own",
            "user:invite",
            "user:manage:*",
            "webhook:manage:*",
        ],
    },
    PredefinedRole {
        name: "CI/CD",
        uuid: CI_CD,
        description: "For CI/CD pipelines: publish and verify contracts, record deployments.",
        locked: false,
        assignable: true,
        permissions: &[
            "contract_data:manage:own",
            "contract_data:manage:team",
            "contract_data:read:*",
            "deployment_and_release:record:*",
            "environment:read:*",
        ],
    },
    PredefinedRole {
        name: "User",
        uuid: USER,
        description: "Day-to-day work of developers and testers, within their teams.",
        locked: false,
        assignable: true,
        permissions: &[
            "ai:*",
            "contract_data:bulk_delete:own",
            "contract_data:bulk_delete:team",
            "contract_data:manage:own",
            "contract_data:manage:team",
            "contract_data:read:*",
            "environment:read:team",
            "role:read:*",
            "secret:manage:team",
            "system_account:read:*",
            "team:read:*",
            "token:manage:own",
            "user:read:*",
            "webhook:manage:team",
        ],
    },
    PredefinedRole {
        name: "Read-Only",
        uuid: READ_ONLY,
        description: "Reads everything and changes nothing. Users with it can have read-only tokens of their own.",
        locked: false,
        assignable: true,
        permissions: &["contract_data:read:*", "read_token:manage:own", "system_account:read:*", "team:read:*", "user:read:*"],
    },
    PredefinedRole {
        name: "Viewer",
        uuid: VIEWER,
        description: "Reads contract data, teams and users. Users with it can't create tokens of their own.",
        locked: true,
        assignable: true,
        permissions: &["contract_data:read:*", "team:read:*", "user:read:*"],
    },
    PredefinedRole {
        name: "Team Administrator",
        uuid: TEAM_ADMINISTRATOR,
        description: "Manages the teams they are an administrator of.",
        locked: true,
        assignable: false,
        permissions: &[],
    },
];

/// Whether Administrator is among these roles.
pub fn is_administrator(roles: &[Id]) -> bool {
    roles.contains(&ADMINISTRATOR.into())
}

/// Whether this is Team Administrator, which nobody is given: it follows from administering a team.
pub fn is_team_administrator(role: &str) -> bool {
    Id::parse(role) == Some(TEAM_ADMINISTRATOR.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roles::permission::{Permission, PermissionSet};

    fn permissions(uuid: Uuid) -> PermissionSet {
        let role = PREDEFINED.iter().find(|role| role.uuid == uuid).unwrap();
        role.permissions.iter().map(|text| Permission::parse(text).unwrap()).collect()
    }

    #[test]
    fn names_and_uuids_are_unique() {
        for (index, role) in PREDEFINED.iter().enumerate() {
            assert_eq!(PREDEFINED.iter().position(|other| other.name == role.name), Some(index));
            assert_eq!(PREDEFINED.iter().position(|other| other.uuid == role.uuid), Some(index));
        }
    }

    #[test]
    fn permissions_are_sorted_and_distinct() {
        for role in PREDEFINED {
            assert!(role.permissions.is_sorted(), "{}", role.name);
            assert_eq!(permissions(role.uuid).len(), role.permissions.len());
        }
    }

    #[test]
    fn the_locked_ones_are_as_published() {
        let locked: Vec<&str> = PREDEFINED.iter().filter(|role| role.locked).map(|role| role.name).collect();
        assert_eq!(locked, ["Administrator", "Viewer", "Team Administrator"]);
        let given = PREDEFINED.iter().filter(|role| !role.assignable).map(|role| role.uuid).collect::<Vec<_>>();
        assert_eq!(given, [TEAM_ADMINISTRATOR]);
        // The screens alone: no token of any kind.
        assert!(
            !permissions(VIEWER).allows_str("read_token:manage:own")
                && permissions(READ_ONLY).allows_str("read_token:manage:own")
        );
        assert!(!permissions(VIEWER).allows_str("system_account:read:*"));
        assert!(
            PREDEFINED
                .iter()
                .all(|role| !permissions(role.uuid).iter().any(|held| held.as_str() == "system_account:manage:team"))
        );
    }

    #[test]
    fn an_administrator_may_do_what_muster_asks_for() {
        let administrator = permissions(ADMINISTRATOR);
        for needed in ["user:manage:*", "role:manage:*", "system_account:manage:*", "role:read:*", "read_token:manage:own"] {
            assert!(administrator.allows_str(needed), "{needed}");
        }
        assert!(administrator.covers_all(&permissions(READ_ONLY)));
        assert!(!permissions(USER).allows_str("system_account:manage:*"));
        assert!(!permissions(CI_CD).allows_str("system_account:read:*"));
    }
}
