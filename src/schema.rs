//! The tables, as both databases have them. `migrations/` makes them.

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::table! {
    accounts (id) {
        id -> Text,
        kind -> Text,
        name -> Text,
        name_key -> Text,
        description -> Text,
        search_text -> Text,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        password_hash -> Nullable<Text>,
        disabled -> Bool,
        created_at -> Timestamp,
        created_by -> Nullable<Text>,
        created_by_name -> Text,
        updated_at -> Timestamp,
        last_login_at -> Timestamp,
        last_used_at -> Timestamp,
        first_expiry_at -> Timestamp,
        owner_id -> Nullable<Text>,
        last_login_from -> Nullable<Text>,
        password_set_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    account_totals (kind, disabled) {
        kind -> Text,
        disabled -> Bool,
        total -> BigInt,
    }
}

diesel::table! {
    deleted_accounts (id) {
        id -> Text,
        kind -> Text,
        name -> Text,
        deleted_at -> Timestamp,
    }
}

diesel::table! {
    roles (id) {
        id -> Text,
        name -> Text,
        name_key -> Text,
        description -> Text,
        predefined -> Bool,
        locked -> Bool,
        assignable -> Bool,
        created_at -> Timestamp,
    }
}

diesel::table! {
    role_permissions (role_id, permission) {
        role_id -> Text,
        permission -> Text,
    }
}

diesel::table! {
    account_roles (account_id, role_id) {
        account_id -> Text,
        role_id -> Text,
        kind -> Text,
        disabled -> Bool,
        name_key -> Text,
    }
}

diesel::table! {
    teams (id) {
        id -> Text,
        name -> Text,
        name_key -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    team_members (account_id, team_id) {
        team_id -> Text,
        account_id -> Text,
        kind -> Text,
        disabled -> Bool,
        name_key -> Text,
    }
}

diesel::table! {
    team_administrators (team_id, account_id) {
        team_id -> Text,
        account_id -> Text,
    }
}

diesel::table! {
    team_applications (team_id, name) {
        team_id -> Text,
        name -> Text,
    }
}

diesel::table! {
    tokens (id) {
        id -> Text,
        account_id -> Text,
        name -> Text,
        name_key -> Text,
        access -> Text,
        digest -> Binary,
        created_at -> Timestamp,
        created_by_name -> Text,
        expires_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
        replaced_by -> Nullable<Text>,
        last_used_at -> Nullable<Timestamp>,
        last_used_from -> Nullable<Text>,
        last_used_agent -> Nullable<Text>,
    }
}

diesel::table! {
    sealed_secrets (id) {
        id -> Text,
        sealed -> Text,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    account_days (account_id, day) {
        account_id -> Text,
        day -> Date,
        accepted -> BigInt,
        refused -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        digest -> Binary,
        account_id -> Nullable<Text>,
        state -> Text,
        created_at -> Timestamp,
        last_seen_at -> Timestamp,
        expires_at -> Timestamp,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    one_time_links (digest) {
        digest -> Binary,
        purpose -> Text,
        account_id -> Nullable<Text>,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        created_by -> Nullable<Text>,
    }
}

diesel::table! {
    invitations (account_id) {
        account_id -> Text,
        digest -> Nullable<Text>,
        named -> Bool,
        invited_by -> Nullable<Text>,
        invited_by_name -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    audit_changes (id) {
        id -> Text,
        at -> Timestamp,
        actor_kind -> Text,
        actor_id -> Nullable<Text>,
        actor_name -> Text,
        session_id -> Nullable<Text>,
        token_id -> Nullable<Text>,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        request_id -> Nullable<Text>,
        undoes -> Nullable<Text>,
    }
}

diesel::table! {
    audit_events (seq) {
        seq -> BigInt,
        id -> Text,
        change_id -> Text,
        #[sql_name = "type"]
        event_type -> Text,
        target_kind -> Text,
        target_id -> Nullable<Text>,
        target_name -> Text,
        object_id -> Nullable<Text>,
        object_name -> Nullable<Text>,
        detail -> Text,
        at -> Timestamp,
        actor_id -> Nullable<Text>,
        actor_name -> Text,
        address -> Nullable<Text>,
    }
}

diesel::table! {
    wanted_permissions (permission) {
        permission -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    revisions (revision) {
        revision -> BigInt,
        change_id -> Text,
    }
}

diesel::joinable!(role_permissions -> roles (role_id));
diesel::joinable!(account_roles -> roles (role_id));
diesel::joinable!(account_roles -> accounts (account_id));
diesel::joinable!(team_members -> teams (team_id));
diesel::joinable!(team_members -> accounts (account_id));
diesel::joinable!(team_administrators -> teams (team_id));
diesel::joinable!(tokens -> accounts (account_id));
diesel::joinable!(sessions -> accounts (account_id));
diesel::joinable!(invitations -> accounts (account_id));
diesel::joinable!(audit_events -> audit_changes (change_id));

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    account_roles,
    roles,
    role_permissions,
    teams,
    team_members,
    team_administrators,
    tokens,
    sessions,
    invitations,
    audit_events,
    audit_changes,
    revisions,
);
