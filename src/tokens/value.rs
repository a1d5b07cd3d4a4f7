//! The value of an API token: generated, parsed and hashed here and nowhere else.
//!
//! `mst<a>_<id>_<secret><check>`, 67 characters: the access letter `r` or `w`, a public ID of 12 base62 characters, a
//! secret of 43, and the CRC-32 of everything before it as 6 base62 digits, so that a mistyped token costs no database
//! query. Parsing doesn't allocate, because the gateway does it for every call.

use std::fmt;
use std::io;

use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub mod authorization;
pub mod text;

/// All of them ASCII.
pub const TOKEN_LENGTH: usize = 67;
pub const ID_LENGTH: usize = 12;

pub type TokenId = [u8; ID_LENGTH];

/// Assigns a token to one of `places` shards by FNV-1a, whose upper bits depend on every character.
pub fn spread(token: &TokenId, places: usize) -> usize {
    let mix = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    (token.iter().fold(0xcbf2_9ce4_8422_2325, mix) >> 32) as usize % places
}

const PREFIX: &[u8] = b"mst";
const ACCESS_AT: usize = 3;
const ID_AT: usize = 5;
const SECRET_AT: usize = ID_AT + ID_LENGTH + 1;
const CHECK_AT: usize = TOKEN_LENGTH - CHECK_LENGTH;
const CHECK_LENGTH: usize = 6;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// What a token can do: read, or also write. What counts is the database row; the letter inside the token is for people and
/// secret scanners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// GET, HEAD and OPTIONS.
    Read,
    /// Any method.
    Write,
}

impl Access {
    /// Parses `read` or `write`, as forms, the API and the database write them.
    pub fn parse(text: &str) -> Option<Access> {
        match text {
            "read" => Some(Access::Read),
            "write" => Some(Access::Write),
            _ => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
        }
    }

    /// The label on screens.
    pub fn label(self) -> &'static str {
        match self {
            Access::Read => "Read-only",
            Access::Write => "Read-write",
        }
    }

    fn letter(self) -> u8 {
        match self {
            Access::Read => b'r',
            Access::Write => b'w',
        }
    }
}

/// The value of an API token, which is a secret. It has no `Display`, and its `Debug` shows only the public ID; use
/// [`TokenValue::expose`] for the text.
#[derive(Clone)]
pub struct TokenValue([u8; TOKEN_LENGTH]);

impl TokenValue {
    /// Generates a token with the operating system's random numbers.
    pub fn generate(access: Access) -> io::Result<TokenValue> {
        let mut bytes = [b'_'; TOKEN_LENGTH];
        bytes[..ACCESS_AT].copy_from_slice(PREFIX);
        bytes[ACCESS_AT] = access.letter();
        fill_base62(&mut bytes[ID_AT..ID_AT + ID_LENGTH])?;
        fill_base62(&mut bytes[SECRET_AT..CHECK_AT])?;
        let check = check_digits(&bytes[..CHECK_AT]);
        bytes[CHECK_AT..].copy_from_slice(&check);
        Ok(TokenValue(bytes))
    }

    /// Parses a token: length, alphabet, access letter and check digits must be right. Whether it exists is up to the
    /// database.
    pub fn parse(text: &str) -> Option<TokenValue> {
        let bytes: [u8; TOKEN_LENGTH] = text.as_bytes().try_into().ok()?;
        let well_formed = bytes[..ACCESS_AT] == *PREFIX
            && matches!(bytes[ACCESS_AT], b'r' | b'w')
            && bytes[ID_AT - 1] == b'_'
            && bytes[SECRET_AT - 1] == b'_'
            && bytes[ID_AT..SECRET_AT - 1].iter().all(u8::is_ascii_alphanumeric)
            && bytes[SECRET_AT..].iter().all(u8::is_ascii_alphanumeric)
            && bytes[CHECK_AT..] == check_digits(&bytes[..CHECK_AT]);
        well_formed.then_some(TokenValue(bytes))
    }

    /// The secret. Only the page and the command that create a token show it.
    pub fn expose(&self) -> &str {
        ascii(&self.0)
    }

    /// The public ID: 12 base62 characters, shown in lists, logs and audit events.
    pub fn id(&self) -> &str {
        ascii(&self.0[ID_AT..ID_AT + ID_LENGTH])
    }

    /// The access that the letter claims. It grants nothing.
    pub fn access_letter(&self) -> Access {
        match self.0[ACCESS_AT] {
            b'w' => Access::Write,
            _ => Access::Read,
        }
    }

    /// SHA-256 of the value, which the database stores instead of the value.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for TokenValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenValue({})", self.id())
    }
}

/// Compares two hashes in constant time.
pub fn digests_match(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Fills `out` with uniformly distributed base62 digits. Bytes from 248 up are discarded, since 256 is not a multiple of
/// 62.
fn fill_base62(out: &mut [u8]) -> io::Result<()> {
    let mut drawn = [0; 64];
    let mut filled = 0;
    while filled < out.len() {
        SysRng.try_fill_bytes(&mut drawn).map_err(io::Error::other)?;
        for byte in drawn.iter().filter(|byte| **byte < 248).take(out.len() - filled) {
            out[filled] = BASE62[usize::from(byte % 62)];
            filled += 1;
        }
    }
    Ok(())
}

/// CRC-32 as six base62 digits, most significant first. 62^6 is more than 2^32, so it always fits.
fn check_digits(bytes: &[u8]) -> [u8; CHECK_LENGTH] {
    let mut rest = crc32fast::hash(bytes);
    let mut digits = [b'0'; CHECK_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// The bytes are ASCII: the constructors make sure.
fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// Whether a text from outside has the form of a public ID.
pub fn is_id(text: &str) -> bool {
    text.len() == ID_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The beginning of a public ID, if `text` is one, or a token's value or the beginning of it (`mstw_AbCd…`, with or without
/// an ellipsis). The secret is left out.
pub fn id_prefix(text: &str) -> Option<&str> {
    let text = text.trim().trim_end_matches(['…', '.']);
    let value = text.strip_prefix("mstr_").or_else(|| text.strip_prefix("mstw_"));
    let id = value.map_or(text, |value| value.split('_').next().unwrap_or_default());
    let is_id = (1..=ID_LENGTH).contains(&id.len()) && id.bytes().all(|byte| BASE62.contains(&byte));
    (is_id && (value.is_some() || id.len() == ID_LENGTH)).then_some(id)
}

#[cfg(test)]
mod tests;
