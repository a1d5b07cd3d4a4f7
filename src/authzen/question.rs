//! What is asked, read from JSON. Only the subject's type and id, the action's name and the resource's type and id count;
//! nothing else that somebody sends widens an answer.

use serde_json::{Map, Value};

use crate::accounts::model::Kind;
use crate::check::subjects::{Subject, SubjectName};
use crate::error::Error;
use crate::id::Id;
use crate::text::email;
use crate::tokens::value::{ID_LENGTH, TokenValue};

/// Questions that are answered at once, at most.
pub const MOST: usize = 1_000;

/// May this subject do this?
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessQuestion {
    /// `None` for somebody who cannot be.
    pub subject: Option<Subject>,
    pub resource: String,
    /// In lower case.
    pub action: String,
    pub thing: String,
}

/// What `/access/v1/evaluations` is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvaluationRequest {
    One(AccessQuestion),
    /// `None` for a question that lacks something.
    Many(Vec<Option<AccessQuestion>>, Semantic),
}

/// Where an answer to several questions ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Semantic {
    All,
    FirstDeny,
    FirstPermit,
}

/// What is wrong with a question.
#[derive(Debug, Clone, Copy)]
enum QuestionFault {
    Missing(&'static str),
    Wrong(&'static str, &'static str),
}

impl QuestionFault {
    fn told(self, place: &str) -> Error {
        match self {
            Self::Missing(field) => Error::field(field, format!("{place}{field} is missing.")),
            Self::Wrong(field, kind) => Error::field(field, format!("{place}{field} must be {kind}.")),
        }
    }
}

/// Reads one question.
pub fn one(body: &Map<String, Value>) -> Result<AccessQuestion, Error> {
    question(|key| body.get(key)).map_err(|fault| fault.told(""))
}

/// Reads several, or one where there is no list or an empty one. What stands on top is the default of each item, and is looked at
/// through an item that uses it: a key of an item replaces it whole.
pub fn several(body: &Map<String, Value>) -> Result<EvaluationRequest, Error> {
    let semantic = semantic(body.get("options"))?;
    let items = match body.get("evaluations") {
        None => return one(body).map(EvaluationRequest::One),
        Some(Value::Array(items)) if items.is_empty() => return one(body).map(EvaluationRequest::One),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(QuestionFault::Wrong("evaluations", "an array of objects").told("")),
    };
    if items.len() > MOST {
        return Err(Error::field(
            "evaluations",
            format!("At most 1,000 evaluations in a request, and these are {}.", items.len()),
        ));
    }
    let read = |(at, item): (usize, &Value)| {
        let Value::Object(item) = item else {
            return Err(Error::field("evaluations", format!("evaluations[{at}] must be an object.")));
        };
        match question(|key| item.get(key).or_else(|| body.get(key))) {
            Ok(question) => Ok(Some(question)),
            Err(QuestionFault::Missing(_)) => Ok(None),
            Err(fault) => Err(fault.told(&format!("evaluations[{at}]: "))),
        }
    };
    Ok(EvaluationRequest::Many(items.iter().enumerate().map(read).collect::<Result<_, Error>>()?, semantic))
}

fn semantic(options: Option<&Value>) -> Result<Semantic, Error> {
    const FIELD: &str = "options.evaluations_semantic";
    let options = optional(options, "options").map_err(|fault| fault.told(""))?;
    match options.and_then(|options| options.get("evaluations_semantic")) {
        None => Ok(Semantic::All),
        Some(Value::String(word)) => match word.as_str() {
            "execute_all" => Ok(Semantic::All),
            "deny_on_first_deny" => Ok(Semantic::FirstDeny),
            "permit_on_first_permit" => Ok(Semantic::FirstPermit),
            _ => Err(Error::field(FIELD, "Use execute_all, deny_on_first_deny or permit_on_first_permit.")),
        },
        Some(_) => Err(QuestionFault::Wrong(FIELD, "a string").told("")),
    }
}

/// What is of the wrong type counts before what is missing.
fn question<'a>(of: impl Fn(&str) -> Option<&'a Value>) -> Result<AccessQuestion, QuestionFault> {
    let subject = named(of("subject"), ["subject", "subject.properties", "subject.type", "subject.id"]);
    let action = named(of("action"), ["action", "action.properties", "action.name"]);
    let resource = named(of("resource"), ["resource", "resource.properties", "resource.type", "resource.id"]);
    let context = optional(of("context"), "context").map(drop);
    let faults = [subject.err(), action.err(), resource.err(), context.err()];
    if let Some(wrong) = faults.into_iter().flatten().find(|fault| matches!(fault, QuestionFault::Wrong(..))) {
        return Err(wrong);
    }
    let ([kind, id], [action], [resource, thing]) = (subject?, action?, resource?);
    Ok(AccessQuestion {
        subject: self::subject(kind, id),
        resource: resource.to_owned(),
        action: action.to_lowercase(),
        thing: thing.to_owned(),
    })
}

/// The required texts of an object: the names say the object, its properties and each text, as a fault names them.
fn named<'a, const N: usize, const M: usize>(
    value: Option<&'a Value>,
    names: [&'static str; M],
) -> Result<[&'a str; N], QuestionFault> {
    let [whole, properties, texts @ ..] = names.as_slice() else { return Err(QuestionFault::Missing("")) };
    let object = optional(value, whole)?.ok_or(QuestionFault::Missing(whole))?;
    optional(object.get("properties"), properties)?;
    let mut read = [""; N];
    for (text, name) in read.iter_mut().zip(texts) {
        let key = name.rsplit('.').next().unwrap_or_default();
        *text = match object.get(key) {
            Some(Value::String(text)) => text,
            None | Some(Value::Null) => return Err(QuestionFault::Missing(name)),
            Some(_) => return Err(QuestionFault::Wrong(name, "a string")),
        };
    }
    Ok(read)
}

fn optional<'a>(value: Option<&'a Value>, field: &'static str) -> Result<Option<&'a Map<String, Value>>, QuestionFault> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(QuestionFault::Wrong(field, "an object")),
    }
}

fn subject(kind: &str, id: &str) -> Option<Subject> {
    let account = || Id::parse(id).map(SubjectName::Account);
    let (name, kind) = match kind {
        "user" => (account().or_else(|| address(id)), Some(Kind::User)),
        "system_account" => (account(), Some(Kind::System)),
        "account" | "identity" => (account().or_else(|| address(id)), None),
        "token" => (token(id), None),
        _ => (None, None),
    };
    Some(Subject { name: name?, kind })
}

fn address(text: &str) -> Option<SubjectName> {
    /// Nobody's address is longer (RFC 5321).
    const LONGEST: usize = 320;
    let may_be = text.len() <= LONGEST && text.contains('@') && !text.contains(char::is_control);
    may_be.then(|| SubjectName::Email(email::key(text)))
}

fn token(text: &str) -> Option<SubjectName> {
    if let Some(value) = TokenValue::parse(text) {
        return Some(SubjectName::Secret(value.id().as_bytes().try_into().ok()?, value.digest()));
    }
    let id: [u8; ID_LENGTH] = text.as_bytes().try_into().ok()?;
    id.iter().all(u8::is_ascii_alphanumeric).then_some(SubjectName::Token(id))
}
