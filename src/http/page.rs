//! Cursors: positions in a list, sealed so that nobody can make one up or use it with another list.

use super::problem::Problem;
use crate::domain::Direction;
use hmac::{Hmac, Mac};
use serde::{Serialize, de::DeserializeOwned};
use sha2::Sha256;

/// Bytes of the seal: enough that guessing one is hopeless.
const SEAL: usize = 12;

/// The secret that seals cursors.
#[derive(Clone)]
pub struct CursorKey(Hmac<Sha256>);

impl CursorKey {
    /// A key from a secret of the data folder, so that cursors survive a restart.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(Mac::new_from_slice(secret).expect("HMAC takes keys of any length"))
    }

    /// Seals a position in a list; `list` says which list it is: filter and ordering.
    pub fn seal<P: Serialize>(&self, list: &str, position: &P, direction: Direction) -> String {
        let payload = serde_json::to_vec(&(position, direction)).unwrap_or_default();
        let mut sealed = self.sign(list, &payload).to_vec();
        sealed.extend(payload);
        encode(&sealed)
    }

    /// Opens a cursor of this list.
    pub fn open<P: DeserializeOwned>(&self, list: &str, cursor: &str) -> Result<(P, Direction), Problem> {
        let wrong = || {
            Problem::new(
                400,
                "bad-cursor",
                "This cursor leads nowhere",
                "use next and previous as they were given, with the same filters and ordering",
            )
        };
        let sealed = decode(cursor).filter(|bytes| bytes.len() > SEAL).ok_or_else(wrong)?;
        let (seal, payload) = sealed.split_at(SEAL);
        let good = subtle::ConstantTimeEq::ct_eq(seal, &self.sign(list, payload)[..]);
        if !bool::from(good) {
            return Err(wrong());
        }
        serde_json::from_slice(payload).map_err(|_| wrong())
    }

    fn sign(&self, list: &str, payload: &[u8]) -> [u8; SEAL] {
        let mut mac = self.0.clone();
        mac.update(&(list.len() as u64).to_be_bytes());
        mac.update(list.as_bytes());
        mac.update(payload);
        let full = mac.finalize().into_bytes();
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&full[..SEAL]);
        seal
    }
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_opens_only_as_given_and_only_its_own_list() {
        let key = CursorKey::new(&[7; 32]);
        let cursor = key.seal("price", &42_i64, Direction::Next);
        assert_eq!(key.open::<i64>("price", &cursor).unwrap(), (42, Direction::Next));
        assert!(key.open::<i64>("-price", &cursor).is_err());
        assert!(CursorKey::new(&[8; 32]).open::<i64>("price", &cursor).is_err());
        for position in 0..cursor.len() {
            let mut bytes = cursor.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(changed == cursor || key.open::<i64>("price", &changed).is_err(), "{changed}");
        }
    }
}
