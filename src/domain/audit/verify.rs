//! Walks the chain entry by entry and says what is wrong where it breaks first.

use super::AuditRecord;
use super::chain::{AuditChain, AuditHead, Digest};
use crate::domain::hex;
use std::fmt;

/// A log that is as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditSound {
    /// How many entries it has, and the hash of the last: worth noting elsewhere.
    pub head: AuditHead,
}

/// The first place where the log is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditBreak {
    /// The number of the entry.
    pub entry: i64,
    /// What is wrong.
    pub fault: AuditFault,
}

/// What can be wrong with the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditFault {
    /// Its content is not what was hashed.
    Edited,
    /// It is not there, though later ones are.
    Missing,
    /// It is genuine, but does not follow the entry before it.
    OutOfOrder,
    /// It and all later ones are not there.
    CutOff,
    /// The head is not there.
    HeadMissing,
    /// The head is not one that the shop wrote, or not the newest.
    HeadEdited,
    /// No entry has the hash that was noted elsewhere.
    NotNoted,
}

impl AuditFault {
    /// Its name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Missing => "missing",
            Self::OutOfOrder => "out_of_order",
            Self::CutOff => "cut_off",
            Self::HeadMissing => "head_missing",
            Self::HeadEdited => "head_edited",
            Self::NotNoted => "not_noted",
        }
    }
}

impl fmt::Display for AuditBreak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = self.entry;
        match self.fault {
            AuditFault::Edited => {
                write!(f, "entry {entry} was edited, or written by somebody without secrets/audit.key of this shop")
            }
            AuditFault::Missing => write!(f, "entry {entry} is missing"),
            AuditFault::OutOfOrder => {
                write!(f, "entry {entry} is out of order: it was not written after the one before it")
            }
            AuditFault::CutOff => write!(f, "entry {entry} and all after it are missing: the log was cut off"),
            AuditFault::HeadMissing => write!(
                f,
                "the head, which says where the log ends, is missing behind entry {entry}; where the database is \
                 meant to be older than the log, remove secrets/audit.key to begin a new one"
            ),
            AuditFault::HeadEdited => {
                write!(
                    f,
                    "the head, which says where the log ends, was edited; entry {entry} is the last that is sound"
                )
            }
            AuditFault::NotNoted => {
                write!(f, "none of the {entry} entries has the hash that was noted: the log was cut off before")
            }
        }
    }
}

/// Takes the entries in order.
pub struct AuditVerifier<'k> {
    chain: &'k AuditChain,
    reached: AuditHead,
    noted: Option<Digest>,
}

impl<'k> AuditVerifier<'k> {
    /// For the log of a chain; `noted` is a hash that was noted earlier and must be in it.
    pub fn new(chain: &'k AuditChain, noted: Option<Digest>) -> Self {
        let noted = noted.filter(|hash| *hash != AuditHead::EMPTY.hash);
        Self { chain, reached: AuditHead::EMPTY, noted }
    }

    /// How many entries were sound so far.
    pub fn count(&self) -> i64 {
        self.reached.count
    }

    /// What is wrong with the entry that should come next.
    pub fn broken(&self, fault: AuditFault) -> AuditBreak {
        AuditBreak { entry: self.reached.count + 1, fault }
    }

    /// Takes the next entry.
    pub fn take(&mut self, record: &AuditRecord) -> Result<(), AuditBreak> {
        if record.id.get() != self.reached.count + 1 {
            let before_the_first = record.id.get() <= self.reached.count;
            return Err(self.broken(if before_the_first { AuditFault::OutOfOrder } else { AuditFault::Missing }));
        }
        let hash = self.chain.link(&record.previous, &record.entry);
        if hash[..] != record.hash {
            return Err(self.broken(AuditFault::Edited));
        }
        if self.reached.hash[..] != record.previous {
            return Err(self.broken(AuditFault::OutOfOrder));
        }
        self.reached = AuditHead { count: self.reached.count + 1, hash };
        self.noted = self.noted.filter(|noted| *noted != hash);
        Ok(())
    }

