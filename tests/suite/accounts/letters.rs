//! Letters about accounts: to whom, about what, with which link; and that nothing in them is found elsewhere.

use super::mailbox::{Mail, deliver, post, the_letter};
use super::traces::{columns_with, files_with, rows};
use crate::binary::{Place, STAFF, Server, eventually, free_port, request};
use crate::support::{PASSWORD, Requests, TestShop, email, wait};
use nexus::config::SmtpSecurity;
use nexus::domain::{JobState, Role};
use nexus::services::Ctx;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

fn shop() -> TestShop {
    TestShop::with(|config| {
        config.shop.name = "Corner".to_owned();
        config.shop.url = "https://shop.example.test/".to_owned();
    })
}

fn post_to(shop: &TestShop, path: &str, body: &Value) -> u16 {
    shop.anonymous().post(&format!("/api/v1/auth/{path}"), body).status
}

fn forgot(shop: &TestShop, email: &str) {
    assert_eq!(post_to(shop, "password/forgot", &json!({ "email": email })), 204);
}

fn resend(shop: &TestShop, email: &str) {
    assert_eq!(post_to(shop, "verify/resend", &json!({ "email": email })), 204);
}

fn register(shop: &TestShop, email: &str) {
    assert_eq!(post_to(shop, "register", &json!({ "email": email, "password": PASSWORD })), 201);
}

/// Holds a letter to its reader, its subject, and the page its link leads to, when it has one.
#[track_caller]
fn is(mail: &Mail, to: &str, subject: &str, page: Option<&str>) {
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), (to, subject), "{mail:?}");
    match page {
        Some(page) => {
            let token = mail.token();
            assert_eq!(mail.link(), format!("https://shop.example.test/{page}#token={token}"), "{mail:?}");
            assert!(mail.text.contains(&format!("code: {token}\n")), "{mail:?}");
        }
        None => assert!(!mail.text.contains("token") && !mail.text.contains("://"), "{mail:?}"),
    }
}

#[test]
fn letter_of_each_occasion_goes_to_whom_it_concerns_and_says_what_it_is_about() {
    let shop = shop();
    let confirm = "Please confirm your e-mail address for Corner";
    register(&shop, "ann@example.test");
    is(&the_letter(&shop), "ann@example.test", confirm, Some("verify-email"));
    register(&shop, "Ann@Example.test");
    is(&the_letter(&shop), "Ann@Example.test", "You already have an account at Corner", None);
    resend(&shop, "ANN@example.test");
    is(&the_letter(&shop), "ann@example.test", confirm, Some("verify-email"));
    shop.admin().post("/api/v1/users", &json!({ "email": "bo@example.test" })).ok(201);
    let invitation = the_letter(&shop);
    is(&invitation, "bo@example.test", "Your account at Corner", Some("reset-password"));
    assert!(invitation.text.contains("within 7 days,"), "{invitation:?}");
    forgot(&shop, "CUSTOMER@example.test");
    let forgotten = the_letter(&shop);
    is(&forgotten, &email(Role::Customer), "A new password for Corner", Some("reset-password"));
    assert!(forgotten.text.contains("within 1 hour,"), "{forgotten:?}");
    let reset = json!({ "token": forgotten.token(), "password": "a quiet harbour" });
    assert_eq!(post_to(&shop, "password/reset", &reset), 204);
    is(&the_letter(&shop), &email(Role::Customer), "Your password for Corner was changed", None);
    let change = json!({ "current_password": PASSWORD, "new_password": "a quiet harbour" });
    shop.staff().post("/api/v1/auth/password", &change).ok(200);
    is(&the_letter(&shop), &email(Role::Staff), "Your password for Corner was changed", None);
    let want = |address: &str| {
        let body = json!({ "email": address, "current_password": PASSWORD });
        shop.other_customer().patch("/api/v1/me", &body).ok(200);
    };
    want("new@example.test");
    is(&the_letter(&shop), "new@example.test", confirm, Some("verify-email"));
    want("Bo@example.test");
    is(&the_letter(&shop), "Bo@example.test", "You already have an account at Corner", None);
    assert!(post(&shop).is_empty());
}

