//! Storage that speaks the protocol of Amazon S3, as many do.
//!
//! Each file goes there in one signed request, whose signature is good for an hour; the most that takes is 5 GiB. What
//! is answered is not trusted further than its status and the beginning of what it says.

use super::ObjectStore;
use crate::config::BackupSettings;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use ureq::Agent;

/// How long a signature is good for, and how long an upload may take.
const GOOD_FOR: Duration = Duration::from_secs(3_600);
/// How long the storage may take to be reached and to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest file of one request.
const LARGEST: u64 = 5 * 1024 * 1024 * 1024;

/// A bucket.
pub struct S3 {
    bucket: Bucket,
    credentials: Credentials,
    prefix: String,
    agent: Agent,
}

impl S3 {
    /// The bucket that the settings name.
    pub fn new(settings: &BackupSettings) -> Result<Self, String> {
        let endpoint = settings.s3_endpoint.parse().map_err(|e| format!("backup.s3_endpoint: {e}"))?;
        let style = if settings.s3_path_style { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let bucket = Bucket::new(endpoint, style, settings.s3_bucket.clone(), settings.s3_region.clone());
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(GOOD_FOR))
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .build();
        Ok(Self {
            bucket: bucket.map_err(|e| format!("backup.s3_bucket: {e}"))?,
            credentials: Credentials::new(&settings.s3_access_key, settings.s3_secret_key.reveal()),
            prefix: settings.s3_prefix.clone(),
            agent: agent.into(),
        })
    }
}

impl ObjectStore for S3 {
    fn put(&self, name: &str, file: &Path) -> Result<(), String> {
        let open = File::open(file).map_err(|e| format!("{}: {e}", file.display()))?;
        let length = open.metadata().map_err(|e| e.to_string())?.len();
        if length > LARGEST {
            return Err(format!("it is larger than {} GiB, the most that one upload takes", LARGEST >> 30));
        }
        let key = format!("{}{name}", self.prefix);
        let url = self.bucket.put_object(Some(&self.credentials), &key).sign(GOOD_FOR);
        // A body of known length, since not every storage takes pieces.
        let request = self.agent.put(url.as_str()).header("Content-Length", length.to_string());
        let answer = request.send(ureq::SendBody::from_owned_reader(open));
        // What failed must not quote the address, which is signed.
        let mut answer = answer.map_err(|e| format!("the storage was not reached: {}", without_address(&e)))?;
        let status = answer.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(());
        }
        let mut said = String::new();
        let _ = answer.body_mut().as_reader().take(500).read_to_string(&mut said);
        let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Err(format!("the storage answered {status}: {said}"))
    }
}

fn without_address(error: &ureq::Error) -> String {
    match error {
        ureq::Error::BadUri(_) => "the address is not one".to_owned(),
        other => other.to_string(),
    }
}
