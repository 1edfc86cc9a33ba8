//! Settings: file, environment, flags, in this order; what nobody knows is refused and named.

use super::{Place, free_port, nexus, run};
use serde_json::Value;
use std::path::PathBuf;

fn write(place: &Place, text: &str) -> PathBuf {
    let file = place.beside("Rocket.toml");
    std::fs::write(&file, text).unwrap();
    file
}

/// The value and origin of a key as `config show --json` gives them.
fn shown(out: &str, key: &str) -> (Value, String) {
    let entries: Vec<Value> = serde_json::from_str(out).unwrap();
    let entry = entries.iter().find(|e| e["key"] == key).unwrap_or_else(|| panic!("{key} is not shown"));
    (entry["value"].clone(), entry["origin"].as_str().unwrap().to_owned())
}

#[test]
fn config_file_goes_before_defaults_environment_before_file_flags_before_all() {
    let place = Place::empty();
    let file = write(
        &place,
        "[default]\nport = 8101\nworkers = 3\n[default.shop]\nname = \"From the file\"\ncurrency = \"USD\"\n",
    );
    let show = |change: &dyn Fn(&mut super::Command)| {
        let mut command = nexus(&place.data());
        command.arg("--config").arg(&file).args(["config", "show", "--json"]);
        change(&mut command);
        run(&mut command).fine()
    };
    let out = show(&|_| {});
    assert_eq!(shown(&out, "port"), (8101.into(), "Rocket.toml".into()));
    assert_eq!(shown(&out, "shop.name"), ("From the file".into(), "Rocket.toml".into()));
    assert_eq!(shown(&out, "log.level"), ("info".into(), "default".into()));
    assert_eq!(shown(&out, "data.dir"), (place.data().to_str().unwrap().into(), "flag".into()));
    let out = show(&|c| {
        c.env("ROCKET_PORT", "8102").env("NEXUS_SHOP_NAME", "From outside").env("NEXUS_DATA_DIR", "elsewhere");
    });
    assert_eq!(shown(&out, "port"), (8102.into(), "ROCKET_PORT".into()));
    assert_eq!(shown(&out, "shop.name"), ("From outside".into(), "NEXUS_SHOP_NAME".into()));
    assert_eq!(shown(&out, "shop.currency"), ("USD".into(), "Rocket.toml".into()));
    assert_eq!(shown(&out, "data.dir"), (place.data().to_str().unwrap().into(), "flag".into()));
    let out = show(&|c| {
        c.env("NEXUS_STORE_READ_DEADLINE_MS", "1500").env("NEXUS_CACHE_MAX_AGE_SECONDS", "9");
    });
    assert_eq!(shown(&out, "store.read_deadline_ms"), (1500.into(), "NEXUS_STORE_READ_DEADLINE_MS".into()));
    assert_eq!(shown(&out, "cache.max_age_seconds"), (9.into(), "NEXUS_CACHE_MAX_AGE_SECONDS".into()));
}

#[test]
fn config_flag_of_serve_goes_before_environment() {
    let place = Place::empty();
    let server = super::Server::start_with(&place, &[], |command| {
        command.env("ROCKET_PORT", "1");
    });
    assert_eq!(super::get(server.port, "/health/live").unwrap().status, 200);
    server.stop();
}

#[test]
fn config_key_nobody_knows_in_the_file_refuses_and_is_named() {
    for (text, name) in [
        ("[default]\nprot = 8101\n", "prot"),
        ("[default.shop]\nnmae = \"x\"\n", "nmae"),
        ("[default.shp]\nname = \"x\"\n", "shp"),
        ("[default.cache]\nmax_mb = 3\n", "max_mb"),
        ("[defalt]\nport = 1\n", "defalt"),
        ("port = 1\n", "port"),
    ] {
        let place = Place::empty();
        let file = write(&place, text);
        for arguments in [&["serve", "--port", &free_port().to_string()][..], &["config", "show"]] {
            let said = run(nexus(&place.data()).arg("--config").arg(&file).args(arguments));
            said.refuses(&[name]);
            assert!(!place.data().exists(), "a shop was made in spite of {text:?}");
        }
    }
}

#[test]
fn config_variable_nobody_knows_refuses_and_is_named() {
    for (variable, part) in [("NEXUS_SHOP_NMAE", "nmae"), ("NEXUS_PROT", "prot"), ("NEXUS_SHOP_NAME_LONG", "name_long")]
    {
        let place = Place::empty();
        let said = run(nexus(&place.data()).env(variable, "1").args(["serve", "--port", &free_port().to_string()]));
        said.refuses(&[part]);
        assert!(!place.data().exists());
    }
}

#[test]
fn config_value_that_cannot_be_refuses_and_is_named() {
    for (variable, value, part) in [
        ("NEXUS_SHOP_CURRENCY", "EURO", "shop.currency"),
        ("NEXUS_AUTH_ACCESS_MINUTES", "11", "auth.access_minutes"),
        ("NEXUS_LOG_FORMAT", "xml", "FORMAT"),
        ("ROCKET_PORT", "70000", "PORT"),
        ("NEXUS_STORE_READ_DEADLINE_MS", "0", "store.read_deadline_ms"),
    ] {
        let place = Place::empty();
        let said = run(nexus(&place.data()).env(variable, value).args(["config", "show"]));
        said.refuses(&[part]);
    }
    let place = Place::empty();
    run(nexus(&place.data()).args(["--config", "nowhere.toml", "config", "show"])).refuses(&["nowhere.toml"]);
}