#[test]
fn letter_asked_for_twice_before_it_is_sent_is_sent_once() {
    let shop = shop();
    for address in ["customer@example.test", "Customer@EXAMPLE.test", " customer@example.test"] {
        forgot(&shop, address);
        resend(&shop, address);
        let body = json!({ "email": "new@example.test", "current_password": PASSWORD });
        shop.other_customer().patch("/api/v1/me", &body).ok(200);
    }
    let mut letters: Vec<(String, String)> = post(&shop).into_iter().map(|mail| (mail.to, mail.subject)).collect();
    letters.sort();
    let expected = [
        ("customer@example.test", "A new password for Corner"),
        ("customer@example.test", "Please confirm your e-mail address for Corner"),
        ("new@example.test", "Please confirm your e-mail address for Corner"),
    ];
    assert_eq!(letters, expected.map(|(to, subject)| (to.to_owned(), subject.to_owned())));
    forgot(&shop, "customer@example.test");
    the_letter(&shop).token();
}

#[test]
fn letter_about_another_address_goes_to_the_one_wanted_last() {
    let shop = shop();
    for address in ["first@example.test", "second@example.test"] {
        let body = json!({ "email": address, "current_password": PASSWORD });
        shop.customer().patch("/api/v1/me", &body).ok(200);
    }
    let letters = post(&shop);
    assert!(letters.iter().all(|mail| mail.to == "second@example.test"), "{letters:?}");
    let good = letters.iter().filter(|mail| post_to(&shop, "verify", &json!({ "token": mail.token() })) == 204).count();
    assert_eq!(good, 1);
    assert_eq!(shop.admin().get("/api/v1/users/1").ok(200)["email"], "second@example.test");
}

#[test]
fn letter_to_nobody_is_not_sent_and_is_no_failure() {
    let shop = shop();
    // Somebody unknown, deactivated, erased; somebody whose address is proven; a decoy's owner is told only once.
    shop.admin().patch("/api/v1/users/1", &json!({ "active": false })).ok(200);
    shop.admin().delete("/api/v1/users/4").empty(204);
    for address in ["nobody@example.test", "customer@example.test", "other@example.test", "1@decoy.test"] {
        forgot(&shop, address);
        resend(&shop, address);
    }
    let ran = deliver(&shop);
    assert_eq!((ran.done, ran.retried, ran.dead), (8, 0, 0), "{ran:?}");
    assert!(post(&shop).is_empty() && rows(&shop, "mail_token").is_empty());
    resend(&shop, &email(Role::Staff));
    assert_eq!(post_to(&shop, "verify", &json!({ "token": the_letter(&shop).token() })), 204);
    resend(&shop, &email(Role::Staff));
    assert!(post(&shop).is_empty(), "proven already");
    // Between asking and sending somebody may have gone.
    forgot(&shop, &email(Role::Staff));
    shop.admin().delete("/api/v1/users/2").empty(204);
    assert!(post(&shop).is_empty());
    for bad in ["", "nobody", "a@b"] {
        assert_eq!(post_to(&shop, "password/forgot", &json!({ "email": bad })), 422);
    }
}

