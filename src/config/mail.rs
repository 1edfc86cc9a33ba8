//! The settings of mail.

use super::secret::Secret;
use crate::domain::Email;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::path::PathBuf;

/// How letters leave the shop.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettings {
    /// Who they come from: `shop@example.com` or `Shop <shop@example.com>`.
    pub from: String,
    /// The mail server; empty means that letters are written into the data folder instead.
    pub smtp_host: String,
    /// Its port; 0 means the usual one.
    pub smtp_port: u16,
    /// How the way there is kept secret.
    pub smtp_security: SmtpSecurity,
    /// The name to sign in with there; empty means not to.
    pub smtp_user: String,
    /// The password.
    pub smtp_password: Secret,
    /// A file that holds the password instead.
    pub smtp_password_file: PathBuf,
    /// Who of the shop is told of what needs a hand, such as stock that runs low; the admins when empty.
    pub staff: Vec<String>,
}

/// How the way to the mail server is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// TLS after STARTTLS, which the server must offer.
    StartTls,
    /// Not at all; only on the way to this machine itself.
    None,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            from: "nexus@localhost".to_owned(),
            smtp_host: String::new(),
            smtp_port: 0,
            smtp_security: SmtpSecurity::StartTls,
            smtp_user: String::new(),
            smtp_password: Secret::default(),
            smtp_password_file: PathBuf::new(),
            staff: Vec::new(),
        }
    }
}

impl MailSettings {
    /// The port of the mail server.
    pub fn port(&self) -> u16 {
        match (self.smtp_port, self.smtp_security) {
            (0, SmtpSecurity::Tls) => 465,
            (0, SmtpSecurity::StartTls) => 587,
            (0, SmtpSecurity::None) => 25,
            (port, _) => port,
        }
    }

    /// Name and password to sign in with, the password from its file when one is set.
    pub fn login(&self) -> Result<Option<(String, Secret)>, String> {
        if self.smtp_user.is_empty() {
            return Ok(None);
        }
        if self.smtp_password_file.as_os_str().is_empty() {
            return Ok(Some((self.smtp_user.clone(), self.smtp_password.clone())));
        }
        let path = self.smtp_password_file.display();
        let text = std::fs::read_to_string(&self.smtp_password_file)
            .map_err(|e| format!("mail.smtp_password_file: cannot read {path}: {e}"))?;
        let password = Secret::new(text.trim_end_matches(['\n', '\r']));
        if password.is_empty() {
            return Err(format!("mail.smtp_password_file: {path} is empty"));
        }
        Ok(Some((self.smtp_user.clone(), password)))
    }

    /// What is wrong with these settings, naming the key.
    pub(super) fn problem(&self) -> Option<String> {
        if self.from.parse::<lettre::message::Mailbox>().is_err() {
            let from = &self.from;
            return Some(format!("mail.from: {from:?} is not an address such as Shop <shop@example.com>"));
        }
        if let Some(bad) = self.staff.iter().find(|address| Email::parse(address).is_none()) {
            return Some(format!("mail.staff: {bad:?} is not an e-mail address"));
        }
        if self.smtp_host.chars().any(|c| c.is_whitespace() || c.is_control() || "/@".contains(c)) {
            return Some("mail.smtp_host: must be a name such as smtp.example.com, without scheme or port".to_owned());
        }
        let (inline, file) = (!self.smtp_password.is_empty(), !self.smtp_password_file.as_os_str().is_empty());
        if inline && file {
            return Some("mail.smtp_password_file: there is a mail.smtp_password too; keep one of them".to_owned());
        }
        if self.smtp_user.is_empty() && (inline || file) {
            return Some("mail.smtp_user: must be set, since there is a password".to_owned());
        }
        if !self.smtp_user.is_empty() && !inline && !file {
            return Some("mail.smtp_password_file: must be set, since there is a mail.smtp_user".to_owned());
        }
        let abroad = !self.smtp_host.is_empty() && !is_this_machine(&self.smtp_host);
        if self.smtp_security == SmtpSecurity::None && abroad {
            return Some(format!(
                "mail.smtp_security: none would send letters to {} for all to read; use tls or starttls",
                self.smtp_host
            ));
        }
        None
    }
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(change: impl FnOnce(&mut MailSettings)) -> String {
        let mut settings = MailSettings::default();
        change(&mut settings);
        settings.problem().unwrap_or_default()
    }

    #[test]
    fn mail_settings_that_cannot_work_are_named() {
        assert_eq!(problem(|_| {}), "");
        assert!(problem(|m| m.from = "shop".into()).starts_with("mail.from"));
        assert!(problem(|m| m.staff = vec!["ann@example.test".into(), "bob".into()]).starts_with("mail.staff"));
        assert!(problem(|m| m.smtp_host = "smtp://x".into()).starts_with("mail.smtp_host"));
        assert!(problem(|m| m.smtp_user = "ann".into()).starts_with("mail.smtp_password_file"));
        assert!(problem(|m| m.smtp_password = Secret::new("x")).starts_with("mail.smtp_user"));
        let both = problem(|m| {
            (m.smtp_user, m.smtp_password) = ("ann".into(), Secret::new("x"));
            m.smtp_password_file = "p".into();
        });
        assert!(both.starts_with("mail.smtp_password_file"), "{both}");
    }

    #[test]
    fn mail_without_encryption_goes_to_this_machine_only() {
        let plain = |host: &str| problem(|m| (m.smtp_host, m.smtp_security) = (host.to_owned(), SmtpSecurity::None));
        for here in ["localhost", "127.0.0.1", "127.8.0.1", "::1"] {
            assert_eq!(plain(here), "", "{here}");
        }
        for abroad in ["smtp.example.com", "10.0.0.1", "0.0.0.0", "localhost.example.com", "127.0.0.1.example.com"] {
            assert!(plain(abroad).starts_with("mail.smtp_security"), "{abroad}");
        }
    }
}
