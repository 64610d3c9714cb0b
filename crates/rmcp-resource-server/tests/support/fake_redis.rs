//! A small Redis on a real socket: the commands that a shared store uses, in RESP2, with faults on
//! demand. It has no expiry of its own unless a time to live is given.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    thread,
    time::{Duration, Instant},
};

/// What happens to commands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    None,
    /// They are read, and nothing is answered.
    Silent,
    /// They are answered after this time.
    Slow(Duration),
    /// They are answered with an error.
    Refusing,
    /// They are answered with bytes that are not RESP.
    Garbage,
    /// Connections are closed as soon as they are made.
    Down,
}

/// A store. Stops when it is dropped.
pub(crate) struct FakeRedis {
    shared: Arc<Shared>,
    address: SocketAddr,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

/// Its number, and its fields.
type StreamEntry = (u64, Vec<Vec<u8>>);

struct State {
    fault: Fault,
    password: Option<(String, String)>,
    values: BTreeMap<Vec<u8>, (Vec<u8>, Option<Instant>)>,
    streams: BTreeMap<Vec<u8>, Vec<StreamEntry>>,
    last_entry: u64,
    connections: Vec<TcpStream>,
    commands: BTreeMap<String, usize>,
    stopped: bool,
}

impl FakeRedis {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                fault: Fault::None,
                password: None,
                values: BTreeMap::new(),
                streams: BTreeMap::new(),
                last_entry: 0,
                connections: Vec::new(),
                commands: BTreeMap::new(),
                stopped: false,
            }),
            changed: Condvar::new(),
        });
        let accepting = shared.clone();
        thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(connection) = connection else { return };
                let mut state = accepting.state();
                if state.stopped {
                    return;
                }
                if state.fault == Fault::Down {
                    continue;
                }
                state
                    .connections
                    .push(connection.try_clone().expect("a socket"));
                let serving = accepting.clone();
                thread::spawn(move || serving.serve(connection));
            }
        });
        Self { shared, address }
    }

    /// `redis://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Demands that connections log in as this user.
    pub(crate) fn require_login(&self, user: &str, password: &str) {
        self.shared.state().password = Some((user.to_owned(), password.to_owned()));
    }

    /// From now on. [`Fault::Down`] also closes the connections that there are.
    pub(crate) fn fail(&self, fault: Fault) {
        let mut state = self.shared.state();
        state.fault = fault;
        if fault == Fault::Down {
            for connection in state.connections.drain(..) {
                let _ = connection.shutdown(Shutdown::Both);
            }
        }
        self.shared.changed.notify_all();
    }

    /// The names and values that there are.
    pub(crate) fn values(&self) -> Vec<(String, Vec<u8>)> {
        let state = self.shared.state();
        let live = |until: &Option<Instant>| until.is_none_or(|until| Instant::now() < until);
        state
            .values
            .iter()
            .filter(|(_, (_, until))| live(until))
            .map(|(name, (value, _))| (text(name), value.clone()))
            .collect()
    }

    /// How long the value at `name` will live.
    pub(crate) fn left(&self, name: &str) -> Option<Duration> {
        let state = self.shared.state();
        let (_, until) = state.values.get(name.as_bytes())?;
        until.map(|until| until.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn put(&self, name: &str, value: &[u8]) {
        let entry = (value.to_vec(), None);
        self.shared.state().values.insert(name.into(), entry);
    }

    /// The first field of each entry of all streams.
    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        let state = self.shared.state();
        let entries = state.streams.values().flatten();
        entries.map(|(_, fields)| fields[1].clone()).collect()
    }

    /// Adds an entry with one field.
    pub(crate) fn add_entry(&self, stream: &str, field: &str, value: &[u8]) {
        let mut state = self.shared.state();
        state.last_entry += 1;
        let entry = (state.last_entry, vec![field.into(), value.to_vec()]);
        state.streams.entry(stream.into()).or_default().push(entry);
        self.shared.changed.notify_all();
    }

    /// Removes the oldest entry of each stream.
    pub(crate) fn lose_an_entry(&self) {
        for entries in self.shared.state().streams.values_mut() {
            entries.remove(0);
        }
    }

    /// Loses everything.
    pub(crate) fn flush(&self) {
        let mut state = self.shared.state();
        state.values.clear();
        state.streams.clear();
    }

    /// How often a command came, also if it was not answered.
    pub(crate) fn count(&self, command: &str) -> usize {
        let state = self.shared.state();
        state.commands.get(command).copied().unwrap_or_default()
    }
}

impl Drop for FakeRedis {
    fn drop(&mut self) {
        self.fail(Fault::Down);
        self.shared.state().stopped = true;
        // Wakes the accepting thread.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic in the fake")
    }

    fn serve(&self, connection: TcpStream) {
        let mut reader = BufReader::new(connection.try_clone().expect("a socket"));
        let mut writer = connection;
        let mut logged_in = self.state().password.is_none();
        while let Some(command) = read_command(&mut reader) {
            let name = text(&command[0]).to_uppercase();
            let fault = {
                let mut state = self.state();
                *state.commands.entry(name.clone()).or_default() += 1;
                state.fault
            };
            let answer = match fault {
                Fault::Silent => continue,
                Fault::Down => return,
                Fault::Garbage => b"HTTP/1.1 200 OK\r\n\r\n".to_vec(),
                Fault::Refusing => error("OOM command not allowed"),
                Fault::None | Fault::Slow(_) if name == "AUTH" => {
                    let given = command[1..]
                        .iter()
                        .map(|part| text(part))
                        .collect::<Vec<_>>();
                    let expected = self.state().password.clone();
                    logged_in = expected.is_none_or(|(user, word)| given == [user, word]);
                    match logged_in {
                        true => b"+OK\r\n".to_vec(),
                        false => error("WRONGPASS invalid username-password pair"),
                    }
                }
                Fault::None | Fault::Slow(_) if !logged_in => {
                    error("NOAUTH Authentication required.")
                }
                Fault::None => self.answer(&name, &command),
                Fault::Slow(by) => {
                    thread::sleep(by);
                    self.answer(&name, &command)
                }
            };
            if writer.write_all(&answer).is_err() {
                return;
            }
        }
    }

