//! Letters as their readers see them: what is due is sent into the data folder and read there.

use crate::support::{TestShop, wait};
use nexus::jobs::{Ran, Work, run_due};
use std::path::PathBuf;
use std::sync::Arc;

/// A letter that was sent.
#[derive(Clone, Debug)]
pub struct Mail {
    /// To whom.
    pub to: String,
    /// What about.
    pub subject: String,
    /// What it says.
    pub text: String,
}

impl Mail {
    fn read(message: &str) -> Self {
        let (head, text) = message.split_once("\r\n\r\n").expect("a head and a text");
        let header = |name: &str| {
            let line =
                head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {head}"));
            line.trim().to_owned()
        };
        Self { to: header("To:"), subject: header("Subject:"), text: text.replace("\r\n", "\n") }
    }

    /// The one link in it.
    #[track_caller]
    pub fn link(&self) -> &str {
        let links: Vec<&str> = self.text.split_whitespace().filter(|word| word.contains("://")).collect();
        assert_eq!(links.len(), 1, "{self:?}");
        links[0]
    }

    /// The token in it, which stands in the link and below it.
    #[track_caller]
    pub fn token(&self) -> String {
        let token = self.link().split_once("#token=").unwrap_or_else(|| panic!("{self:?}")).1;
        assert_eq!(self.text.matches(token).count(), 2, "{self:?}");
        token.to_owned()
    }
}

/// Sends what is due, and nothing else of what the shop does by itself.
pub fn deliver(shop: &TestShop) -> Ran {
    wait(run_due(shop.shop.clone(), Work { chores: Arc::new([]), ..Work::default() })).expect("jobs run")
}

fn files(shop: &TestShop) -> Vec<PathBuf> {
    let mut found: Vec<_> =
        std::fs::read_dir(shop.path().join("mail")).expect("letters").map(|e| e.expect("a letter").path()).collect();
    found.sort();
    found
}

/// Sends what is due and takes the letters out of the folder, those that were sent before included.
pub fn post(shop: &TestShop) -> Vec<Mail> {
    let ran = deliver(shop);
    assert_eq!((ran.retried, ran.dead), (0, 0), "{ran:?}");
    let take = |path: PathBuf| {
        let message = std::fs::read_to_string(&path).expect("a letter");
        std::fs::remove_file(&path).expect("a letter");
        Mail::read(&message)
    };
    files(shop).into_iter().map(take).collect()
}

/// Sends what is due and gives the one letter there then is.
#[track_caller]
pub fn the_letter(shop: &TestShop) -> Mail {
    let mut letters = post(shop);
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}