#[test]
fn letter_that_cannot_go_out_waits_and_the_request_does_not_notice() {
    let shop = TestShop::with(|config| {
        config.mail.smtp_host = "127.0.0.1".to_owned();
        config.mail.smtp_port = free_port();
        config.mail.smtp_security = SmtpSecurity::None;
    });
    register(&shop, "ann@example.test");
    forgot(&shop, &email(Role::Customer));
    let ran = deliver(&shop);
    assert_eq!((ran.done, ran.retried, ran.dead), (0, 2, 0), "{ran:?}");
    let jobs = shop.shop.job_list(&Ctx::owner(), Some(JobState::Waiting)).unwrap();
    assert_eq!(jobs.len(), 2);
    for job in jobs {
        let error = job.last_error.clone().unwrap();
        assert!(error.contains("refused") && !error.contains('@') && job.attempts == 1, "{job:?}");
        // At each attempt it is written anew, with a token of its own.
        let before = rows(&shop, "mail_token");
        wait(shop.shop.job_retry(&Ctx::owner(), job.id)).unwrap();
        assert_eq!(deliver(&shop).retried, 1);
        let after = rows(&shop, "mail_token");
        assert_eq!((before.len(), after.len()), (2, 2), "the one before no longer counts");
        assert_ne!(before, after);
    }
    // Asked again meanwhile, it is not sent twice later.
    forgot(&shop, &email(Role::Customer));
    assert_eq!(rows(&shop, "job").len(), 2);
}

#[test]
fn token_of_a_letter_stands_in_no_table_and_in_no_file_but_the_letter() {
    let shop = shop();
    register(&shop, "ann@example.test");
    forgot(&shop, &email(Role::Customer));
    shop.admin().post("/api/v1/users", &json!({ "email": "bo@example.test" })).ok(201);
    let tokens: Vec<String> = post(&shop).iter().map(Mail::token).collect();
    assert_eq!((tokens.len(), rows(&shop, "mail_token").len()), (3, 3));
    for token in &tokens {
        assert_eq!(columns_with(&shop, token), [""; 0]);
    }
    shop.shop.close();
    for token in &tokens {
        let files = files_with(&shop, token);
        assert!(files.is_empty(), "{files:?}");
    }
}

/// The letters in the data folder of a running shop, once there are so many.
fn letters(place: &Place, count: usize) -> Vec<String> {
    let folder = place.data().join("mail");
    let files = || std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let whole = |text: &String| text.contains("\r\n\r\n") && text.ends_with('\n');
    let read =
        || files().iter().filter_map(|path| std::fs::read_to_string(path).ok()).filter(whole).collect::<Vec<_>>();
    eventually("the letters are written", Duration::from_secs(30), || read().len() == count);
    read()
}

#[test]
fn log_of_the_program_at_its_most_talkative_holds_no_token_password_or_address() {
    let place = Place::with_staff();
    let server = Server::start_with(&place, &[], |command| {
        command.env("NEXUS_LOG_LEVEL", "trace");
    });
    let send = |path: &str, token: Option<&str>, body: &Value| {
        request(server.port, "POST", &format!("/api/v1/auth/{path}"), token, Some(body)).unwrap()
    };
    let ann = json!({ "email": "ann@letters.test", "password": "two heads better", "name": "Ann Betelgeuse" });
    let opened = send("register", None, &ann).json();
    assert_eq!(send("password/forgot", None, &json!({ "email": STAFF })).status, 204);
    let letters = letters(&place, 2);
    let found = |text: &String| text.split("#token=").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    let mut secrets: Vec<String> = letters.iter().map(found).collect();
    for token in secrets.clone() {
        send("verify", None, &json!({ "token": token }));
    }
    send("login", None, &json!({ "email": "ann@letters.test", "password": "three heads worse" }));
    send("refresh", None, &json!({ "refresh": opened["refresh"] }));
    send("logout-all", opened["access"].as_str(), &json!({}));
    server.ask_to_stop();
    let beside = place.data().parent().unwrap().to_owned();
    assert_eq!(server.wait().code(), Some(0));
    let logs: Vec<PathBuf> =
        std::fs::read_dir(beside).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file()).collect();
    let log: String = logs.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(log.contains("written to mail/") && log.contains("/api/v1/auth/verify"), "{log}");
    for field in ["access", "refresh"] {
        secrets.push(opened[field].as_str().unwrap().to_owned());
    }
    secrets.extend(["two heads", "three heads", "Betelgeuse", "ann@letters", STAFF].map(str::to_owned));
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret:?} is in {log}");
    }
}
