//! A disk that is full or fails: writes are refused, reads are served, and the shop works again by itself.

use super::{Duration, Place, Server, check_is_fine, create, eventually, get, is_whole, product, request};
use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Writes until one is refused; gives the names that were acknowledged and the refusal.
fn write_until_refused(server: &Server, token: &str) -> (Vec<String>, u16, Value) {
    let mut acknowledged = Vec::new();
    for n in 0..2_000 {
        let name = format!("n{n:04}");
        let mut body = product(&name);
        body["description"] = "x".repeat(40_000).into();
        let reply = request(server.port, "POST", "/api/v1/products", Some(token), Some(&body)).unwrap();
        match reply.status {
            201 => acknowledged.push(name),
            status => return (acknowledged, status, reply.json()),
        }
    }
    panic!("no write was refused");
}

/// What a shop does without room, and once there is room again.
fn survives(place: &Place, server: Server, make_room: impl FnOnce()) {
    let token = server.token();
    let (acknowledged, status, problem) = write_until_refused(&server, &token);
    assert!(matches!(status, 503 | 507), "{status}: {problem}");
    assert!(problem["title"].as_str().unwrap_or_default().contains("disk"), "{problem}");
    for _ in 0..20 {
        let again = create(server.port, &token, "refused");
        assert!(!again.unwrap(), "a write was taken without room");
        assert_eq!(get(server.port, "/api/v1/products?page_size=1").unwrap().status, 200);
        assert_eq!(get(server.port, "/health/live").unwrap().status, 200);
    }
    let ready = get(server.port, "/health/ready").unwrap();
    assert_eq!(ready.status, 503, "{ready:?}");
    make_room();
    // Nobody writes: it finds out by itself.
    eventually("the shop is ready again", Duration::from_secs(10), || {
        get(server.port, "/health/ready").unwrap().status == 200
    });
    assert!(create(server.port, &token, "after").unwrap());
    // Each refusal was told to who asked, and the log is not filled with them: a line where it began, one a minute later.
    eventually("the log says so", Duration::from_secs(10), || server.log().contains("takes writes again"));
    let told = server.log().lines().filter(|line| line.contains("ERROR")).count();
    assert!((1..=4).contains(&told), "{told} lines: {}", server.log());
    let products = server.products();
    let names: Vec<&str> = products.iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert!(acknowledged.iter().all(|name| names.contains(&name.as_str())), "an acknowledged write is lost");
    assert!(!names.contains(&"refused") && names.contains(&"after"), "{names:?}");
    products.iter().for_each(is_whole);
    server.stop();
    check_is_fine(&place.data());
}

/// A small file system of its own, when whoever runs the tests may make one.
pub struct SmallDisk<'p>(&'p Path);

impl<'p> SmallDisk<'p> {
    /// Mounted; none where that is not allowed.
    pub fn mount(at: &'p Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output();
        mounted.is_ok_and(|out| out.status.success()).then_some(Self(at))
    }

    /// With another size.
    pub fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        assert!(Command::new("mount").args(["-o", &options]).arg(self.0).status().unwrap().success());
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn full_disk_refuses_writes_serves_reads_and_recovers() {
    let (template, place) = (Place::with_staff(), Place::empty());
    let data = place.data();
    let Some(disk) = SmallDisk::mount(&data, "8m") else {
        return crate::faults::cannot("a small file system cannot be mounted here");
    };
    super::copy_folder(&template.data(), &data);
    let server = Server::start(&place);
    survives(&place, server, || disk.resize("64m"));
}

/// A limit of file sizes makes every write beyond it fail, the log's included, as a failing disk does.
#[test]
fn failing_disk_refuses_writes_serves_reads_and_recovers() {
    let place = Place::with_staff();
    let server = Server::start(&place);
    let process = Some(super::process_id(server.id()));
    let limit = |bytes| {
        let maximum = prlimit(process, Resource::Fsize, Rlimit { current: bytes, maximum: None });
        maximum.unwrap();
    };
    limit(Some(2 << 20));
    survives(&place, server, || limit(None));
}
