//! The text of an API token: made, recognised and digested here, and nowhere else.
//!
//! `mst<a>_<id>_<secret><check>`, 67 characters: the access letter `r` or `w`, 12 base62 characters of public id, 43 of secret,
//! and the CRC-32 of all before it as 6 base62 digits, so that a mistyped token costs no database look-up. A value is read
//! without touching the heap, because the gateway does so for every call that an organisation makes.

use std::fmt;
use std::io;

use rand::TryRng;
use rand::rngs::SysRng;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub mod authorization;

/// Bytes of a whole token; each is an ASCII character.
pub const TOKEN_LENGTH: usize = 67;
/// Characters of the public id inside a token.
pub const ID_LENGTH: usize = 12;

/// A token's public id.
pub type TokenId = [u8; ID_LENGTH];

/// Which of so many places a token belongs to, where tokens are spread over several: by FNV-1a, of which the upper bits depend
/// on all characters.
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

/// What a token may do: only ask, or also change. The right itself comes from the database row; the letter inside the
/// token tells people and scanners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// May make calls that change nothing: GET, HEAD and OPTIONS.
    Read,
    /// May make any call.
    Write,
}

impl Access {
    /// Reads `read` or `write`, as forms, the API and the database spell it. Anything else is `None`.
    pub fn parse(text: &str) -> Option<Access> {
        match text {
            "read" => Some(Access::Read),
            "write" => Some(Access::Write),
            _ => None,
        }
    }

    /// The spelling that [`Access::parse`] reads.
    pub fn as_str(self) -> &'static str {
        match self {
            Access::Read => "read",
            Access::Write => "write",
        }
    }

    /// What people read on the screen.
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

/// A whole API token, which is a secret. It has no `Display` and its `Debug` shows the public id only; whoever needs the
/// text says so with [`TokenValue::expose`].
#[derive(Clone)]
pub struct TokenValue([u8; TOKEN_LENGTH]);

impl TokenValue {
    /// Draws a new token from the operating system's generator.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
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

    /// Recognises a token by length, alphabet, access letter and check digits. Whether it was ever issued is a question
    /// for the database; a mistyped one does not get that far.
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

    /// The whole secret: for the one page that shows it, and nothing else.
    pub fn expose(&self) -> &str {
        ascii(&self.0)
    }

    /// The public part that lists, logs and audit events show: 12 base62 characters.
    pub fn id(&self) -> &str {
        ascii(&self.0[ID_AT..ID_AT + ID_LENGTH])
    }

    /// The access that the letter inside the token claims. No right follows from it.
    pub fn access_letter(&self) -> Access {
        match self.0[ACCESS_AT] {
            b'w' => Access::Write,
            _ => Access::Read,
        }
    }

    /// SHA-256 of the whole token: what the database keeps in its place.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for TokenValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenValue({})", self.id())
    }
}

/// Compares two digests in a time that does not depend on where they differ.
pub fn digests_match(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}

/// Fills `out` with base62 digits, each as likely as any other: bytes from 248 up are thrown away, since 256 is no
/// multiple of 62.
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

/// The bytes were checked to be ASCII when the value was made.
fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

/// How a public id begins, where `text` is a token's value as far as one has it (`mstw_AbCd…`, which may end in an ellipsis), or
/// a public id alone. Of a whole value the secret is left out.
pub fn id_prefix(text: &str) -> Option<&str> {
    let text = text.trim().trim_end_matches(['…', '.']);
    let value = text.strip_prefix("mstr_").or_else(|| text.strip_prefix("mstw_"));
    let id = value.map_or(text, |value| value.split('_').next().unwrap_or_default());
    let is_id = (1..=ID_LENGTH).contains(&id.len()) && id.bytes().all(|byte| BASE62.contains(&byte));
    (is_id && (value.is_some() || id.len() == ID_LENGTH)).then_some(id)
}

#[cfg(test)]
mod tests;
