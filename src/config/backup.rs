//! The settings of backups: how often, how long they are kept, and where they go beside this machine.

use super::origin::WebOrigin;
use super::secret::Secret;
use serde::{Deserialize, Serialize};

/// Backups that the shop makes by itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupSettings {
    /// Hours between two of them; 0 means that the shop makes none.
    pub every_hours: u32,
    /// For how many days the newest of the day is kept.
    pub keep_daily: u32,
    /// For how many weeks the newest of the week is kept.
    pub keep_weekly: u32,
    /// Where storage that speaks S3 is reached, such as `https://s3.eu-central-1.amazonaws.com`; empty for none.
    pub s3_endpoint: String,
    /// Its region.
    pub s3_region: String,
    /// The bucket.
    pub s3_bucket: String,
    /// What stands before the name of each backup, such as `shop/`.
    pub s3_prefix: String,
    /// Whether the bucket stands in the path of addresses, and not in the name of the host.
    pub s3_path_style: bool,
    /// The key to sign in with.
    pub s3_access_key: String,
    /// Its secret.
    pub s3_secret_key: Secret,
}

impl Default for BackupSettings {
    fn default() -> Self {
        Self {
            every_hours: 24,
            keep_daily: 7,
            keep_weekly: 4,
            s3_endpoint: String::new(),
            s3_region: "us-east-1".to_owned(),
            s3_bucket: String::new(),
            s3_prefix: String::new(),
            s3_path_style: true,
            s3_access_key: String::new(),
            s3_secret_key: Secret::default(),
        }
    }
}

/// Nine years of hours, days or weeks are meant for something else.
const MOST: u32 = 3_650;

impl BackupSettings {
    /// Whether backups are uploaded.
    pub fn uploads(&self) -> bool {
        !self.s3_endpoint.is_empty()
    }

    /// What is wrong with these settings, naming the key.
    pub(super) fn problem(&self) -> Option<String> {
        let numbers =
            [("every_hours", self.every_hours), ("keep_daily", self.keep_daily), ("keep_weekly", self.keep_weekly)];
        if let Some((name, _)) = numbers.into_iter().find(|(_, number)| *number > MOST) {
            return Some(format!("backup.{name}: must be at most {MOST}"));
        }
        if self.every_hours > 0 && self.keep_daily == 0 {
            return Some("backup.keep_daily: must be at least 1, or each backup would be removed at once".to_owned());
        }
        if !self.uploads() {
            return None;
        }
        match WebOrigin::parse(&self.s3_endpoint) {
            Err(why) => return Some(format!("backup.s3_endpoint: {:?} {why}", self.s3_endpoint)),
            Ok(origin) if origin.as_str().starts_with("http://") && !super::payment::is_loopback(&self.s3_endpoint) => {
                return Some("backup.s3_endpoint: must begin with https://, or backups could be read".to_owned());
            }
            Ok(_) => {}
        }
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
        if self.s3_bucket.is_empty() || !plain(&self.s3_bucket) {
            return Some("backup.s3_bucket: must be the name of a bucket".to_owned());
        }
        if self.s3_region.is_empty() || !plain(&self.s3_region) {
            return Some("backup.s3_region: must be the name of a region such as eu-central-1".to_owned());
        }
        let steps_are_plain = self.s3_prefix.split('/').all(plain);
        if !steps_are_plain || self.s3_prefix.starts_with('/') {
            return Some("backup.s3_prefix: must be plain steps such as shop/backups/".to_owned());
        }
        if self.s3_access_key.is_empty() || self.s3_secret_key.is_empty() {
            return Some("backup.s3_access_key, backup.s3_secret_key: must be set for uploads".to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(change: impl FnOnce(&mut BackupSettings)) -> String {
        let mut settings = BackupSettings {
            s3_endpoint: "https://s3.example.com".to_owned(),
            s3_bucket: "backups".to_owned(),
            s3_access_key: "key".to_owned(),
            s3_secret_key: Secret::new("hidden"),
            ..BackupSettings::default()
        };
        change(&mut settings);
        settings.problem().unwrap_or_default()
    }

    #[test]
    fn settings_that_cannot_work_are_named() {
        assert_eq!(BackupSettings::default().problem(), None);
        assert_eq!(problem(|_| {}), "");
        assert!(problem(|s| s.keep_daily = 0).starts_with("backup.keep_daily"));
        assert_eq!(problem(|s| (s.keep_daily, s.every_hours) = (0, 0)), "");
        assert!(problem(|s| s.every_hours = 9_999).starts_with("backup.every_hours"));
        for bad in ["http://s3.example.com", "s3.example.com", "https://s3.example.com/x"] {
            assert!(problem(|s| bad.clone_into(&mut s.s3_endpoint)).starts_with("backup.s3_endpoint"), "{bad}");
        }
        assert_eq!(problem(|s| "http://127.0.0.1:9000".clone_into(&mut s.s3_endpoint)), "");
        assert!(problem(|s| s.s3_bucket.clear()).starts_with("backup.s3_bucket"));
        for bad in ["/x", "a b", "a?b"] {
            assert!(problem(|s| bad.clone_into(&mut s.s3_prefix)).starts_with("backup.s3_prefix"), "{bad}");
        }
        let why = problem(|s| s.s3_access_key.clear());
        assert!(why.starts_with("backup.s3_access_key") && !why.contains("hidden"), "{why}");
    }
}
