//! A JSON value read into a type, with errors that name the field. An object is an object and a list is a list: what serde
//! derives would also take a list for an object's fields in their order.

use std::fmt;

use serde::de::{self, DeserializeSeed, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use crate::error::Error;

/// Reads a value. Fields that the type does not have are ignored, as far as they are well formed.
///
/// # Errors
/// `InvalidAt` with the path of the field, such as `users[1].email`; `BadRequest` where the whole is of the wrong type.
pub fn typed<T: de::DeserializeOwned>(value: &Value) -> Result<T, Error> {
    let read = has_no_nul(value).and_then(|()| T::deserialize(Node(value)));
    read.map_err(|wrong| {
        if wrong.path.is_empty() {
            Error::BadRequest(wrong.message.replacen("This must be", "The body must be", 1))
        } else {
            Error::InvalidAt(vec![(wrong.path, wrong.message)])
        }
    })
}

/// PostgreSQL stores no NUL, and SQLite stores it to cut the text there.
fn has_no_nul(value: &Value) -> Result<(), Wrong> {
    match value {
        Value::String(text) if text.contains('\0') => Err(Wrong::new("This must not contain the character U+0000.")),
        Value::Array(items) => {
            items.iter().enumerate().try_for_each(|(at, item)| has_no_nul(item).map_err(|wrong| wrong.below(&format!("[{at}]"))))
        }
        Value::Object(fields) => fields.iter().try_for_each(|(name, item)| match name.contains('\0') {
            true => Err(Wrong::new("The body must not contain the character U+0000.")),
            false => has_no_nul(item).map_err(|wrong| wrong.below(name)),
        }),
        _ => Ok(()),
    }
}

/// What is wrong, and where.
#[derive(Debug)]
struct Wrong {
    path: String,
    message: String,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Self { path: String::new(), message: message.into() }
    }

    fn below(self, parent: &str) -> Self {
        let joint = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Self { path: format!("{parent}{joint}{}", self.path), ..self }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self { path: field.into(), message: "This is required.".into() }
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self { path: field.chars().take(80).collect(), message: format!("Unknown value. Use one of: {}.", known.join(", ")) }
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(format!("This must be one of: {}.", known.join(", ")))
    }
}

struct Node<'de>(&'de Value);

fn must_be(what: &str) -> Wrong {
    Wrong::new(format!("This must be {what}."))
}

/// `3.0` is a whole number, too, in JSON Schema's sense.
fn whole(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let by_fraction = || value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT);
    #[expect(clippy::cast_possible_truncation, reason = "it has no fraction and is in range")]
    value.as_i64().or_else(|| by_fraction().map(|number| number as i64))
}

macro_rules! whole_numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            match whole(self.0) {
                Some(number) => visitor.visit_i64(number).map_err(|_: Wrong| must_be("a whole number that is neither too small nor too large")),
                None => Err(must_be("a whole number")),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Node<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => match number.as_i64() {
                Some(number) => visitor.visit_i64(number),
                None => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items { items: items.iter(), at: 0 }),
            Value::Object(fields) => visitor.visit_map(ObjectFields::of(fields)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.0.as_bool().map_or_else(|| Err(must_be("true or false")), |value| visitor.visit_bool(value))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(text) => visitor.visit_borrowed_str(text),
            _ => Err(must_be("text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_str(visitor)
    }

    whole_numbers!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32
        deserialize_u64);

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(Items { items: items.iter(), at: 0 }),
            _ => Err(must_be("a list")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Object(fields) => visitor.visit_map(ObjectFields::of(fields)),
            _ => Err(must_be("an object")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(text) => visitor.visit_enum(text.as_str().into_deserializer()),
            _ => Err(must_be("text")),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Items<'de> {
    items: std::slice::Iter<'de, Value>,
    at: usize,
}

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let Some(item) = self.items.next() else { return Ok(None) };
        let place = format!("[{}]", self.at);
        self.at += 1;
        seed.deserialize(Node(item)).map(Some).map_err(|wrong| wrong.below(&place))
    }
}

struct ObjectFields<'de> {
    fields: serde_json::map::Iter<'de>,
    present: Option<(&'de str, &'de Value)>,
}

impl<'de> ObjectFields<'de> {
    fn of(fields: &'de Map<String, Value>) -> Self {
        Self { fields: fields.iter(), present: None }
    }
}

impl<'de> MapAccess<'de> for ObjectFields<'de> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        self.present = self.fields.next().map(|(name, value)| (name.as_str(), value));
        self.present.map(|(name, _)| seed.deserialize(de::value::BorrowedStrDeserializer::new(name))).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let (name, value) = self.present.take().unwrap_or(("", &Value::Null));
        seed.deserialize(Node(value)).map_err(|wrong| wrong.below(name))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::id::Id;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase")]
    struct SamplePerson {
        name: String,
        #[serde(default)]
        is_active: Option<bool>,
        #[serde(default)]
        roles: Vec<Id>,
        #[serde(default)]
        friends: Vec<SamplePerson>,
        #[serde(default)]
        size: Option<i64>,
    }

    #[test]
    fn what_is_right_is_read_and_the_rest_ignored() {
        let value = json!({"name": "Ida", "isActive": null, "more": {"a": [1.5]}, "friends": [{"name": "Bo", "size": 3.0}]});
        let person: SamplePerson = typed(&value).unwrap();
        assert_eq!((person.name.as_str(), person.is_active, person.friends[0].size), ("Ida", None, Some(3)));
        assert_eq!(typed::<Vec<bool>>(&json!([true])), Ok(vec![true]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (value, path, message) in [
            (json!({}), "name", "This is required."),
            (json!({"name": null}), "name", "This must be text."),
            (json!({"name": ["Ida"]}), "name", "This must be text."),
            (json!({"name": "a", "isActive": "true"}), "isActive", "This must be true or false."),
            (json!({"name": "a", "roles": {}}), "roles", "This must be a list."),
            (json!({"name": "a", "roles": ["x"]}), "roles[0]", "This must be a UUID."),
            (json!({"name": "a", "roles": [7]}), "roles[0]", "This must be text."),
            (json!({"name": "a", "size": 1.5}), "size", "This must be a whole number."),
            (json!({"name": "a", "friends": [["b"]]}), "friends[0]", "This must be an object."),
            (json!({"name": "a", "friends": [{"name": "b"}, {}]}), "friends[1].name", "This is required."),
            (
                json!({"name": "a", "friends": [{"name": "b\u{0}"}]}),
                "friends[0].name",
                "This must not contain the character U+0000.",
            ),
            (json!({"name": "a", "more": {"x": ["\u{0}"]}}), "more.x[0]", "This must not contain the character U+0000."),
        ] {
            let wrong = vec![(path.to_owned(), message.to_owned())];
            assert_eq!(typed::<SamplePerson>(&value), Err(Error::InvalidAt(wrong)), "{value}");
        }
        for value in [json!(["Ida"]), json!(null), json!("Ida"), json!(7)] {
            assert_eq!(typed::<SamplePerson>(&value), Err(Error::BadRequest("The body must be an object.".into())), "{value}");
        }
    }
}
