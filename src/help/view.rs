//! The help pages: texts in a small subset of Markdown, filled in, and then drawn as a page or printed as they are.

use askama::Template;

pub use self::document::{Block, Document, Section, wrapped};
use crate::gateway::recipes::{Gateway, Values};
use crate::roles::predefined;
use crate::web::navigation::{Item, NavigationGroup};
use crate::web::view::{Field, Shell};

pub mod api;
mod document;

/// The address of the gateways' pages, each of which is below it.
pub const GATEWAYS: &str = "/help/gateways";
/// The address of the page about running Muster.
pub const OPERATIONS: &str = "/help/operations";
/// The address of the page about AuthZEN.
pub const AUTHZEN: &str = "/help/authzen";

/// The address of the page about Terraform.
pub const TERRAFORM: &str = "/help/terraform";

/// The address of the page about the API.
pub const API: &str = "/help/api";

const fn item(label: &'static str, href: &'static str, icon: &'static str) -> Item {
    Item { label, href, icon, group: NavigationGroup::Reference, any_of: &[], unless: None, count: None }
}

pub const GATEWAYS_ITEM: Item = item("Gateways", GATEWAYS, "gate");
pub const API_ITEM: Item = item("API reference", API, "book");
pub const TERRAFORM_ITEM: Item = item("Terraform", TERRAFORM, "copy");
pub const AUTHZEN_ITEM: Item = item("AuthZEN", AUTHZEN, "check");
pub const OPERATIONS_ITEM: Item = item("Operations", OPERATIONS, "screen");

/// How to configure a gateway.
#[derive(Template)]
#[template(path = "help/gateway.md", escape = "none")]
pub struct GatewayText<'a> {
    gateway: Gateway,
    files: Vec<(&'static str, String)>,
    values: &'a Values,
}

impl<'a> GatewayText<'a> {
    pub fn new(gateway: Gateway, values: &'a Values) -> Self {
        Self { gateway, files: gateway.files(values), values }
    }
}

/// How to run Muster.
#[derive(Template)]
#[template(path = "help/operations.md", escape = "none")]
pub struct OperationsText {
    /// Names and meanings.
    pub metrics: Vec<(String, String)>,
}

/// How an API asks whether somebody may do something.
#[derive(Template)]
#[template(path = "help/authzen.md", escape = "none")]
pub struct AuthzenText {
    /// Where Muster is, without a slash at the end.
    pub url: String,
}

/// How Terraform manages Muster.
#[derive(Template)]
#[template(path = "help/terraform.md", escape = "none")]
pub struct TerraformText {
    /// Where Muster is, without a slash at the end.
    pub url: String,
    /// The UUID of the role that most system accounts have.
    pub ci_cd: String,
}

impl TerraformText {
    pub fn new(url: String) -> Self {
        Self { url, ci_cd: predefined::CI_CD.to_string() }
    }

    /// The names and UUIDs of those that can be assigned.
    fn roles(&self) -> impl Iterator<Item = (&'static str, String)> {
        predefined::PREDEFINED.iter().filter(|role| role.assignable).map(|role| (role.name, role.uuid.to_string()))
    }
}

/// The page of a gateway, with a form for the addresses in it.
#[derive(Template)]
#[template(path = "help/gateway.html")]
pub struct GatewayPage {
    pub shell: Shell,
    pub gateway: Gateway,
    pub form: GatewayForm,
    pub document: Document,
}

/// What the recipe is filled in with.
#[derive(Clone, Debug, Default)]
pub struct GatewayForm {
    pub muster: Field,
    pub api: Field,
    pub path: Field,
    pub require: Field,
    /// The form as a query, so that another gateway's page keeps it.
    pub query: String,
}

impl GatewayPage {
    pub fn gateways(&self) -> [Gateway; 5] {
        Gateway::ALL
    }

    pub fn is_current(&self, gateway: &Gateway) -> bool {
        self.gateway == *gateway
    }
}

/// A page without a form.
#[derive(Template)]
#[template(path = "help/page.html")]
pub struct HelpPage {
    pub shell: Shell,
    pub document: Document,
}
