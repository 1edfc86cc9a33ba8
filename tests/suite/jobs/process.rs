//! Jobs of the real program: killed, stopped, looked after from the command line.

use super::smtp::{Manner, SmtpServer};
use super::{a_job, add, jobs, the_job};
use crate::binary::{Place, Server, check_is_fine, eventually, get, nexus, run};
use base64::Engine;
use nexus::domain::JobState;
use serde_json::Value;
use std::process::Command;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// Tells the program to send mail over a server.
fn mail_over(server: &SmtpServer) -> impl Fn(&mut Command) {
    let port = server.port.to_string();
    move |command| {
        let settings = [("HOST", "127.0.0.1"), ("PORT", &port), ("SECURITY", "none")];
        command.envs(settings.map(|(name, value)| (format!("NEXUS_MAIL_SMTP_{name}"), value)));
    }
}

/// A shop with one letter to be sent.
fn with_a_letter() -> Place {
    let place = Place::with_staff();
    let shop = place.open();
    add(&shop, a_job("Your order"));
    shop.close();
    place
}

#[test]
fn kill_between_claim_and_finish_lets_the_job_run_again() {
    let place = with_a_letter();
    let mail = SmtpServer::start(Manner::SilentAfterTheLetter);
    for round in 1..=3 {
        let server = Server::start_with(&place, &[], mail_over(&mail));
        eventually("the letter is handed over", PATIENCE, || mail.letters().len() == round);
        server.kill();
        check_is_fine(&place.data());
    }
    let shop = place.open();
    let job = the_job(&shop);
    assert_eq!((job.state, job.attempts), (JobState::Waiting, 3), "opening the folder makes it due again");
    shop.close();
    drop(shop);
    mail.behave(Manner::Takes);
    let server = Server::start_with(&place, &[], mail_over(&mail));
    eventually("the letter is taken", PATIENCE, || mail.letters().len() == 4);
    server.stop();
    assert!(jobs(&place.open()).is_empty());
    let ids: std::collections::BTreeSet<String> = mail
        .letters()
        .iter()
        .map(|letter| letter.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1, "copies of one letter cannot be told from two letters: {ids:?}");
}

#[test]
fn sigterm_with_a_letter_that_is_stuck_gives_the_job_back_within_the_grace() {
    let place = with_a_letter();
    let mail = SmtpServer::start(Manner::Silent);
    let file = place.beside("Rocket.toml");
    std::fs::write(&file, "[default]\ngrace_seconds = 1\n").unwrap();
    let server = Server::start_with(&place, &["--config", file.to_str().unwrap()], mail_over(&mail));
    eventually("the letter is on its way", PATIENCE, || !mail.commands().is_empty());
    assert_eq!(get(server.port, "/api/v1/products").unwrap().status, 200);
    let asked = Instant::now();
    server.stop();
    assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    assert_eq!(std::fs::metadata(place.data().join("nexus.db-wal")).map_or(0, |meta| meta.len()), 0);
    let connection = place.open();
    let job = the_job(&connection);
    assert_eq!((job.state, job.attempts), (JobState::Waiting, 1));
}

#[test]
fn job_commands_list_run_and_revive_without_showing_what_is_in_a_job() {
    let place = with_a_letter();
    let mail = SmtpServer::start(Manner::Says("RCPT", "550 5.1.1 <ann@example.test> unknown"));
    let job = |arguments: &[&str]| {
        let mut command = nexus(&place.data());
        command.arg("job").args(arguments);
        mail_over(&mail)(&mut command);
        run(&mut command)
    };
    let rows = |out: &str| out.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
    let listed = rows(&job(&["list", "--json"]).fine());
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0]["kind"], &listed[0]["state"]), (&"mail".into(), &"waiting".into()));
    let id = listed[0]["id"].to_string();

    let ran = job(&["run", "--once"]);
    assert!(ran.err.contains("given up") && !ran.err.contains("ann@"), "{ran:?}");
    assert!(ran.fine().contains("0 done, 0 to be tried again, 1 given up"));
    let dead = job(&["list", "--state", "dead"]).fine();
    assert!(dead.contains("550") && dead.contains("0 waiting, 0 running, 1 dead"), "{dead}");
    assert_eq!(job(&["list", "--state", "waiting", "--json"]).fine(), "");
    for out in [&dead, &listed[0].to_string()] {
        assert!(!out.contains("ann@") && !out.contains("Hello") && !out.contains("Your order"), "{out}");
    }

    mail.behave(Manner::Takes);
    assert!(job(&["retry", &id]).fine().contains("due now"));
    let ran: Value = serde_json::from_str(&job(&["run", "--once", "--json"]).fine()).unwrap();
    assert_eq!(ran, serde_json::json!({ "done": 1, "retried": 0, "dead": 0, "chores": 0 }));
    assert_eq!(job(&["list"]).fine(), "0 waiting, 0 running, 0 dead\n");
    job(&["retry", &id]).refuses(&["no such job"]);
    assert_eq!(job(&["retry", "x"]).code, Some(2));
}

