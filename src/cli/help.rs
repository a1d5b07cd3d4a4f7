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
pub struct HelpPageArgs {
    #[arg(value_name = "NAME")]
    name: HelpTopic,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HelpTopic {
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

pub fn print(page: &HelpPageArgs, config: &Config) -> Result<(), String> {
    let recipe = |gateway| GatewayText::new(gateway, &Values::example(config.listen)).render();
    let text = match page.name {
        HelpTopic::Nginx => recipe(Gateway::Nginx),
        HelpTopic::Caddy => recipe(Gateway::Caddy),
        HelpTopic::Traefik => recipe(Gateway::Traefik),
        HelpTopic::Haproxy => recipe(Gateway::Haproxy),
        HelpTopic::Envoy => recipe(Gateway::Envoy),
        HelpTopic::Operations => operations_text().render(),
        HelpTopic::Authzen => AuthzenText { url: config.base_url(config.listen) }.render(),
        HelpTopic::Terraform => TerraformText::new(config.base_url(config.listen)).render(),
        HelpTopic::Api => {
            let url = config.base_url(config.listen);
            let groups = api::groups(&routes::api::description(&url), &url, "");
            ApiText { url, groups }.render()
        }
    };
    let text = text.map_err(|error| format!("The page could not be printed: {error}"))?;
    say(wrapped(&text).trim_end())
}
