//! Mail: what a server's answers make of a letter, what is said to it, and what never is.

use super::smtp::{Manner, SmtpServer};
use super::{Clock, a_job, a_letter, add, add_at, by, count, run, the_job};
use crate::support::{Requests, TestShop, wait};
use nexus::config::{MailSettings, Secret, SmtpSecurity};
use nexus::domain::JobState;
use nexus::jobs::{Ran, Runner, Work};
use nexus::providers::mail::{MailError, Mailer, Security, Sender, SmtpMailer};
use nexus::services::Ctx;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The settings of mail over a server of the test's.
fn over(server: &SmtpServer) -> MailSettings {
    MailSettings {
        from: "Corner <shop@example.test>".to_owned(),
        smtp_host: "127.0.0.1".to_owned(),
        smtp_port: server.port,
        smtp_security: SmtpSecurity::None,
        ..MailSettings::default()
    }
}

fn shop_with(server: &SmtpServer) -> TestShop {
    TestShop::with(|config| config.mail = over(server))
}

fn mailer(server: &SmtpServer, security: Security, timeout: Duration) -> SmtpMailer {
    let host = "127.0.0.1".to_owned();
    let login = Some(("ann".to_owned(), "tell nobody".to_owned()));
    let settings = nexus::providers::mail::SmtpServer { host, port: server.port, security, login, timeout };
    SmtpMailer::new(settings, Sender::parse("shop@example.test", "Corner").unwrap()).unwrap()
}

#[test]
fn letter_that_the_server_takes_is_sent_once_and_its_job_is_gone() {
    let server = SmtpServer::start(Manner::Takes);
    let shop = shop_with(&server);
    let letter = a_letter("Your order");
    add(&shop.shop, nexus::domain::Job::Mail(letter.clone()));
    assert_eq!(run(&shop, &Work::default()), Ran { done: 1, ..Ran::default() });
    assert_eq!(count(&shop.shop, JobState::Waiting), 0);
    let letters = server.letters();
    assert_eq!(letters.len(), 1);
    for line in [
        "From: Corner <shop@example.test>",
        "To: ann@example.test",
        "Subject: Your order",
        "Hello, Ann.",
        &format!("Message-ID: <{}@example.test>", letter.id()),
    ] {
        assert!(letters[0].lines().any(|l| l == line), "no {line:?} in {}", letters[0]);
    }
    let said = server.commands();
    assert_eq!(said[2..4], ["MAIL FROM:<shop@example.test>", "RCPT TO:<ann@example.test>"], "{said:?}");
    assert!(!said.iter().any(|c| c.starts_with("AUTH")), "{said:?}");
}

#[test]
fn letter_that_the_server_refuses_for_now_is_tried_again_and_for_good_is_dead() {
    for (at, reply, dies) in [
        ("RCPT", "451 4.3.0 try later <ann@example.test>", false),
        ("MAIL", "421 4.3.2 closing", false),
        (".", "452 4.3.1 full", false),
        ("hello", "554 5.7.1 not from your address", false),
        ("EHLO", "500 5.5.1 what", false),
        ("RCPT", "550 5.1.1 <ann@example.test>: nobody here", true),
        ("MAIL", "553 5.1.8 we know no shop@example.test", true),
        (".", "554 5.6.0 spam", true),
    ] {
        let server = SmtpServer::start(Manner::Says(at, reply));
        let shop = shop_with(&server);
        add(&shop.shop, a_job("Your order"));
        let ran = run(&shop, &Work::default());
        assert_eq!((ran.retried, ran.dead), if dies { (0, 1) } else { (1, 0) }, "{at}: {reply}");
        let job = the_job(&shop.shop);
        let error = job.last_error.unwrap();
        assert!(error.contains(&reply[..3]) && !error.contains('@'), "{at}: {reply}: {error}");
        server.behave(Manner::Takes);
        // What died is sent when somebody revives it, the rest by itself.
        if dies {
            assert_eq!(job.state, JobState::Dead);
            wait(shop.shop.job_retry(&Ctx::owner(), job.id)).unwrap();
        }
        let later = Clock::at(Ctx::shop().now.millis() + 60_000);
        assert_eq!(run(&shop, &by(&later, no_chores())).done, 1, "{at}: {reply}");
        assert!(server.letters().last().unwrap().contains("Hello, Ann."));
    }
}

/// The shop's own handlers, without its chores.
fn no_chores() -> Work {
    Work { chores: Arc::new([]), ..Work::default() }
}

#[test]
fn letter_to_a_server_that_is_away_is_tried_again() {
    let server = SmtpServer::start(Manner::Takes);
    let mut settings = over(&server);
    settings.smtp_port = crate::binary::free_port();
    let shop = TestShop::with(|config| config.mail = settings);
    add(&shop.shop, a_job("x"));
    assert_eq!(run(&shop, &Work::default()), Ran { retried: 1, ..Ran::default() });
    let job = the_job(&shop.shop);
    assert_eq!((job.state, job.attempts), (JobState::Waiting, 1));
    assert!(job.last_error.unwrap().contains("refused"));
}

