//! Hands letters to a mail server (SMTP).
//!
//! Each letter has a connection of its own, which is simple and enough for the letters of one shop. What fails before
//! the letter is offered is never the letter's fault: a wrong password or a server that is away is tried again later.

use super::{MailError, Mailer, Sender, message};
use crate::domain::Letter;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{SmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use std::time::Duration;

/// How the way to the server is kept secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// TLS after STARTTLS, which the server must offer.
    StartTls,
    /// Not at all.
    None,
}

/// A mail server and how to sign in there.
pub struct SmtpServer {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is kept secret.
    pub security: Security,
    /// Name and password, if it wants any.
    pub login: Option<(String, String)>,
    /// How long it may take for each answer.
    pub timeout: Duration,
}

/// Hands letters to one server.
pub struct SmtpMailer {
    host: String,
    port: u16,
    security: Security,
    login: Option<Credentials>,
    tls: Option<TlsParameters>,
    from: Sender,
    timeout: Duration,
}

impl SmtpMailer {
    /// Letters from somebody over a server; the reason when the server's name cannot be one.
    pub fn new(server: SmtpServer, from: Sender) -> Result<Self, String> {
        let SmtpServer { host, port, security, login, timeout } = server;
        let tls = match security {
            Security::None => None,
            Security::Tls | Security::StartTls => Some(TlsParameters::new(host.clone()).map_err(|e| e.to_string())?),
        };
        let login = login.map(|(user, password)| Credentials::new(user, password));
        Ok(Self { host, port, security, login, tls, from, timeout })
    }

    /// A connection that is ready to take a letter.
    fn connect(&self) -> Result<SmtpConnection, Error> {
        let name = ClientId::Domain(self.from.0.email.domain().to_owned());
        let at_once = self.tls.as_ref().filter(|_| self.security == Security::Tls);
        let server = (self.host.as_str(), self.port);
        let mut connection = SmtpConnection::connect(server, Some(self.timeout), &name, at_once, None)?;
        if let Some(tls) = self.tls.as_ref().filter(|_| self.security == Security::StartTls) {
            // Fails when the server does not offer it: nothing is ever sent in the clear instead.
            connection.starttls(tls, &name)?;
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login)?;
        }
        Ok(connection)
    }
}

impl Mailer for SmtpMailer {
    fn send(&self, letter: &Letter) -> Result<(), MailError> {
        let message = message(&self.from, letter)?;
        let mut connection = self.connect().map_err(|error| MailError::Temporary(told(&error)))?;
        let sent = connection.send(message.envelope(), &message.formatted());
        connection.abort();
        match sent {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() || error.is_client() => Err(MailError::Permanent(told(&error))),
            Err(error) => Err(MailError::Temporary(told(&error))),
        }
    }
}

/// What went wrong, in one line and without the addresses that servers like to quote.
fn told(error: &Error) -> String {
    let text = error.to_string();
    let words = text.split_whitespace().map(|word| if word.contains('@') { "(address)" } else { word });
    format!("mail server: {}", words.collect::<Vec<_>>().join(" "))
}
