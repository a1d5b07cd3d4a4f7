//! JSON from outside. A key that stands twice in an object is refused, however it is escaped: of two readers each may take
//! another one, and a guard that looked at the first would let the second through.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::Error;

mod typed;

pub use typed::typed;

/// Reads a body.
///
/// # Errors
/// `BadRequest` where it is no JSON, or has a key twice.
pub fn parse(body: &[u8]) -> Result<Value, Error> {
    match serde_json::from_slice(body) {
        Ok(Unique(value)) => Ok(value),
        Err(error) if error.is_data() => Err(Error::BadRequest("The body has the same key twice in one object.".into())),
        Err(error) if error.to_string().starts_with("recursion limit") => {
            Err(Error::BadRequest("The body is nested too deeply. The limit is 128 levels.".into()))
        }
        Err(_) => Err(Error::BadRequest("The body is not JSON.".into())),
    }
}

struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor).map(Self)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            read.push(item);
        }
        Ok(read.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some((key, Unique(value))) = entries.next_entry::<String, _>()? {
            if read.insert(key, value).is_some() {
                return Err(A::Error::custom("a key twice"));
            }
        }
        Ok(read.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"active":true,"\u0061ctive":false}"#,
            r#"{"filter":{"q":"a","q":""}}"#,
            r#"[{"b":[{"a":null,"a":null}]}]"#,
        ] {
            let refused = parse(text.as_bytes()).unwrap_err().message();
            assert!(refused.contains("twice"), "{text}: {refused}");
        }
        for text in ["", "{", r#"{"a":1}{"a":1}"#, r#"{"a":"\ud800"}"#, "{a:1}", "1e999"] {
            assert_eq!(parse(text.as_bytes()), Err(Error::BadRequest("The body is not JSON.".into())), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(deep(127).as_bytes()).is_ok());
        for levels in [129, 1_000_000] {
            assert!(parse(deep(levels).as_bytes()).unwrap_err().message().contains("nested too deeply"), "{levels}");
        }
        assert!(parse(b"{\"a\":\"\xff\"}").unwrap_err().message().contains("not JSON"));
    }

    proptest! {
        #[test]
        fn what_has_no_key_twice_is_read_as_ever(text in r#"[\[\]{}:,"a-c0-2.\\-]{0,20}|(true|null|-1|1\.5|"x"|\{"a":\[1,\{\}\]\})"#) {
            let usual = serde_json::from_str::<Value>(&text).ok();
            match parse(text.as_bytes()) {
                Ok(value) => prop_assert_eq!(Some(value), usual),
                Err(error) => prop_assert!(usual.is_none() || error.message().contains("twice")),
            }
        }
    }
}