    fn answer(&self, name: &str, command: &[Vec<u8>]) -> Vec<u8> {
        if name.starts_with('X') && self.is_value_named_by(command) {
            return error("WRONGTYPE Operation against a key holding the wrong kind of value");
        }
        match name {
            "MGET" => {
                let state = self.state();
                let live = |name: &Vec<u8>| {
                    let (value, until) = state.values.get(name)?;
                    let is_live = until.is_none_or(|until| Instant::now() < until);
                    is_live.then(|| value.clone())
                };
                array(command[1..].iter().map(|name| bulk(live(name))))
            }
            "SET" => {
                let life = command.get(4).map(|ms| Duration::from_millis(number(ms)));
                let until = life.map(|life| Instant::now() + life);
                let value = (command[2].clone(), until);
                self.state().values.insert(command[1].clone(), value);
                b"+OK\r\n".to_vec()
            }
            "PEXPIRE" => {
                let until = Instant::now() + Duration::from_millis(number(&command[2]));
                let mut state = self.state();
                let value = state.values.get_mut(&command[1]);
                integer(u64::from(
                    value.map(|value| value.1 = Some(until)).is_some(),
                ))
            }
            "DEL" => {
                let mut state = self.state();
                for name in &command[1..] {
                    state.values.remove(name);
                    state.streams.remove(name);
                }
                integer(1)
            }
            "XADD" => {
                let star = command.iter().position(|part| part == b"*").expect("*");
                let mut state = self.state();
                state.last_entry += 1;
                let id = state.last_entry;
                let entry = (id, command[star + 1..].to_vec());
                state
                    .streams
                    .entry(command[1].clone())
                    .or_default()
                    .push(entry);
                self.changed.notify_all();
                bulk(Some(format!("{id}-0").into_bytes()))
            }
            "XLEN" => {
                let state = self.state();
                integer(state.streams.get(&command[1]).map_or(0, Vec::len) as u64)
            }
            "XREAD" => self.read_stream(command),
            _ => error("ERR unknown command"),
        }
    }

    fn is_value_named_by(&self, command: &[Vec<u8>]) -> bool {
        let state = self.state();
        command.iter().any(|part| state.values.contains_key(part))
    }

    fn read_stream(&self, command: &[Vec<u8>]) -> Vec<u8> {
        let after = |word: &str| {
            let at = command.iter().position(|part| text(part) == word)?;
            command.get(at + 1)
        };
        let count = after("COUNT").map_or(usize::MAX, |count| {
            usize::try_from(number(count)).expect("small")
        });
        let wait = after("BLOCK").map(|ms| Duration::from_millis(number(ms)));
        let (stream, last) = (&command[command.len() - 2], &command[command.len() - 1]);
        let last = number(text(last).split('-').next().expect("a part").as_bytes());
        let deadline = Instant::now() + wait.unwrap_or_default();
        let mut state = self.state();
        loop {
            let entries: Vec<_> = (state.streams.get(stream).into_iter().flatten())
                .filter(|(id, _)| *id > last)
                .take(count)
                .map(|(id, fields)| {
                    let fields = array(fields.iter().map(|field| bulk(Some(field.clone()))));
                    array([bulk(Some(format!("{id}-0").into_bytes())), fields])
                })
                .collect();
            if !entries.is_empty() {
                return array([array([bulk(Some(stream.clone())), array(entries)])]);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || state.fault == Fault::Down {
                return b"*-1\r\n".to_vec();
            }
            state = self.changed.wait_timeout(state, left).expect("no panic").0;
        }
    }
}

fn read_command(reader: &mut impl BufRead) -> Option<Vec<Vec<u8>>> {
    let length = read_length(reader, '*')?;
    (0..length)
        .map(|_| {
            let mut part = vec![0; read_length(reader, '$')? + 2];
            reader.read_exact(&mut part).ok()?;
            part.truncate(part.len() - 2);
            Some(part)
        })
        .collect()
}

fn read_length(reader: &mut impl BufRead, kind: char) -> Option<usize> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.strip_prefix(kind)?.trim().parse().ok()
}

fn array(items: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let items: Vec<_> = items.into_iter().collect();
    let head = format!("*{}\r\n", items.len()).into_bytes();
    [head, items.concat()].concat()
}

fn bulk(value: Option<Vec<u8>>) -> Vec<u8> {
    match value {
        Some(value) => {
            let head = format!("${}\r\n", value.len()).into_bytes();
            [&head, &*value, b"\r\n"].concat()
        }
        None => b"$-1\r\n".to_vec(),
    }
}

fn integer(number: u64) -> Vec<u8> {
    format!(":{number}\r\n").into_bytes()
}

fn error(message: &str) -> Vec<u8> {
    format!("-{message}\r\n").into_bytes()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn number(bytes: &[u8]) -> u64 {
    text(bytes).parse().expect("a number")
}
