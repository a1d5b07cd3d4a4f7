//! `muster help-page`: a page of the help for whoever has not started Muster yet.

use askama::Template;
use clap::{Args, ValueEnum};

use super::say;
use crate::config::Config;
use crate::gateway::recipes::{Gateway, Values};
use crate::help::pages::operations_text;
use crate::help::view::api::{self, ApiText};
use crate::help::view::{AuthzenText, GatewayText, TerraformText, wrapped};
use crate::routes;

/// The words of `muster help-page`.
#[derive(Args, Debug)]
pub struct HelpPage {
    #[arg(value_name = "NAME")]
    name: Name,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    Nginx,
    Caddy,
    Traefik,
    Haproxy,
    Envoy,
    Operations,
    Authzen,
    Terraform,
    Api,
}

pub fn print(page: &HelpPage, config: &Config) -> Result<(), String> {
    let recipe = |gateway| GatewayText::new(gateway, &Values::example(config.listen)).render();
    let text = match page.name {
        Name::Nginx => recipe(Gateway::Nginx),
        Name::Caddy => recipe(Gateway::Caddy),
        Name::Traefik => recipe(Gateway::Traefik),
        Name::Haproxy => recipe(Gateway::Haproxy),
        Name::Envoy => recipe(Gateway::Envoy),
        Name::Operations => operations_text().render(),
        Name::Authzen => AuthzenText { url: config.base_url(config.listen) }.render(),
        Name::Terraform => TerraformText::new(config.base_url(config.listen)).render(),
        Name::Api => {
            let url = config.base_url(config.listen);
            let groups = api::groups(&routes::api::description(&url), &url, "");
            ApiText { url, groups }.render()
        }
    };
    let text = text.map_err(|error| format!("The page could not be printed: {error}"))?;
    say(wrapped(&text).trim_end())
}
