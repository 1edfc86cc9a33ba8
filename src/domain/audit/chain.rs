//! The chain: a keyed hash over each entry and the hash before it, and the seal of the head.
//!
//! Keyed (HMAC-SHA256), so that whoever can write the database but not read the key cannot compute the hashes of
//! entries they made up. It computes and nothing else; the key comes from the data folder.

use super::AuditEntry;
use crate::domain::bytes_of_hex;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// A hash of the chain.
pub type Digest = [u8; 32];

/// What stands before the first entry.
const START: Digest = [0; 32];

/// Computes the hashes of one shop's chain.
#[derive(Clone)]
pub struct AuditChain(Hmac<Sha256>);

/// The end of the chain: how many entries there are, and the hash of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// The number of the last entry; 0 when there is none.
    pub count: i64,
    /// Its hash.
    pub hash: Digest,
}

impl AuditHead {
    /// The head of an empty log.
    pub const EMPTY: Self = Self { count: 0, hash: START };
}

impl AuditChain {
    /// A chain under a key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Mac::new_from_slice(key).expect("HMAC takes keys of any length"))
    }

    /// The hash of an entry that follows another. Its number needs no place in it: the chain has one order only.
    pub fn link(&self, previous: &[u8], entry: &AuditEntry) -> Digest {
        let mut mac = self.0.clone();
        mac.update(b"nexus audit entry 1");
        put(&mut mac, Some(previous));
        put(&mut mac, Some(&entry.at.millis().to_be_bytes()));
        put(&mut mac, Some(entry.actor_kind.as_bytes()));
        put(&mut mac, entry.actor_id.map(i64::to_be_bytes).as_ref().map(|id| &id[..]));
        put(&mut mac, entry.actor_role.as_deref().map(str::as_bytes));
        put(&mut mac, Some(entry.action.as_bytes()));
        put(&mut mac, entry.subject_kind.as_deref().map(str::as_bytes));
        put(&mut mac, entry.subject_id.as_deref().map(str::as_bytes));
        put(&mut mac, Some(entry.detail.as_bytes()));
        put(&mut mac, entry.client.as_deref().map(str::as_bytes));
        put(&mut mac, entry.request_id.as_deref().map(str::as_bytes));
        mac.finalize().into_bytes().into()
    }

    /// The seal of a head, which nobody without the key can make for a shorter log.
    pub fn seal(&self, head: &AuditHead) -> Digest {
        let mut mac = self.0.clone();
        mac.update(b"nexus audit head 1");
        put(&mut mac, Some(&head.count.to_be_bytes()));
        put(&mut mac, Some(&head.hash));
        mac.finalize().into_bytes().into()
    }
}

/// Feeds a field with its length, and nothing apart from an empty text, so that no two entries look the same.
fn put(mac: &mut Hmac<Sha256>, field: Option<&[u8]>) {
    match field {
        None => mac.update(&[0]),
        Some(bytes) => {
            mac.update(&[1]);
            mac.update(&(bytes.len() as u64).to_be_bytes());
            mac.update(bytes);
        }
    }
}

/// Reads 64 hexadecimal digits.
pub fn digest_of_hex(text: &str) -> Option<Digest> {
    bytes_of_hex(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Timestamp, hex};

    fn entry() -> AuditEntry {
        AuditEntry {
            at: Timestamp::from_millis(1_700_000_000_000),
            actor_kind: "user".into(),
            actor_id: Some(7),
            actor_role: Some("staff".into()),
            action: "product.update".into(),
            subject_kind: Some("product".into()),
            subject_id: Some("12".to_owned()),
            detail: r#"{"fields":["price"]}"#.to_owned(),
            client: Some("127.0.0.1".to_owned()),
            request_id: None,
        }
    }

    #[test]
    fn every_field_the_hash_before_and_the_key_change_the_hash() {
        let chain = AuditChain::new(&[7; 32]);
        let hash = chain.link(&START, &entry());
        assert_eq!(hash, chain.link(&START, &entry()));
        let mut all = vec![hash, chain.link(&[1; 32], &entry()), AuditChain::new(&[8; 32]).link(&START, &entry())];
        let changes: [fn(&mut AuditEntry); 13] = [
            |e| e.at = Timestamp::from_millis(1),
            |e| e.actor_kind = "api_key".into(),
            |e| e.actor_id = Some(8),
            |e| e.actor_id = None,
            |e| e.actor_role = None,
            |e| e.action = "product.remove".into(),
            |e| e.subject_kind = None,
            |e| e.subject_id = Some("13".to_owned()),
            |e| e.detail = "{}".to_owned(),
            |e| e.client = None,
            |e| e.client = Some(String::new()),
            |e| e.request_id = Some(String::new()),
            // The same bytes in a row, cut elsewhere.
            |e| (e.subject_kind, e.subject_id) = (Some("product1".into()), Some("2".to_owned())),
        ];
        all.extend(changes.iter().map(|change| {
            let mut other = entry();
            change(&mut other);
            chain.link(&START, &other)
        }));
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "two of them have the same hash");
    }

    #[test]
    fn seal_depends_on_count_hash_and_key() {
        let (chain, head) = (AuditChain::new(&[7; 32]), AuditHead { count: 3, hash: [1; 32] });
        let seal = chain.seal(&head);
        assert_ne!(seal, chain.seal(&AuditHead { count: 2, ..head }));
        assert_ne!(seal, chain.seal(&AuditHead { hash: [2; 32], ..head }));
        assert_ne!(seal, AuditChain::new(&[8; 32]).seal(&head));
    }

    #[test]
    fn hash_is_read_as_it_is_written() {
        let digest: Digest = std::array::from_fn(|n| n as u8 * 7);
        assert_eq!(digest_of_hex(&hex(&digest)), Some(digest));
        assert_eq!(digest_of_hex(&hex(&digest).to_uppercase()), Some(digest));
        for bad in ["", "00", &"g".repeat(64), &"0".repeat(65), &"é".repeat(32)] {
            assert_eq!(digest_of_hex(bad), None, "{bad}");
        }
    }
}
