//! Terraform's configuration, read by a parser of HCL and evaluated: what Terraform would make of it.

use hcl::Expression;
use hcl::eval::{Context, Evaluate};
use serde_json::{Map, Value};

/// A block of the top level.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// `resource`, `import`, `provider` …
    pub kind: String,
    pub labels: Vec<String>,
    /// What is text in it is text here; what refers to something else is its expression.
    pub values: Map<String, Value>,
}

impl Block {
    pub fn text(&self, name: &str) -> &str {
        self.values[name].as_str().unwrap()
    }

    /// The texts of a list; none where it is left out.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let texts = self.values.get(name).and_then(Value::as_array).into_iter().flatten();
        texts.map(|text| text.as_str().unwrap()).collect()
    }
}

/// Every block, in order. Whatever is not HCL, or would need to run to be known, panics.
pub fn blocks(text: &str) -> Vec<Block> {
    let body = hcl::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(body.attributes().count(), 0, "{text}");
    let block = |block: &hcl::Block| Block {
        kind: block.identifier().to_owned(),
        labels: block.labels().iter().map(|label| label.as_str().to_owned()).collect(),
        values: block.body().attributes().map(|one| (one.key().to_owned(), value(one.expr()))).collect(),
    };
    body.blocks().map(block).collect()
}

fn value(expression: &Expression) -> Value {
    match expression {
        Expression::Traversal(_) | Expression::Variable(_) => hcl::format::to_string(expression).unwrap().into(),
        Expression::Array(items) => items.iter().map(value).collect(),
        Expression::Object(_) => Value::Null,
        known => serde_json::to_value(known.evaluate(&Context::new()).unwrap()).unwrap(),
    }
}

/// The resources of some configuration, each imported by the block before it: kind, label, identity, attributes.
pub fn imported(text: &str) -> Vec<(String, String, String, Block)> {
    let blocks = blocks(text);
    assert_eq!(blocks.len() % 2, 0, "{text}");
    let pair = |pair: &[Block]| {
        let [import, resource] = pair else { panic!("{pair:?}") };
        assert_eq!((import.kind.as_str(), resource.kind.as_str(), import.labels.len()), ("import", "resource", 0), "{pair:?}");
        let [kind, label] = resource.labels.as_slice() else { panic!("{resource:?}") };
        assert_eq!(import.text("to"), format!("{kind}.{label}"));
        (kind.clone(), label.clone(), import.text("id").to_owned(), resource.clone())
    };
    blocks.chunks(2).map(pair).collect()
}
