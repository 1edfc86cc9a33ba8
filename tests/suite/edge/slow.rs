//! Whoever is too slow is cut off in time, and is told why where that is possible; nobody else notices.

use super::{answers, connect, demo, is_problem, product, read_one, read_to_close, server};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Runs what should be cut off, beside somebody who is not slow, and holds it to these seconds.
#[track_caller]
fn cut_off_within(seconds: std::ops::Range<f32>, port: u16, slow: impl FnOnce() -> String + Send) -> String {
    let began = Instant::now();
    let said = std::thread::scope(|scope| {
        let slow = scope.spawn(slow);
        answers(port);
        slow.join().unwrap()
    });
    let took = began.elapsed().as_secs_f32();
    assert!(seconds.contains(&took), "it took {took} s: {said}");
    said
}

/// Sends a byte now and then until the other side has had enough.
fn drip(stream: &mut TcpStream, byte: u8) {
    while stream.write_all(&[byte]).is_ok() {
        stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut peeked = [0; 1];
        if stream.peek(&mut peeked).is_ok() {
            break;
        }
    }
    stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
}

#[test]
fn slow_heads_bodies_readers_and_idlers_are_cut_off() {
    let place = demo();
    let settings = [("HEADER_SECONDS", "2"), ("IDLE_SECONDS", "1"), ("STALL_SECONDS", "2")];
    let server = server(&place, &settings);
    let port = server.port;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let said = cut_off_within(1.9..6.0, port, || {
                let mut stream = connect(port);
                stream.write_all(b"GET /api/v1/products/1 HTTP/1.1\r\nHost: x\r\nX-Slow: ").unwrap();
                drip(&mut stream, b'a');
                read_to_close(&mut stream)
            });
            is_problem(&said, 408);
        });
        scope.spawn(|| {
            let said = cut_off_within(1.9..8.0, port, || {
                let mut stream = connect(port);
                stream
                    .write_all(b"POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n{")
                    .unwrap();
                drip(&mut stream, b' ');
                read_to_close(&mut stream)
            });
            is_problem(&said, 408);
        });
        scope.spawn(|| {
            let said = cut_off_within(1.9..6.0, port, || read_to_close(&mut connect(port)));
            assert_eq!(said, "", "who never asked is told nothing");
        });
        scope.spawn(|| {
            cut_off_within(0.9..5.0, port, || {
                let mut stream = connect(port);
                stream.write_all(product("").as_bytes()).unwrap();
                assert!(read_one(&mut stream).starts_with("HTTP/1.1 200 "));
                read_to_close(&mut stream)
            });
        });
        scope.spawn(|| {
            // Asks for much and takes nothing, until the buffers on the way are full.
            cut_off_within(1.9..12.0, port, || {
                let mut stream = connect(port);
                let many = "GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(400);
                let _ = stream.write_all(many.as_bytes());
                let began = Instant::now();
                while stream.write_all(b"\r\n").is_ok() && began.elapsed() < super::PATIENCE {
                    std::thread::sleep(Duration::from_millis(50));
                }
                let mut taken = 0;
                let mut buffer = vec![0; 1 << 20];
                while let Ok(read @ 1..) = stream.read(&mut buffer) {
                    taken += read;
                }
                format!("{taken} bytes were on the way")
            });
        });
    });
    assert!(!server.log().contains("panic"), "{}", server.log());
    server.stop();
}

/// A hundred at once that send nothing more keep nobody from anything, and all of them are gone in time.
#[test]
fn many_idle_connections_are_reaped_and_nobody_notices() {
    let place = demo();
    let server = server(&place, &[("HEADER_SECONDS", "3"), ("IDLE_SECONDS", "3"), ("MAX_PER_ADDRESS", "1000")]);
    let files = || std::fs::read_dir(format!("/proc/{}/fd", server.id())).map(Iterator::count).unwrap_or(0);
    answers(server.port);
    let before = files();
    let mut idle: Vec<TcpStream> = (0..400).map(|_| connect(server.port)).collect();
    for stream in idle.iter_mut().step_by(2) {
        stream.write_all(product("").as_bytes()).unwrap();
        assert!(read_one(stream).starts_with("HTTP/1.1 200 "));
    }
    for _ in 0..20 {
        answers(server.port);
    }
    for stream in &mut idle {
        assert_eq!(read_to_close(stream), "");
    }
    crate::binary::eventually("files are given back", Duration::from_secs(5), || files() <= before + 8);
    answers(server.port);
    server.stop();
}