#[test]
fn job_run_goes_on_until_it_is_stopped() {
    let place = with_a_letter();
    let mail = SmtpServer::start(Manner::Takes);
    let mut command = nexus(&place.data());
    command.args(["job", "run"]).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    mail_over(&mail)(&mut command);
    let mut child = command.spawn().unwrap();
    eventually("the letter is taken", PATIENCE, || mail.letters().len() == 1);
    rustix::process::kill_process(crate::binary::process_id(child.id()), rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(jobs(&place.open()).is_empty());
}

/// A password of digits keeps its zeros, and one in a file goes without the line's end.
#[test]
fn mail_password_arrives_as_it_was_given() {
    let place = Place::with_staff();
    let file = place.beside("password");
    std::fs::write(&file, "a b\"c\\\n").unwrap();
    for (name, value, password) in [("PASSWORD", "0815", "0815"), ("PASSWORD_FILE", file.to_str().unwrap(), "a b\"c\\")]
    {
        let mail = SmtpServer::start(Manner::Takes);
        let mut command = nexus(&place.data());
        mail_over(&mail)(command.args(["mail", "test", "--to", "you@example.test"]));
        command.env("NEXUS_MAIL_SMTP_USER", "0042").env(format!("NEXUS_MAIL_SMTP_{name}"), value);
        run(&mut command).fine();
        let said = base64::engine::general_purpose::STANDARD.encode(format!("\0{}\0{password}", "0042"));
        assert!(mail.commands().contains(&format!("AUTH PLAIN {said}")), "{:?}", mail.commands());
    }
}

#[test]
fn mail_templates_are_written_out_previewed_and_told_when_broken() {
    let place = Place::with_staff();
    let mail = |arguments: &[&str]| run(nexus(&place.data()).arg("mail").args(arguments));
    assert!(mail(&["templates"]).fine().lines().any(|line| line == "order_placed"));
    assert!(mail(&["preview", "order_placed"]).fine().starts_with("Subject: Your order 1001 at Nexus\n\n"));
    assert!(mail(&["preview", "order_placed", "--html"]).fine().contains("Tea &lt;strainer&gt; &amp; lid"));
    mail(&["preview", "order_eaten"]).refuses(&["order_eaten", "order_placed"]);
    assert!(mail(&["templates", "--export"]).fine().contains("files were written into"));
    let file = place.data().join("templates/mail/order_placed.txt");
    std::fs::write(&file, "Subject: Hello\n{{ order.nomber }}\n").unwrap();
    assert!(mail(&["templates", "--export"]).err.contains("order_placed.txt, line 2"), "what is there stays");
    let said = mail(&["preview", "order_placed"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    assert!(said.err.contains("order_placed.txt, line 2"), "{said:?}");
}

#[test]
fn mail_test_sends_a_letter_or_says_why_not() {
    let place = Place::with_staff();
    let mail = SmtpServer::start(Manner::Takes);
    let test = |over: Option<&SmtpServer>, to: &str| {
        let mut command = nexus(&place.data());
        command.args(["mail", "test", "--to", to]);
        if let Some(server) = over {
            mail_over(server)(&mut command);
        }
        run(&mut command)
    };
    assert!(test(None, "you@example.test").fine().contains("written into"));
    assert_eq!(std::fs::read_dir(place.data().join("mail")).unwrap().count(), 1);
    assert!(test(Some(&mail), "you@example.test").fine().contains("127.0.0.1 took the letter"));
    assert!(mail.letters()[0].contains("To: you@example.test"));
    mail.behave(Manner::Says("RCPT", "550 5.1.1 nobody here"));
    test(Some(&mail), "you@example.test").refuses(&["550", "nobody here"]);
    test(Some(&mail), "you").refuses(&["not an e-mail address"]);
}
