//! What the machine says of the program, of its process and of the disk. Where a system does not tell, there is nothing.

use std::fs;
use std::path::Path;

/// The version of this program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit it was built from, where that was known.
pub const COMMIT: Option<&str> = option_env!("NEXUS_BUILD_COMMIT");

/// Both, for people.
pub const VERSION_AND_COMMIT: &str = match option_env!("NEXUS_BUILD_VERSION") {
    Some(text) => text,
    None => VERSION,
};

/// What this process uses.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Memory it holds, in bytes.
    pub resident_bytes: Option<u64>,
    /// Files and sockets it has open.
    pub open_files: Option<u64>,
    /// How many it may have open.
    pub most_files: Option<u64>,
    /// Seconds of processor time it has used.
    pub cpu_seconds: Option<f64>,
}

impl Usage {
    /// As it is now.
    pub fn now() -> Self {
        Self {
            resident_bytes: resident_bytes(),
            open_files: fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as u64),
            most_files: most_files(),
            cpu_seconds: cpu_seconds(),
        }
    }
}

fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(unix)]
fn most_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

#[cfg(not(unix))]
fn most_files() -> Option<u64> {
    None
}

/// Clock ticks that Linux counts processor time in, whatever its kernel was built with.
const TICKS: f64 = 100.0;

fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

/// Room on the disk that holds a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disk {
    /// Bytes that may still be written.
    pub free_bytes: u64,
    /// Bytes there are altogether.
    pub total_bytes: u64,
}

/// Room on the disk that holds a path.
pub fn disk(path: &Path) -> Option<Disk> {
    #[cfg(unix)]
    {
        let stat = rustix::fs::statvfs(path).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Some(Disk { free_bytes: bytes(stat.f_bavail), total_bytes: bytes(stat.f_blocks) })
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Whom a path belongs to, when that is somebody else than who runs this; root may do everything.
pub fn foreign_owner(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        let owner = std::os::unix::fs::MetadataExt::uid(&fs::metadata(path).ok()?);
        let own = rustix::process::geteuid();
        (owner != own.as_raw() && !own.is_root()).then_some(owner)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// Whether others than its owner may get at a path.
pub fn others_may(path: &Path) -> bool {
    #[cfg(unix)]
    {
        let mode = fs::metadata(path).map(|meta| std::os::unix::fs::PermissionsExt::mode(&meta.permissions()));
        mode.is_ok_and(|mode| mode & 0o077 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Whether something can be written into a folder.
pub fn is_writable(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK).is_ok()
    }
    #[cfg(not(unix))]
    {
        fs::metadata(folder).is_ok_and(|meta| !meta.permissions().readonly())
    }
}

/// What kind of network disk a path lies on, if it is one.
pub fn network_disk(path: &Path) -> Option<&'static str> {
    #[cfg(target_os = "linux")]
    {
        let kinds = [(0x6969, "NFS"), (0x517B, "SMB"), (0xFF53_4D42, "SMB"), (0xFE53_4D42, "SMB"), (0x0102_1997, "9P")];
        let kind = rustix::fs::statfs(path).ok()?.f_type as u64 & 0xFFFF_FFFF;
        kinds.into_iter().find(|(known, _)| *known == kind).map(|(_, name)| name)
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = path;
        None
    }
}

/// How large a file is; nothing when it is not there.
pub fn file_bytes(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|meta| meta.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_process_and_the_disk_are_known() {
        let usage = Usage::now();
        assert!(usage.resident_bytes.unwrap() > 1_000_000 && usage.open_files.unwrap() >= 3, "{usage:?}");
        assert!(usage.cpu_seconds.unwrap() >= 0.0 && usage.most_files.unwrap() >= usage.open_files.unwrap());
        let disk = disk(&std::env::temp_dir()).unwrap();
        assert!(disk.free_bytes <= disk.total_bytes && disk.total_bytes > 0);
    }
}