    /// Compares what was taken with the head and its seal.
    pub fn end(self, head: Option<(AuditHead, Digest)>) -> Result<AuditSound, AuditBreak> {
        let last = self.reached.count;
        let Some((head, seal)) = head else {
            return Err(AuditBreak { entry: last, fault: AuditFault::HeadMissing });
        };
        if self.chain.seal(&head) != seal {
            return Err(AuditBreak { entry: last, fault: AuditFault::HeadEdited });
        }
        if head.count > last {
            return Err(self.broken(AuditFault::CutOff));
        }
        if head != self.reached {
            return Err(AuditBreak { entry: head.count, fault: AuditFault::HeadEdited });
        }
        match self.noted {
            Some(_) => Err(AuditBreak { entry: last, fault: AuditFault::NotNoted }),
            None => Ok(AuditSound { head }),
        }
    }
}

impl AuditSound {
    /// The hash to note elsewhere.
    pub fn hash(&self) -> String {
        hex(&self.head.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::AuditEntry;
    use crate::domain::{AuditId, Timestamp};

    fn chain() -> AuditChain {
        AuditChain::new(&[7; 32])
    }

    fn log(count: i64) -> (Vec<AuditRecord>, AuditHead) {
        let (mut records, mut head) = (Vec::new(), AuditHead::EMPTY);
        for id in 1..=count {
            let entry = AuditEntry {
                at: Timestamp::from_millis(id),
                actor_kind: "owner".into(),
                actor_id: None,
                actor_role: None,
                action: "product.update".into(),
                subject_kind: None,
                subject_id: None,
                detail: "{}".to_owned(),
                client: None,
                request_id: None,
            };
            let (previous, hash) = (head.hash, chain().link(&head.hash, &entry));
            records.push(AuditRecord { id: AuditId::new(id), entry, previous: previous.to_vec(), hash: hash.to_vec() });
            head = AuditHead { count: id, hash };
        }
        (records, head)
    }

    fn verify(
        records: &[AuditRecord],
        head: Option<AuditHead>,
        noted: Option<Digest>,
    ) -> Result<i64, (i64, AuditFault)> {
        let chain = chain();
        let mut verifier = AuditVerifier::new(&chain, noted);
        let outcome = records.iter().try_for_each(|record| verifier.take(record));
        let outcome = outcome.and_then(|()| verifier.end(head.map(|head| (head, chain.seal(&head)))));
        outcome.map(|sound| sound.head.count).map_err(|b| (b.entry, b.fault))
    }

    #[test]
    fn whole_log_is_sound_and_holds_every_head_it_ever_had() {
        let (records, head) = log(5);
        assert_eq!(verify(&records, Some(head), None), Ok(5));
        assert_eq!(verify(&[], Some(AuditHead::EMPTY), Some(AuditHead::EMPTY.hash)), Ok(0));
        for record in &records {
            assert_eq!(verify(&records, Some(head), record.hash.clone().try_into().ok()), Ok(5));
        }
        assert_eq!(verify(&records, Some(head), Some([9; 32])), Err((5, AuditFault::NotNoted)));
    }

    #[test]
    fn each_kind_of_damage_is_named_with_its_entry() {
        let (records, head) = log(5);
        for gone in [0, 2] {
            let mut rest = records.clone();
            rest.remove(gone);
            assert_eq!(verify(&rest, Some(head), None), Err((gone as i64 + 1, AuditFault::Missing)));
        }
        assert_eq!(verify(&records[..4], Some(head), None), Err((5, AuditFault::CutOff)));
        assert_eq!(verify(&[], Some(head), None), Err((1, AuditFault::CutOff)));
        let mut swapped = records.clone();
        swapped.swap(1, 2);
        (swapped[1].id, swapped[2].id) = (AuditId::new(2), AuditId::new(3));
        assert_eq!(verify(&swapped, Some(head), None), Err((2, AuditFault::OutOfOrder)));
        let mut edited = records.clone();
        edited[3].entry.detail = r#"{"a":1}"#.to_owned();
        assert_eq!(verify(&edited, Some(head), None), Err((4, AuditFault::Edited)));
        assert_eq!(verify(&records, None, None), Err((5, AuditFault::HeadMissing)));
        // A head that was genuine once.
        let (_, old) = log(3);
        assert_eq!(verify(&records, Some(old), None), Err((3, AuditFault::HeadEdited)));
        assert_eq!(verify(&records[..3], Some(old), head.hash.into()), Err((3, AuditFault::NotNoted)));
    }
}
