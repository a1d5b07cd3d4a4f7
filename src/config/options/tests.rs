use super::*;

fn config(arguments: &[&str]) -> Result<Config, String> {
    Config::try_parse_from(["muster"].iter().chain(arguments)).map_err(|error| error.to_string())
}

#[test]
fn the_defaults_are_good_for_a_first_start() {
    let config = config(&[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.base_url(config.listen), "http://127.0.0.1:8080");
    assert_eq!(config.organisation, None);
    assert_eq!((config.plan_limit, config.policy_link.clone(), config.max_token_lifetime), (None, None, None));
    assert!(config.trusted_proxies.is_empty() && config.workers.is_none() && !config.is_https());
    assert_eq!((config.activity_interval, config.refusal_limit), (Duration::from_secs(60), 100));
}

#[test]
fn every_flag_is_read() {
    let config = config(&[
        "--listen=[::]:9000",
        "--public-url=https://muster.example.org/",
        "--organisation= Halden ",
        "--plan-name=Business",
        "--plan-limit=50",
        "--policy-link=https://wiki.example.org/policy?x=1#machines",
        "--max-token-lifetime=365d",
        "--trusted-proxies=10.0.0.0/8, 192.0.2.1,fd00::/8",
        "--workers=2",
        "--activity-interval=1",
        "--refusal-limit=0",
        "--metrics-listen=127.0.0.1:9090",
        "--log=debug",
    ])
    .unwrap();
    assert_eq!(config.base_url(config.listen), "https://muster.example.org");
    assert!(config.is_https());
    assert_eq!(config.organisation.as_deref(), Some("Halden"));
    assert_eq!((config.plan_name.as_str(), config.plan_limit), ("Business", Some(50)));
    assert_eq!(config.policy_link.as_deref(), Some("https://wiki.example.org/policy?x=1#machines"));
    assert_eq!(config.max_token_lifetime, Some(TimeDelta::days(365)));
    assert!(config.trusted_proxies[1].to_string() == "192.0.2.1/32" && config.trusted_proxies.len() == 3);
    assert_eq!((config.workers, config.activity_interval), (Some(2), Duration::from_secs(1)));
    assert_eq!((config.refusal_limit, config.server_log().as_str()), (0, "debug"));
    assert_eq!(config.metrics_listen, Some(([127, 0, 0, 1], 9090).into()));
}

#[test]
fn a_wrong_value_is_named() {
    for wrong in [
        "--listen=here",
        "--metrics-listen=9090",
        "--public-url=ftp://a",
        "--public-url=https://a/muster",
        "--public-url=https://a?b",
        "--public-url=https://u:p@a",
        "--public-url=https://",
        "--public-url=muster.example",
        "--organisation= ",
        "--plan-name=",
        "--plan-limit=0",
        "--plan-limit=-1",
        "--plan-limit=many",
        "--refusal-limit=-1",
        "--policy-link=javascript:alert(1)",
        "--max-token-lifetime=365",
        "--trusted-proxies=10.0.0.0/33",
        "--trusted-proxies=proxy",
        "--workers=0",
        "--activity-interval=0",
        "--log=loud",
        "--log=info,muster=inof",
        "--log==debug",
        "--log=",
    ] {
        let said = config(&[wrong]).unwrap_err();
        let (flag, _) = wrong.split_once('=').unwrap();
        let variable = flag.trim_start_matches('-').replace('-', "_").to_uppercase();
        assert!(said.contains(flag) && said.contains(&format!("MUSTER_{variable}")), "{wrong}: {said}");
    }
}

#[test]
fn an_address_for_all_is_shown_as_localhost() {
    let config = config(&["--listen=0.0.0.0:0"]).unwrap();
    assert_eq!(config.base_url("0.0.0.0:4711".parse().unwrap()), "http://localhost:4711");
}
