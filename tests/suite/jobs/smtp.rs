//! A mail server on the loopback address that behaves as a test wants it to.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How a server behaves from the next connection on.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// It takes every letter.
    Takes,
    /// It answers so to the command that begins with the first word; `.` is the end of a letter, `hello` its greeting.
    Says(&'static str, &'static str),
    /// It takes the connection and says nothing.
    Silent,
    /// It takes the letter and never says whether it did.
    SilentAfterTheLetter,
}

/// A running server.
#[derive(Clone)]
pub struct SmtpServer {
    /// Where it listens.
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    manner: Mutex<Manner>,
    letters: Mutex<Vec<String>>,
    commands: Mutex<Vec<String>>,
}

impl SmtpServer {
    /// Starts a server; it ends with the process.
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Shared { manner: Mutex::new(manner), letters: Mutex::default(), commands: Mutex::default() };
        let server = Self { port, shared: Arc::new(shared) };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = serving.clone();
                // A client that goes away in the middle is none of the server's business.
                std::thread::spawn(move || server.talk(stream).ok());
            }
        });
        server
    }

    /// Lets it behave otherwise.
    pub fn behave(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// The letters it has read to their end, whether it took them or not.
    pub fn letters(&self) -> Vec<String> {
        self.shared.letters.lock().unwrap().clone()
    }

    /// Everything it has been told, but for the letters.
    pub fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().unwrap().clone()
    }

    fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        let manner = *self.shared.manner.lock().unwrap();
        let (mut reader, mut writer) = (BufReader::new(stream.try_clone()?), stream);
        self.shared.commands.lock().unwrap().push("(connected)".to_owned());
        if matches!(manner, Manner::Silent) {
            // Until the client gives up.
            return std::io::copy(&mut reader, &mut std::io::sink()).map(drop);
        }
        let answer = |command: &str, usual: &'static str| match manner {
            Manner::Says(at, reply) if command.starts_with(at) => reply,
            _ => usual,
        };
        write!(writer, "{}\r\n", answer("hello", "220 test ready"))?;
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            let command = std::mem::take(&mut line);
            let command = command.trim_end();
            self.shared.commands.lock().unwrap().push(command.to_owned());
            let usual = match command.split(' ').next().unwrap_or_default() {
                "EHLO" => "250-test\r\n250-8BITMIME\r\n250 AUTH PLAIN",
                "AUTH" => "235 welcome",
                "DATA" => "354 go on",
                "QUIT" => "221 bye",
                _ => "250 fine",
            };
            let reply = answer(command, usual);
            write!(writer, "{reply}\r\n")?;
            if command == "DATA" && reply.starts_with('3') {
                let mut letter = String::new();
                while !letter.ends_with("\r\n.\r\n") && reader.read_line(&mut letter)? > 0 {}
                self.shared.letters.lock().unwrap().push(letter);
                if matches!(manner, Manner::SilentAfterTheLetter) {
                    return std::io::copy(&mut reader, &mut std::io::sink()).map(drop);
                }
                write!(writer, "{}\r\n", answer(".", "250 taken"))?;
            }
        }
        Ok(())
    }
}
