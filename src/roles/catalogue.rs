//! The permissions that come with Muster, as people read them. Any other well-formed one may stand in a role too.

/// Label and description of a permission that comes with Muster.
pub(crate) fn known(text: &str) -> Option<(&'static str, &'static str)> {
    KNOWN.iter().find(|(permission, _, _)| *permission == text).map(|(_, label, description)| (*label, *description))
}

const KNOWN: &[(&str, &str, &str)] = &[
    ("audit:read:*", "Read the audit log", "See who changed what, when and from where."),
    ("authentication_settings:manage:*", "Manage authentication settings", "Decide how people sign in to the guarded API."),
    ("contract_data:bulk_delete:*", "Delete contract data in bulk", "Delete many contracts at once, of any team."),
    ("contract_data:bulk_delete:own", "Delete own contract data in bulk", "Delete many of one's own contracts at once."),
    (
        "contract_data:bulk_delete:team",
        "Delete the team's contract data in bulk",
        "Delete many contracts of one's teams at once.",
    ),
    ("contract_data:manage:*", "Manage contract data", "Publish, verify, change and delete the contracts of any team."),
    ("contract_data:manage:own", "Manage own contract data", "Publish, verify, change and delete one's own contracts."),
    (
        "contract_data:manage:team",
        "Manage the team's contract data",
        "Publish, verify, change and delete the contracts of one's teams.",
    ),
    ("contract_data:read:*", "Read contract data", "See the contracts and verification results of every team."),
    (
        "deployment_and_release:record:*",
        "Record deployments and releases",
        "Record which version is deployed or released, in any environment.",
    ),
    ("environment:manage:*", "Manage environments", "Create, change and delete any environment."),
    ("environment:read:*", "Read environments", "See every environment."),
    ("environment:read:team", "Read the team's environments", "See the environments of one's teams."),
    ("read_token:manage:own", "Manage own read-only tokens", "Create, regenerate and revoke one's own read-only API tokens."),
    ("role:manage:*", "Manage roles", "Create, change and delete roles, and decide what each may do."),
    ("role:read:*", "Read roles", "See the roles and what each may do."),
    ("secret:manage:*", "Manage secrets", "Create, change and delete the secrets of any team."),
    ("secret:manage:team", "Manage the team's secrets", "Create, change and delete the secrets of one's teams."),
    (
        "system_account:manage:*",
        "Manage system accounts",
        "Create, change, disable and delete any system account, with its roles and tokens.",
    ),
    (
        "system_account:manage:team",
        "Manage the team's system accounts",
        "See, disable and enable the system accounts of one's teams, and handle their tokens.",
    ),
    ("system_account:read:*", "Read system accounts", "See the system accounts, without the details of their tokens."),
    ("system_preference:manage:*", "Manage system preferences", "Change the preferences that hold for everyone."),
    ("team:manage:*", "Manage teams", "Create, change and delete any team, with its members and administrators."),
    ("team:read:*", "Read teams", "See the teams and who belongs to them."),
    ("token:introspect", "Ask about tokens", "Ask whether another account's token is usable, and what it may do."),
    ("token:manage:own", "Manage own tokens", "Create, regenerate and revoke one's own API tokens."),
    ("user:invite", "Invite users", "Invite people who have no account yet."),
    ("user:manage:*", "Manage users", "Create, change, disable and delete any user, with their roles."),
    ("user:read:*", "Read users", "See the users."),
    ("webhook:manage:*", "Manage webhooks", "Create, change and delete the webhooks of any team."),
    ("webhook:manage:team", "Manage the team's webhooks", "Create, change and delete the webhooks of one's teams."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roles::permission::Permission;
    use crate::roles::predefined::PREDEFINED;

    #[test]
    fn what_comes_with_muster_is_described() {
        let known: Vec<&str> = KNOWN.iter().map(|(permission, _, _)| *permission).collect();
        let mut sorted = known.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(known, sorted);
        for text in PREDEFINED.iter().flat_map(|role| role.permissions).chain(&known) {
            assert!(known.contains(text), "{text}");
            assert!(Permission::parse(text).unwrap().description().ends_with('.'));
            assert!(!Permission::parse(text).unwrap().label().is_empty());
        }
        assert_eq!(Permission::parse("system_account:manage:*").unwrap().label(), "Manage system accounts");
    }
}
