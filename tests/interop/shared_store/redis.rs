//! A running redis-server of Debian.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::environment::installed;

/// It keeps nothing on disk, and is killed when dropped.
pub(crate) struct Redis {
    program: PathBuf,
    libraries: String,
    process: Option<Child>,
    pub(crate) port: u16,
    settings: String,
    directory: tempfile::TempDir,
}

impl Redis {
    /// With these lines of configuration besides the port's, in which `PORT` stands for the port.
    /// `None` if redis is not installed.
    pub(crate) fn start(settings: &str) -> Option<Self> {
        let ready = installed("redis/ready")?;
        let root = ready.parent().expect("a folder").to_owned();
        let libraries = fs::read_dir(root.join("usr/lib")).expect("libraries");
        let libraries =
            libraries.filter_map(|entry| Some(entry.ok()?.path().display().to_string()));
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        drop(listener);
        let mut redis = Self {
            program: root.join("usr/bin/redis-server"),
            libraries: libraries.collect::<Vec<_>>().join(":"),
            process: None,
            port,
            settings: settings.replace("PORT", &port.to_string()),
            directory: tempfile::tempdir().expect("a temporary directory"),
        };
        redis.run();
        Some(redis)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it (again), empty.
    pub(crate) fn run(&mut self) {
        let file = self.directory.path().join("redis.conf");
        let basic = "bind 127.0.0.1\nsave \"\"\nappendonly no\nloglevel warning\n";
        fs::write(&file, format!("{basic}{}", self.settings)).expect("writable");
        let process = Command::new(&self.program)
            .arg(file)
            .current_dir(self.directory.path())
            .env("LD_LIBRARY_PATH", &self.libraries)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        self.process = Some(process.expect("redis-server starts"));
        for _ in 0..500 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("redis-server does not listen on {}", self.port);
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Both fail only if the process has already exited.
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Runs a command without TLS or login, and returns the texts in its answer.
    pub(crate) fn command(&self, command: &[&str]) -> Vec<String> {
        let connection = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let mut connection = connection.expect("redis-server listens");
        let mut message = format!("*{}\r\n", command.len());
        for part in command {
            message.push_str(&format!("${}\r\n{part}\r\n", part.len()));
        }
        connection.write_all(message.as_bytes()).expect("it reads");
        let mut reader = BufReader::new(connection);
        let mut texts = Vec::new();
        read(&mut reader, &mut texts);
        texts
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn read(reader: &mut impl BufRead, texts: &mut Vec<String>) {
    let mut line = String::new();
    reader.read_line(&mut line).expect("an answer");
    let (kind, rest) = line.trim_end().split_at(1);
    match (kind, rest.parse::<usize>()) {
        ("*", Ok(length)) => (0..length).for_each(|_| read(reader, texts)),
        ("$", Ok(length)) => {
            let mut bytes = vec![0; length + 2];
            reader.read_exact(&mut bytes).expect("an answer");
            bytes.truncate(length);
            texts.push(String::from_utf8_lossy(&bytes).into_owned());
        }
        _ => texts.push(rest.to_owned()),
    }
}
