//! Access tokens: JWTs of one algorithm that live minutes, signed with a key of the data folder.

use crate::domain::{SessionId, Timestamp, UserId, hex};
use crate::services::{Error, Outcome};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What an access token says. Each token has one purpose, named by `typ`; what its holder may do is looked up,
/// never believed.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    typ: String,
    sid: i64,
    iat: i64,
    exp: i64,
}

const ISSUER: &str = "nexus";
const AUDIENCE: &str = "nexus-api";
const ACCESS: &str = "access";
/// Seconds that clocks may differ.
const LEEWAY: i64 = 5;
/// The longest an access token may live, in milliseconds: so long a key counts after it was rotated.
const LONGEST: i64 = 10 * 60 * 1000;

struct Key {
    id: String,
    sign: EncodingKey,
    verify: DecodingKey,
}

impl Key {
    fn new(secret: &[u8; 32]) -> Self {
        // Names the key without telling anything about it.
        let id = Sha256::new().chain_update(b"key id").chain_update(secret).finalize();
        Self { id: hex(&id[..6]), sign: EncodingKey::from_secret(secret), verify: DecodingKey::from_secret(secret) }
    }
}

/// The keys that sign and verify tokens: the current one, and for ten minutes the one before it.
pub struct TokenKeys {
    current: Key,
    previous: Option<(Key, Timestamp)>,
}

impl TokenKeys {
    /// Keys from their secrets; the previous one with the moment it was replaced.
    pub fn new(current: &[u8; 32], previous: Option<([u8; 32], Timestamp)>) -> Self {
        super::hs256::install();
        let previous = previous.map(|(secret, until)| (Key::new(&secret), until));
        Self { current: Key::new(current), previous }
    }

    /// Signs a token for a session.
    pub(super) fn sign(&self, user: UserId, session: SessionId, now: Timestamp, seconds: u64) -> Outcome<String> {
        let issued = now.millis() / 1000;
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: user.to_string(),
            typ: ACCESS.to_owned(),
            sid: session.get(),
            iat: issued,
            exp: issued + i64::try_from(seconds).unwrap_or(600),
        };
        let header = Header { kid: Some(self.current.id.clone()), ..Header::new(Algorithm::HS256) };
        encode(&header, &claims, &self.current.sign)
            .map_err(|e| Error::Internal(format!("signing a token failed: {e}")))
    }

    /// The person and session a token was signed for.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Option<(UserId, SessionId)> {
        let kid = decode_header(token).ok()?.kid;
        let (key, replaced_at) = match (&self.previous, kid.as_deref()) {
            (_, None) => (&self.current, None),
            (_, Some(id)) if id == self.current.id => (&self.current, None),
            (Some((key, at)), Some(id)) if id == key.id => (key, Some(*at)),
            _ => return None,
        };
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.set_issuer(&[ISSUER]);
        rules.set_audience(&[AUDIENCE]);
        rules.leeway = LEEWAY.unsigned_abs();
        let claims = decode::<Claims>(token, &key.verify, &rules).ok()?.claims;
        // A replaced key may be known to somebody: it counts for what it signed before, and not for long.
        let good = replaced_at
            .is_none_or(|at| claims.iat * 1000 <= at.millis() + LEEWAY * 1000 && now.millis() < at.millis() + LONGEST);
        (good && claims.typ == ACCESS && claims.sid > 0)
            .then(|| UserId::parse(&claims.sub).map(|user| (user, SessionId::new(claims.sid))))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes_later(at: Timestamp, minutes: i64) -> Timestamp {
        Timestamp::from_millis(at.millis() + minutes * 60_000)
    }

    #[test]
    fn a_replaced_key_counts_for_what_it_signed_before_and_not_for_long() {
        let now = crate::clock::now();
        let (user, session) = (UserId::new(7), SessionId::new(9));
        let old = TokenKeys::new(&[1; 32], None);
        let before = old.sign(user, session, now, 600).unwrap();
        let rotated = TokenKeys::new(&[2; 32], Some(([1; 32], minutes_later(now, 1))));
        assert_eq!(rotated.verify(&before, now), Some((user, session)));
        assert_eq!(rotated.verify(&before, minutes_later(now, 12)), None, "the key's time is over");
        let after = old.sign(user, session, minutes_later(now, 3), 600).unwrap();
        assert_eq!(rotated.verify(&after, now), None, "signed after it was replaced");
        assert_eq!(TokenKeys::new(&[2; 32], None).verify(&before, now), None, "replaced at once");
        let fresh = rotated.sign(user, session, now, 600).unwrap();
        assert_eq!(rotated.verify(&fresh, now), Some((user, session)));
    }
}
