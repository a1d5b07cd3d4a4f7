//! Labels and descriptions of the permissions that Muster knows. A role may hold any other well-formed one too.

use super::permission::Permission;

/// Label and description of a permission that Muster knows.
pub(crate) fn known(text: &str) -> Option<(&'static str, &'static str)> {
    KNOWN.iter().find(|(permission, _, _)| *permission == text).map(|(_, label, description)| (*label, *description))
}

/// The permissions that Muster knows, in order.
pub fn all() -> impl Iterator<Item = Permission> {
    KNOWN.iter().filter_map(|(text, _, _)| Permission::parse(text).ok())
}

const KNOWN: &[(&str, &str, &str)] = &[
    ("ai:*", "Use AI features", "Use every AI feature of the guarded API."),
    ("ai:generation:*", "Generate with AI", "Generate contracts and tests with AI, from any source."),
    ("ai:generation:code", "Generate from code with AI", "Generate contracts and tests from code."),
    ("ai:generation:openapi", "Generate from OpenAPI with AI", "Generate contracts and tests from an OpenAPI description."),
    (
        "ai:generation:request-response",
        "Generate from traffic with AI",
        "Generate contracts and tests from requests and responses.",
    ),
    (
        "ai:generation:test-template",
        "Generate from test templates with AI",
        "Generate contracts and tests in the style of a test template.",
    ),
    ("audit:read:*", "Read the audit log", "View who changed what, when and from where."),
    ("authentication_settings:manage:*", "Manage authentication settings", "Choose how people sign in to the guarded API."),
    ("contract_data:bulk_delete:*", "Delete contract data in bulk", "Delete many contracts at once, of any team."),
    ("contract_data:bulk_delete:own", "Delete own contract data in bulk", "Delete many of their own contracts at once."),
    (
        "contract_data:bulk_delete:team",
        "Delete the team's contract data in bulk",
        "Delete many contracts of their teams at once.",
    ),
    ("contract_data:manage:*", "Manage contract data", "Publish, verify, change and delete the contracts of any team."),
    ("contract_data:manage:own", "Manage own contract data", "Publish, verify, change and delete their own contracts."),
    (
        "contract_data:manage:team",
        "Manage the team's contract data",
        "Publish, verify, change and delete the contracts of their teams.",
    ),
    ("contract_data:read:*", "Read contract data", "View the contracts and verification results of every team."),
    (
        "deployment_and_release:record:*",
        "Record deployments and releases",
        "Record which version is deployed or released, in any environment.",
    ),
    (
        "deployment_and_release:record:team",
        "Record the team's deployments and releases",
        "Record which versions of their teams are deployed or released.",
    ),
    ("environment:manage:*", "Manage environments", "Create, change and delete any environment."),
    ("environment:read:*", "Read environments", "View every environment."),
    ("environment:read:team", "Read the team's environments", "View the environments of their teams."),
    ("read_token:manage:own", "Manage own read-only tokens", "Create, regenerate and revoke their own read-only API tokens."),
    ("role:manage:*", "Manage roles", "Create, change and delete roles and their permissions."),
    ("role:read:*", "Read roles", "View roles and their permissions."),
    ("secret:manage:*", "Manage secrets", "Create, change and delete the secrets of any team."),
    ("secret:manage:team", "Manage the team's secrets", "Create, change and delete the secrets of their teams."),
    ("secret:read:team", "Read the team's secrets", "View the names of the secrets of their teams."),
    (
        "system_account:manage:*",
        "Manage system accounts",
        "Create, change, disable and delete any system account, including roles and tokens.",
    ),
    (
        "system_account:manage:team",
        "Manage the team's system accounts",
        "See, disable and enable the system accounts of their teams, and manage their tokens.",
    ),
    ("system_account:read:*", "Read system accounts", "View system accounts, but not the details of their tokens."),
    ("system_account:read:team", "Read the team's system accounts", "View the system accounts of their teams."),
    ("system_preference:manage:*", "Manage system preferences", "Change the preferences that apply to everyone."),
    ("team:manage:*", "Manage teams", "Create, change and delete any team, including members and administrators."),
    ("team:read:*", "Read teams", "View the teams and who belongs to them."),
    ("token:introspect", "Introspect tokens", "Check whether another account's token is active, and what it can do."),
    ("token:manage:own", "Manage own tokens", "Create, regenerate and revoke their own API tokens."),
    ("user:invite", "Invite users", "Invite people who have no account yet."),
    ("user:invite:*", "Invite users", "Invite people who have no account yet."),
    ("user:manage:*", "Manage users", "Create, change, disable and delete any user, including their roles."),
    (
        "user:manage_scim_attributes:*",
        "Manage provisioned attributes of users",
        "Change what a directory has provisioned for any user.",
    ),
    ("user:read:*", "Read users", "View the users."),
    ("webhook:manage:*", "Manage webhooks", "Create, change and delete the webhooks of any team."),
    ("webhook:manage:team", "Manage the team's webhooks", "Create, change and delete the webhooks of their teams."),
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
