//! How a permission is written, and which permission covers which: the only place that compares two of them.

use uuid::Uuid;

use super::MAX_LENGTH;

/// In the place of an action or a scope: all of them.
pub(super) const ANY: &str = "*";

/// A permission by its meaning, borrowed from a text: comparing needs no heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Parts<'a> {
    pub(super) resource: &'a str,
    pub(super) action: &'a str,
    pub(super) scope: Instance<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Instance<'a> {
    None,
    Any,
    Named(&'a str),
    Id(Uuid),
    /// Of a question about a thing whose name is none: no permission that somebody holds has it, so only `*` covers it.
    Unnamed,
}

impl<'a> Parts<'a> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let (resource, rest) = text.split_once(':')?;
        let (action, scope) = match rest.split_once(':') {
            Some((action, scope)) => (action, Some(scope)),
            None => (rest, None),
        };
        let scope = match scope {
            Some(scope) => Instance::parse(scope)?,
            None => Instance::missing(action),
        };
        (is_word(resource) && (action == ANY || is_word(action))).then_some(Parts { resource, action, scope })
    }

    /// What is asked where the three come apart: a separator inside one of them means nothing. `own` and `team` are no names of
    /// things, since Muster does not know to whom the things of a guarded API belong.
    pub(super) fn asked(resource: &'a str, action: &'a str, thing: &'a str) -> Option<Self> {
        let scope = match Instance::parse(thing) {
            Some(Instance::Named("own" | "team") | Instance::Any) | None => Instance::Unnamed,
            Some(scope) => scope,
        };
        (is_word(resource) && is_word(action)).then_some(Parts { resource, action, scope })
    }

    /// Whether the holder of this permission may do what asks for `required`. Words are compared whole.
    ///
    /// | held | also covers |
    /// |---|---|
    /// | `a:b:*` | `a:b` and `a:b` in every scope |
    /// | `a:*` | everything that begins with `a:` |
    /// | `a:*:own` | every action, in the scope `own` alone |
    /// | `a:manage:…` | `a:read:…` in the same scope |
    /// | `token:manage:…` | `read_token:manage:…` and `read_token:read:…` |
    ///
    /// A permission without a scope covers itself only: `a:b` is not `a:b:own`.
    pub(super) fn covers(self, required: Parts<'_>) -> bool {
        let resource = self.resource == required.resource
            || (self.resource == "token" && matches!(self.action, "manage" | ANY) && required.resource == "read_token");
        let action =
            self.action == ANY || self.action == required.action || (self.action == "manage" && required.action == "read");
        let scope = self.scope == Instance::Any || self.scope == required.scope;
        resource && action && scope
    }
}

impl<'a> Instance<'a> {
    /// The scope of a permission that is written without one: `a:*` is everything below `a:`.
    pub(super) fn missing(action: &str) -> Self {
        if action == ANY { Instance::Any } else { Instance::None }
    }

    fn parse(text: &'a str) -> Option<Self> {
        const UUID_LENGTH: usize = 36;
        if text == ANY {
            return Some(Instance::Any);
        }
        let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        // A UUID may look like a word, so it is tried first. The parser also reads forms that the contract does not have,
        // such as urn:uuid: and one without hyphens; they have another length.
        let id = if bare.len() == UUID_LENGTH { Uuid::try_parse(bare).ok() } else { None };
        id.map(Instance::Id).or_else(|| is_word(text).then_some(Instance::Named(text)))
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-'))
}
