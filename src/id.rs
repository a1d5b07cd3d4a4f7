//! The identity of everything that Muster keeps: a UUID, as text in lower case with hyphens.

use std::fmt;

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The characters of a UUID in lower case with hyphens.
const LENGTH: usize = 36;

/// A UUID. New ones are of version 7 (RFC 9562): they grow with time, which keeps the indexes that hold them compact. Its
/// text stands in it, so that a copy costs no memory of its own.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Id([u8; LENGTH]);

impl Id {
    /// A new identity.
    #[expect(clippy::new_without_default, reason = "a default that differs at every call would surprise")]
    pub fn new() -> Self {
        Uuid::now_v7().into()
    }

    /// Reads an identity that came from outside, in any of the notations of a UUID. `None` where it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::try_parse(text).ok().map(Self::from)
    }

    /// Its sixteen bytes, for where many are kept in memory.
    pub fn uuid(&self) -> Uuid {
        Uuid::try_parse_ascii(&self.0).unwrap_or_default()
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        // A UUID is written in ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl From<Uuid> for Id {
    fn from(uuid: Uuid) -> Self {
        let mut text = [0; LENGTH];
        uuid.hyphenated().encode_lower(&mut text);
        Self(text)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("This must be a UUID."))
    }
}

impl<DB> ToSql<Text, DB> for Id
where
    DB: diesel::backend::Backend,
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.as_str().to_sql(out)
    }
}

impl<DB> FromSql<Text, DB> for Id
where
    DB: diesel::backend::Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        let text = String::from_sql(bytes)?;
        Self::parse(&text).ok_or_else(|| format!("{text:?} is not a UUID").into())
    }
}

impl utoipa::PartialSchema for Id {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom("uuid".into()))).into()
    }
}

impl utoipa::ToSchema for Id {
    fn name() -> std::borrow::Cow<'static, str> {
        "Uuid".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_in_lower_case_with_hyphens() {
        let text = "01930000-00ab-7000-8000-0000000000cd";
        for written in [text, &text.to_uppercase(), &text.replace('-', ""), &format!("{{{text}}}")] {
            let id = Id::parse(written).unwrap();
            assert_eq!((id.as_str(), id.to_string(), id.uuid().to_string()), (text, text.into(), text.into()));
        }
        assert_eq!(Id::parse("01930000"), None);
    }

    #[test]
    fn it_travels_as_text() {
        let id = Id::new();
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{id}\""));
        assert_eq!(serde_json::from_str::<Id>(&format!("\"{id}\"")).unwrap(), id);
        assert!(serde_json::from_str::<Id>("\"x\"").is_err());
    }
}
