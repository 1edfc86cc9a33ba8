//! The keys of a shop in a backup, encrypted with a passphrase.
//!
//! A line of JSON that says how, then the bytes: the key is drawn from the passphrase by Argon2id, which makes each
//! guess slow, and ChaCha20-Poly1305 tells a wrong passphrase or a changed byte from the right one. The line is
//! authenticated too.

use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where it stands in an archive.
pub const SEALED: &str = "secrets.sealed";

/// What a guess costs: 64 MiB and about a fifth of a second.
const MEMORY_KIB: u32 = 64 * 1024;
const ROUNDS: u32 = 3;
/// The most that reading may cost, whatever the file says.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_ROUNDS: u32 = 16;

/// The shortest passphrase that is taken.
const SHORTEST: usize = 12;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct How {
    kdf: String,
    memory_kib: u32,
    rounds: u32,
    salt: [u8; 16],
    cipher: String,
    nonce: [u8; 12],
}

const KDF: &str = "argon2id";
const CIPHER: &str = "chacha20-poly1305";

/// Names and contents of the files.
pub type Secrets = BTreeMap<String, Vec<u8>>;

/// Why a passphrase is not taken.
pub fn weak(passphrase: &str) -> Option<String> {
    let short = passphrase.chars().count() < SHORTEST;
    short.then(|| format!("the passphrase must be at least {SHORTEST} characters long"))
}

/// Encrypts the keys.
pub fn seal(secrets: &Secrets, passphrase: &str) -> Result<Vec<u8>, String> {
    let how = How {
        kdf: KDF.to_owned(),
        memory_kib: MEMORY_KIB,
        rounds: ROUNDS,
        salt: crate::clock::random_bytes(),
        cipher: CIPHER.to_owned(),
        nonce: crate::clock::random_bytes(),
    };
    let head = serde_json::to_vec(&how).map_err(|e| e.to_string())?;
    let mut text = serde_json::to_vec(secrets).map_err(|e| e.to_string())?;
    let nonce = Nonce::assume_unique_for_key(how.nonce);
    let sealed = key(&how, passphrase)?.seal_in_place_append_tag(nonce, Aad::from(&head), &mut text);
    sealed.map_err(|_| "the keys could not be encrypted".to_owned())?;
    Ok([&head[..], b"\n", &text].concat())
}

/// Decrypts them again.
pub fn open(sealed: &[u8], passphrase: &str) -> Result<Secrets, String> {
    let unreadable = || format!("{SEALED} is not as this version of Nexus writes it");
    let at = sealed.iter().position(|b| *b == b'\n').ok_or_else(unreadable)?;
    let (head, rest) = (&sealed[..at], &sealed[at + 1..]);
    let how: How = serde_json::from_slice(head).map_err(|_| unreadable())?;
    if how.kdf != KDF || how.cipher != CIPHER || how.memory_kib > MOST_MEMORY_KIB || how.rounds > MOST_ROUNDS {
        return Err(unreadable());
    }
    let (nonce, mut text) = (Nonce::assume_unique_for_key(how.nonce), rest.to_vec());
    let key = key(&how, passphrase)?;
    let opened = key.open_in_place(nonce, Aad::from(head), &mut text);
    let opened =
        opened.map_err(|_| "that is not the passphrase of this backup, or its keys were changed".to_owned())?;
    let secrets: Secrets = serde_json::from_slice(opened).map_err(|_| unreadable())?;
    let is_plain = |name: &String| !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    if secrets.keys().all(is_plain) { Ok(secrets) } else { Err(unreadable()) }
}

fn key(how: &How, passphrase: &str) -> Result<LessSafeKey, String> {
    let params = Params::new(how.memory_kib, how.rounds, 1, Some(32)).map_err(|e| e.to_string())?;
    let mut bytes = [0; 32];
    let drawn = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    drawn.hash_password_into(passphrase.as_bytes(), &how.salt, &mut bytes).map_err(|e| e.to_string())?;
    let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| "the key could not be made".to_owned())?;
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_the_passphrase_and_with_nothing_else() {
        let secrets = Secrets::from([("token.key".to_owned(), vec![7; 32]), ("audit.key".to_owned(), vec![8; 32])]);
        let sealed = seal(&secrets, "a long walk by the canal").unwrap();
        assert_eq!(open(&sealed, "a long walk by the canal").unwrap(), secrets);
        assert!(!sealed.windows(9).any(|w| w == b"token.key" || w == b"audit.key"));
        assert!(open(&sealed, "a long walk by the Canal").unwrap_err().contains("passphrase"));
        let line = sealed.iter().position(|b| *b == b'\n').unwrap();
        for at in [line - 3, line + 1, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&changed, "a long walk by the canal").is_err(), "byte {at}");
        }
        for bad in [&b""[..], b"\n", b"{}\nabc"] {
            assert!(open(bad, "x").is_err());
        }
        let costly = String::from_utf8_lossy(&sealed[..line]).replace("65536", "99999999");
        assert!(open(&[costly.as_bytes(), &sealed[line..]].concat(), "x").unwrap_err().contains("not as this version"));
        assert!(weak("short").is_some() && weak("a long walk by the canal").is_none());
    }
}