#[test]
fn password_that_is_wrong_is_not_the_letters_fault_and_is_in_no_error() {
    let server = SmtpServer::start(Manner::Says("AUTH", "535 5.7.8 no"));
    let patient = Duration::from_secs(10);
    let failed = mailer(&server, Security::None, patient).send(&a_letter("x")).unwrap_err();
    let MailError::Temporary(why) = failed else { panic!("{failed:?}") };
    assert!(why.contains("535") && !why.contains("tell nobody"), "{why}");
    server.behave(Manner::Takes);
    mailer(&server, Security::None, patient).send(&a_letter("x")).unwrap();
    assert_eq!(server.letters().len(), 1);
}

#[test]
fn letter_is_never_sent_in_the_clear_where_encryption_was_asked_for() {
    let server = SmtpServer::start(Manner::Takes);
    let failed = mailer(&server, Security::StartTls, Duration::from_secs(10)).send(&a_letter("x"));
    assert!(matches!(&failed, Err(MailError::Temporary(why)) if why.contains("STARTTLS")), "{failed:?}");
    let failed = mailer(&server, Security::Tls, Duration::from_secs(10)).send(&a_letter("x"));
    assert!(matches!(failed, Err(MailError::Temporary(_))), "{failed:?}");
    let said = server.commands();
    assert!(!said.iter().any(|c| ["AUTH", "MAIL", "DATA"].iter().any(|word| c.starts_with(word))), "{said:?}");
    assert!(server.letters().is_empty());
}

#[test]
fn server_that_says_nothing_is_given_up_in_time() {
    for manner in [Manner::Silent, Manner::SilentAfterTheLetter] {
        let server = SmtpServer::start(manner);
        let started = Instant::now();
        let failed = mailer(&server, Security::None, Duration::from_millis(200)).send(&a_letter("x"));
        assert!(matches!(failed, Err(MailError::Temporary(_))), "{manner:?}: {failed:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{manner:?}: {:?}", started.elapsed());
    }
}

#[test]
fn server_that_says_nothing_holds_up_neither_the_catalog_nor_other_jobs() {
    let server = SmtpServer::start(Manner::Silent);
    let shop = shop_with(&server);
    let runner = Runner::start(shop.shop.clone(), no_chores()).unwrap();
    add(&shop.shop, a_job("stuck"));
    let patience = Duration::from_secs(20);
    crate::binary::eventually("the letter is on its way", patience, || !server.commands().is_empty());
    server.behave(Manner::Takes);
    let started = Instant::now();
    crate::support::category("Kitchen").create(&shop);
    for _ in 0..20 {
        shop.anonymous().get("/api/v1/products").ok(200);
        shop.anonymous().get("/api/v1/categories?tree=true").ok(200);
    }
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    add(&shop.shop, a_job("passes by"));
    crate::binary::eventually("another letter is sent meanwhile", patience, || server.letters().len() == 1);
    assert!(server.letters()[0].contains("passes by"));
    crate::binary::eventually("it is noted", patience, || count(&shop.shop, JobState::Running) == 1);
    let asked = Instant::now();
    runner.end(Instant::now());
    assert!(asked.elapsed() < Duration::from_secs(5), "the runner waits for the server: {:?}", asked.elapsed());
    let job = the_job(&shop.shop);
    assert_eq!((job.state, job.attempts), (JobState::Waiting, 1));
}

#[test]
fn letter_without_a_server_becomes_a_file_and_old_ones_are_thrown_away() {
    let shop = TestShop::new();
    let day = 86_400_000;
    let now = Ctx::shop().now.millis();
    add_at(&shop.shop, a_job("Your order"), now, now, None).unwrap();
    let (clock, work) = (Clock::at(now), Work::default());
    let work = by(&clock, work);
    assert_eq!(run(&shop, &work).done, 1);
    let files = || std::fs::read_dir(shop.path().join("mail")).unwrap().map(|e| e.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(files().len(), 1);
    assert!(std::fs::read_to_string(&files()[0]).unwrap().contains("Subject: Your order\r\n"));
    clock.set(now + 29 * day);
    assert_eq!(run(&shop, &work).chores, 5);
    assert_eq!(files().len(), 1);
    clock.set(now + 31 * day);
    assert_eq!(run(&shop, &work).chores, 5);
    assert!(files().is_empty());
}

#[test]
fn password_of_mail_is_in_nothing_that_is_printed_of_the_settings() {
    let mut config = nexus::config::Config::default();
    config.mail.smtp_user = "ann".to_owned();
    config.mail.smtp_password = Secret::new("tell nobody");
    let shown = format!("{config:?} {}", serde_json::to_string(&config).unwrap());
    assert!(shown.contains("***") && !shown.contains("tell nobody"), "{shown}");
}
