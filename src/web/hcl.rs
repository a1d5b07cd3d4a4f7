//! Terraform's language, HCL, as far as Muster writes it. Somebody will run what is written here, so what somebody else named
//! is only ever text in it. Laid out as `terraform fmt` does.

use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization;

use crate::id::Id;

/// The longest part of a label that comes from a name.
const LABEL_LIMIT: usize = 40;

/// A text between quotes: no interpolation, no directive, no line break in it.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.replace("${", "$${").replace("%{", "%%{").chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            letter if letter.is_control() => drop(write!(out, "\\u{:04x}", u32::from(letter))),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A label for a thing of that name: the same at each export, whatever is exported with it. Names alone are not told apart by
/// it, so the end of the UUID follows: the beginnings of UUIDs that were made within a minute are the same.
pub fn label(noun: &str, name: &str, id: &Id) -> String {
    let mut label = String::new();
    for letter in name.nfkd() {
        if label.len() == LABEL_LIMIT {
            break;
        } else if letter.is_ascii_alphanumeric() {
            label.push(letter.to_ascii_lowercase());
        } else if !label.ends_with('_') && !label.is_empty() && !is_mark(letter) {
            label.push('_');
        }
    }
    let label = label.trim_end_matches('_');
    let lead = if label.starts_with(|letter: char| letter.is_ascii_alphabetic()) { "" } else { noun };
    let parts = [lead, label, id.as_str().rsplit('-').next().unwrap_or_default()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// An accent, which stands behind its letter.
fn is_mark(letter: char) -> bool {
    unicode_normalization::char::is_combining_mark(letter)
}

/// Something that there is already, as a resource and the block that imports it.
pub struct Resource<'a> {
    /// Such as `pact_user`.
    pub kind: &'static str,
    pub label: String,
    pub id: &'a Id,
    /// Attributes with one value each, which is HCL.
    pub values: Vec<(&'static str, String)>,
    /// Attributes with several texts, each with a comment that may be empty. Those without any are left out.
    pub lists: Vec<(&'static str, Vec<(String, String)>)>,
}

impl Resource<'_> {
    pub fn write(&self, out: &mut String) {
        let Self { kind, label, id, .. } = self;
        let lead = if out.is_empty() { "" } else { "\n" };
        let _ = write!(out, "{lead}import {{\n  to = {kind}.{label}\n  id = {}\n}}\n\n", quoted(id.as_str()));
        let _ = writeln!(out, "resource \"{kind}\" \"{label}\" {{");
        let width = self.values.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        for (name, value) in &self.values {
            let _ = writeln!(out, "  {name:width$} = {value}");
        }
        for (name, texts) in self.lists.iter().filter(|(_, texts)| !texts.is_empty()) {
            let _ = writeln!(out, "  {name} = [");
            for (text, comment) in texts {
                let comment: String = comment.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
                let lead = if comment.is_empty() { "" } else { " # " };
                let _ = writeln!(out, "    {},{lead}{comment}", quoted(text));
            }
            out.push_str("  ]\n");
        }
        out.push_str("}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(end: u64) -> Id {
        Id::parse(&format!("0193a4c2-7d10-7c3e-9a52-{end:012x}")).unwrap()
    }

    #[test]
    fn a_label_begins_with_a_letter_and_says_which_one_is_meant() {
        for (name, wanted) in [
            ("CI/CD prod", "ci_cd_prod_000000000001"),
            ("ci-cd-prod", "ci_cd_prod_000000000001"),
            ("42 builds", "account_42_builds_000000000001"),
            ("東京", "account_000000000001"),
            ("Zoë Ångström", "zoe_angstrom_000000000001"),
            ("__a__", "a_000000000001"),
            ("x\"${y}", "x_y_000000000001"),
            ("é", "e_000000000001"),
            ("１２", "account_12_000000000001"),
            (&"long ".repeat(20), "long_long_long_long_long_long_long_long_000000000001"),
        ] {
            assert_eq!(label("account", name, &id(1)), wanted, "{name}");
        }
        assert_ne!(label("account", "same", &id(1)), label("account", "same", &id(2)));
    }

    #[test]
    fn it_is_written_as_terraform_formats_it() {
        let (id, texts) = (id(1), |texts: &[(&str, &str)]| {
            texts.iter().map(|(text, comment)| ((*text).to_owned(), (*comment).to_owned())).collect::<Vec<_>>()
        });
        let resource = Resource {
            kind: "pact_user",
            label: "a_1".into(),
            id: &id,
            values: vec![("name", quoted("${a}\n\u{1}")), ("active", "true".into())],
            lists: vec![("roles", texts(&[("r1", "CI/CD\nx"), ("role 2", "")])), ("users", Vec::new())],
        };
        let mut out = String::new();
        resource.write(&mut out);
        let wanted = "import {\n  to = pact_user.a_1\n  id = \"0193a4c2-7d10-7c3e-9a52-000000000001\"\n}\n\n\
            resource \"pact_user\" \"a_1\" {\n  name   = \"$${a}\\n\\u0001\"\n  active = true\n  roles = [\n    \
            \"r1\", # CI/CD x\n    \"role 2\",\n  ]\n}\n";
        assert_eq!(out, wanted);
    }
}