/// The committed Rocket.toml is a page of comments; with them taken away it must say what the program does anyway.
#[test]
fn config_file_of_the_project_lists_every_key_with_its_default() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Rocket.toml")).unwrap();
    let is_setting = |line: &str| {
        line.split_once(" = ")
            .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
    };
    let text: String = page
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line).to_owned() + "\n")
        .collect();
    let place = Place::empty();
    let file = write(&place, &text);
    let out = run(nexus(&place.data()).arg("--config").arg(&file).args(["config", "show", "--json"])).fine();
    let defaults = run(nexus(&place.data()).args(["config", "show", "--json"])).fine();
    let entries: Vec<Value> = serde_json::from_str(&out).unwrap();
    for entry in &entries {
        let key = entry["key"].as_str().unwrap();
        if key != "data.dir" {
            assert_eq!(entry["origin"], "Rocket.toml", "{key} is not in Rocket.toml");
            assert_eq!(entry["value"], shown(&defaults, key).0, "{key}");
        }
    }
}

/// However it is given, and also when it looks like a number or a list.
#[test]
fn config_password_is_never_shown() {
    let place = Place::empty();
    for password in ["tell nobody", "0815", "true", "[x", "\"q\"", "p=a,b"] {
        for arguments in [&["config", "show"][..], &["config", "show", "--json"]] {
            let mut command = nexus(&place.data());
            command.env("NEXUS_MAIL_SMTP_USER", "4711").env("NEXUS_MAIL_SMTP_PASSWORD", password).args(arguments);
            let out = run(&mut command).fine();
            // Other settings are true, too.
            assert!(out.contains("***") && (password == "true" || !out.contains(password)), "{password}: {out}");
            if arguments.len() == 3 {
                assert_eq!(shown(&out, "mail.smtp_user"), ("4711".into(), "NEXUS_MAIL_SMTP_USER".into()));
                assert_eq!(shown(&out, "mail.smtp_password"), ("***".into(), "NEXUS_MAIL_SMTP_PASSWORD".into()));
            }
        }
    }
    let file = write(&place, "[default.mail]\nsmtp_user = \"ann\"\nsmtp_password = \"tell nobody\"\n");
    let out = run(nexus(&place.data()).arg("--config").arg(&file).args(["config", "show", "--json"])).fine();
    assert_eq!(shown(&out, "mail.smtp_password"), ("***".into(), "Rocket.toml".into()));
    assert!(!out.contains("tell nobody"));
    for wrong in ["4711", "[\"4711\"]", "4711.5", "{ x = 4711 }"] {
        let file = write(&place, &format!("[default.mail]\nsmtp_user = \"ann\"\nsmtp_password = {wrong}\n"));
        let said = run(nexus(&place.data()).arg("--config").arg(&file).args(["config", "show"]));
        said.refuses(&["mail.smtp_password"]);
        assert!(!said.err.contains("4711"), "{said:?}");
    }
}

#[test]
fn config_of_mail_that_cannot_work_refuses_before_a_shop_is_made() {
    for (settings, part) in [
        (&[("HOST", "smtp.example.com"), ("SECURITY", "none")][..], "mail.smtp_security"),
        (&[("HOST", "smtp://smtp.example.com")], "mail.smtp_host"),
        (&[("HOST", "smtp.example.com"), ("SECURITY", "ssl")], "SECURITY"),
        (&[("HOST", "smtp.example.com"), ("USER", "ann")], "mail.smtp_password_file"),
        (&[("HOST", "127.0.0.1"), ("USER", "ann"), ("PASSWORD_FILE", "/nowhere/password")], "/nowhere/password"),
    ] {
        let place = Place::empty();
        let mut command = nexus(&place.data());
        command.envs(settings.iter().map(|(name, value)| (format!("NEXUS_MAIL_SMTP_{name}"), value)));
        let said = run(command.args(["serve", "--port", &free_port().to_string()]));
        said.refuses(&[part]);
        assert!(!place.data().exists(), "a shop was made in spite of {settings:?}");
    }
    let place = Place::empty();
    run(nexus(&place.data()).env("NEXUS_MAIL_FROM", "the shop").args(["config", "show"])).refuses(&["mail.from"]);
}

#[test]
fn config_show_for_people_names_values_and_origins() {
    let place = Place::empty();
    let out = run(nexus(&place.data()).env("NEXUS_SHOP_NAME", "Corner").args(["config", "show"])).fine();
    let line = out.lines().find(|l| l.starts_with("shop.name")).unwrap();
    assert!(line.contains("\"Corner\"") && line.contains("NEXUS_SHOP_NAME"), "{line}");
    assert!(!place.data().exists(), "showing settings made a data folder");
}
