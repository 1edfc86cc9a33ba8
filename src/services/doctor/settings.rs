//! Settings that are allowed and risky.

use super::{Remark, Running};
use crate::config::Config;
use crate::folder::DATABASE;
use crate::services::seed::demo_logins_open;

/// What an owner should know about the settings in effect.
pub(super) fn risky(config: &Config) -> Vec<Remark> {
    let topic = "settings";
    let public = !config.public_is_this_machine();
    let mut remarks = Vec::new();
    let mut advice = |so: bool, text: &str, what: &str| {
        if so {
            remarks.push(Remark::advice(topic, text, what));
        }
    };
    advice(
        public && config.mail.smtp_host.is_empty(),
        "no mail server is set, so buyers get no letters; they pile up in mail/ of the data folder",
        "set mail.smtp_host, and try it with nexus mail test",
    );
    advice(
        public && config.shop.url.is_empty(),
        "shop.url is empty, so links in letters lead to the address the shop listens on",
        "set shop.url to what buyers see, such as https://shop.example",
    );
    advice(
        config.limits.login_per_account == 0 || config.limits.login_per_client == 0,
        "passwords may be guessed as often as anybody likes",
        "set limits.login_per_account and limits.login_per_client",
    );
    advice(
        ["debug", "trace"].iter().any(|level| config.log.level.split(',').any(|part| part.ends_with(level))),
        "log.level is that of developers: the log grows fast",
        "set log.level = \"info\"",
    );
    advice(
        config.watch.check_hours == 0,
        "the data is never checked in the background",
        "set watch.check_hours, or run nexus check now and then",
    );
    advice(
        !config.payment.stripe.secret_key.is_empty() && config.payment.stripe.signing_secrets().next().is_none(),
        "messages of Stripe are not taken, so payments are noticed late",
        "set payment.stripe.webhook_secrets",
    );
    advice(
        config.selling.exempts_nobody(),
        "VAT numbers exempt nobody from tax, since selling.country does not say where the shop is at home",
        "set selling.country, such as \"DE\"",
    );
    let mut problem = |so: bool, text: &str, what: &str| {
        if so {
            remarks.push(Remark::problem(topic, text, what));
        }
    };
    problem(
        public && config.has_test_payments(),
        "anybody can pay with the test provider, which moves no money",
        "set payment.test = false",
    );
    problem(
        public && config.public_url().starts_with("http://"),
        "the public reaches the shop without TLS, so passwords can be read on the way",
        "put TLS in front, and set shop.url to the https address",
    );
    problem(
        config.proxy.trusted.iter().any(|range| range.ends_with("/0")),
        "every client may say who it is, so limits can be walked around",
        "name the addresses of the proxies alone in proxy.trusted",
    );
    problem(
        config.metrics.own_address().is_some_and(|address| !address.ip().is_loopback())
            && config.metrics.token.is_empty(),
        "everybody who reaches metrics.address sees what the shop earns",
        "set metrics.token, or let metrics.address be one of this machine",
    );
    remarks
}

/// Logins of the demo whose password everybody knows, in a shop that others reach than those on this machine.
pub(super) fn demo(config: &Config, running: &Running) -> Option<Remark> {
    let runs_in_public = matches!(running, Running::Yes { url, .. } if !Config::is_of_this_machine(url));
    if config.public_is_this_machine() && !runs_in_public {
        return None;
    }
    let open: Vec<&str> = demo_logins_open(&config.data.dir.join(DATABASE));
    (!open.is_empty()).then(|| {
        Remark::problem(
            "demo",
            format!("everybody knows the password of {}, and can reach the shop", open.join(" and ")),
            "give them others with nexus user set-password, or close them with nexus user deactivate; see \
             nexus user list",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Switch;
    use crate::services::doctor::Severity;

    #[test]
    fn a_shop_to_try_out_has_nothing_risky_and_a_public_one_has() {
        assert_eq!(risky(&Config::default()), []);
        let mut config = Config { address: [0, 0, 0, 0].into(), ..Config::default() };
        config.payment.test = Switch::On;
        config.metrics.address = "0.0.0.0:9464".to_owned();
        config.proxy.trusted = vec!["0.0.0.0/0".to_owned()];
        let remarks = risky(&config);
        let problems = remarks.iter().filter(|remark| remark.severity == Severity::Problem).count();
        assert_eq!(problems, 4, "{remarks:?}");
        assert!(remarks.iter().all(|remark| remark.advice.is_some()));
        let exempts = |config: &Config| risky(config).iter().any(|remark| remark.text.contains("VAT numbers"));
        config.selling.exempt_vat_numbers = true;
        assert!(exempts(&config));
        config.selling.country = "DE".to_owned();
        assert!(!exempts(&config));
        config.shop.url = "https://shop.example".to_owned();
        assert!(!risky(&config).iter().any(|remark| remark.text.contains("TLS")));
    }
}
