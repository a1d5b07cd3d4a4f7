//! Answers questions.

use super::question::{AccessQuestion, Semantic};
use crate::check::Check;
use crate::check::subjects::{Subject, SubjectRights};
use crate::error::Error;
use crate::tokens::value::Access;

/// The actions that a read-only token passes for.
const READING: [&str; 5] = ["get", "head", "list", "options", "read"];

/// Answers all of them on one state. A question that lacks something is refused.
pub async fn decide(check: &Check, questions: &[Option<AccessQuestion>]) -> Result<Vec<bool>, Error> {
    let mut subjects: Vec<Subject> = Vec::new();
    // The place of each question's subject.
    let mut places = std::collections::HashMap::new();
    for subject in questions.iter().flatten().filter_map(|question| question.subject.as_ref()) {
        places.entry(subject).or_insert_with(|| {
            subjects.push(subject.clone());
            subjects.len() - 1
        });
    }
    let judge = |standings: &[Option<SubjectRights>]| {
        let mut refuses_nobody = true;
        let decide = |question: &Option<AccessQuestion>| {
            let Some(question) = question else { return false };
            let Some(place) = question.subject.as_ref().and_then(|subject| places.get(subject)) else { return false };
            let permits =
                standings.get(*place).is_some_and(|standing| standing.as_ref().is_some_and(|one| permits(one, question)));
            refuses_nobody &= permits;
            permits
        };
        let decisions: Vec<bool> = questions.iter().map(decide).collect();
        (decisions, refuses_nobody)
    };
    if subjects.is_empty() { Ok(judge(&[]).0) } else { check.ask(&subjects, judge).await }
}

/// As many of the decisions as an answer gives.
pub fn up_to(semantic: Semantic, mut decisions: Vec<bool>) -> Vec<bool> {
    let last = match semantic {
        Semantic::All => None,
        Semantic::FirstDeny => decisions.iter().position(|permits| !permits),
        Semantic::FirstPermit => decisions.iter().position(|permits| *permits),
    };
    if let Some(last) = last {
        decisions.truncate(last + 1);
    }
    decisions
}

fn permits(standing: &SubjectRights, question: &AccessQuestion) -> bool {
    (standing.access == Access::Write || READING.contains(&question.action.as_str()))
        && standing.grants.permissions.allows_thing(&question.resource, &question.action, &question.thing)
}
