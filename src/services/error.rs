//! Why a use case did not happen, told apart by what the caller can do about it.

use crate::counters::Ration;
use crate::domain::{FieldError, Invalid, Slug};
use crate::store::StoreError;
use std::fmt;

/// Everybody who writes meanwhile is told, and the log once a minute.
static UNAVAILABLE: Ration = Ration::new(1, 60);

/// The reason.
#[derive(Clone, Debug)]
pub enum Error {
    /// There is no such thing, or the caller may not know of it.
    NotFound(&'static str),
    /// The thing has another slug now.
    Moved(Slug),
    /// The input breaks rules.
    Invalid(Invalid),
    /// The input is fine but does not go with what is there: a stable code, a sentence, and the fields at fault.
    Conflict(&'static str, String, Vec<FieldError>),
    /// An idempotency key that was sent before with another request.
    KeyReused,
    /// The caller changed a state that is no longer the current one.
    Stale,
    /// Nobody is signed in.
    Unauthenticated,
    /// Wrong e-mail address or password.
    BadCredentials,
    /// Not the password of whoever is signed in.
    WrongPassword,
    /// A discount code that there is not.
    UnknownCode,
    /// A refresh token that is unknown, spent or run out.
    BadRefresh,
    /// Signed in, but not allowed.
    Forbidden,
    /// A client that has left so many orders unpaid.
    TooManyUnpaid(u32),
    /// A payment provider gave no answer.
    NoProvider,
    /// Too much going on: try again shortly.
    Busy,
    /// The question took too long to answer.
    Timeout,
    /// No room on the disk: reads work, writes do not.
    DiskFull,
    /// The disk failed while writing: whether it happened is unknown.
    Unavailable,
    /// A defect; the text is for the log only.
    Internal(String),
}

/// What a use case gives.
pub type Outcome<T> = Result<T, Error>;

impl Error {
    /// A conflict at one field.
    pub fn taken(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let error = FieldError { field: field.to_owned(), code: "taken", message: message.clone() };
        Self::Conflict("taken", format!("{field} {message}"), vec![error])
    }
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(what) if what.contains("variant.sku") => Self::taken("sku", "is another variant's"),
            StoreError::Conflict(what) if what.contains(".slug") => Self::taken("slug", "is another one's"),
            StoreError::Conflict(what) if what.contains("account.email_key") => {
                Self::taken("email", "has an account already")
            }
            StoreError::Conflict(what) if what.contains("payment.reference") => {
                Self::taken("reference", "is another payment's")
            }
            StoreError::Conflict(what) if what.contains("FOREIGN KEY") => {
                Self::Conflict("in_use", "something else refers to it".to_owned(), Vec::new())
            }
            StoreError::Busy => Self::Busy,
            StoreError::Timeout => Self::Timeout,
            StoreError::Full => Self::DiskFull,
            StoreError::Unavailable(why) => {
                let second = crate::clock::now().millis().unsigned_abs() / 1_000;
                if let Some(withheld) = UNAVAILABLE.may_tell(second) {
                    let withheld = (withheld > 0).then_some(withheld);
                    tracing::error!(%why, withheld, "the store is unavailable");
                }
                Self::Unavailable
            }
            StoreError::Conflict(why) | StoreError::Internal(why) => Self::Internal(why),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(what) => write!(f, "there is no such {what}"),
            Self::Moved(slug) => write!(f, "it is called {slug} now"),
            Self::Invalid(invalid) => f.write_str(&invalid.summary()),
            Self::Conflict(_, detail, _) => f.write_str(detail),
            Self::KeyReused => {
                f.write_str("this Idempotency-Key was sent before with another request: use a new one for this")
            }
            Self::Stale => f.write_str("it has changed since you read it"),
            Self::Unauthenticated => f.write_str("sign in first"),
            Self::BadCredentials => f.write_str("e-mail address or password is wrong"),
            Self::WrongPassword => f.write_str("that is not your password"),
            Self::UnknownCode => f.write_str("there is no such discount code; check its spelling"),
            Self::BadRefresh => f.write_str("the refresh token is not valid or no longer so: sign in again"),
            Self::Forbidden => f.write_str("you are not allowed to do this"),
            Self::TooManyUnpaid(most) => write!(
                f,
                "{most} orders from here are not paid yet: pay or cancel one of them, or wait until they run out"
            ),
            Self::NoProvider => f.write_str(
                "the payment provider gave no answer: send the same request with the same Idempotency-Key again",
            ),
            Self::Busy => f.write_str("too much is going on, try again shortly"),
            Self::Timeout => f.write_str("it took too long; ask for less"),
            Self::DiskFull => f.write_str("the disk is full"),
            Self::Unavailable => f.write_str("the disk failed; whether the write happened is unknown"),
            Self::Internal(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Error {}
